"""The configuration manual and the JSON schemas, generated from the models."""
