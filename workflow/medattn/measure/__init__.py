"""Measurements: the values of finished runs, with their spread and the runs behind them."""
