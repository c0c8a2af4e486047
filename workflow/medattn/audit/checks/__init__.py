"""The checks of an audit, a subject a file; registry.py names them in order."""
