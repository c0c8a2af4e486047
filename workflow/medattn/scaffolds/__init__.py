"""Scaffolds: files of a new paper, data set, mechanism, figure or metric that run at once."""
