"""Differences between two results folders."""
