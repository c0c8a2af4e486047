"""Judging: what the measurements say about every printed number and every printed comparison."""
