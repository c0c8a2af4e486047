"""Showing what was measured beside what was published: tables, figures, captions and a summary."""
