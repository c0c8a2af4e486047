"""The report: one HTML page with all values of a selection and the runs behind them, readable offline."""
