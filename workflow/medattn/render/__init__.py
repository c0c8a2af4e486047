"""Rendering of results: tables, figures, captions and a summary."""
