"""Data sets: where their images come from, how they are checked, and what training reads."""
