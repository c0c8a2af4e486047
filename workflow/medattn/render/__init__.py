"""Showing what was measured beside what was printed: tables, figures, captions and a summary."""
