"""Audit: whether everything in a results folder is what it says, and comes out again when it is computed again."""
