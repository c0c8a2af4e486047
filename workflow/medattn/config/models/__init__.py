"""Pydantic models of everything a person writes: selection, paper, data set, recipe."""
