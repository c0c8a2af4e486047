"""Judging: what the measurements say about every published value and every published comparison."""
