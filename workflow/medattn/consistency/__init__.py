"""Consistency of published values: arithmetic checks of a paper's tables and text, without training."""
