"""The seeds that open claims need, and what they cost."""
