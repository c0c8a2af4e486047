"""Metrics: a file declares each metric, or family of metrics, with its title, unit and function."""
