"""Measuring: from runs to numbers, with their spread and the runs that they came from."""
