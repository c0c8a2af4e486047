"""Verdicts on every published value and every published comparison."""
