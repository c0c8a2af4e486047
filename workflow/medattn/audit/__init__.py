"""Audit of a results folder: verify every file and recompute everything that follows from the runs."""
