"""Exports of results and data sets to the formats of other programs; results folders stay as they are."""
