"""Provenance of numbers: the identity of code, data, environment and configuration, and the record of each run."""
