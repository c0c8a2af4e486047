"""Look-up of counted costs in the rows of complexity.csv."""

import pandas as pd

from medattn.result_tables import rows_of

# Column of complexity.csv, and the factor that converts it to the unit of the metric.
_COLUMNS = {"params_m": ("params", 1e-6), "gflops": ("gmacs", 1.0)}


def counted_value(costs: pd.DataFrame, paper: str, table: str, backbone: str, arm: str, metric: str) -> float | None:
    """Return the counted cost of a network in the unit of the metric, or None if it was not counted.

    complexity.csv has published costs first, so a row that is published for several data sets gives the value of the
    data set that it was counted for.
    """
    column, factor = _COLUMNS[metric]
    rows = rows_of(costs, paper=paper, backbone=backbone, arm=arm)
    shows = [table in str(names).split(";") for names in rows["table"]]
    values = rows[pd.Series(shows, index=rows.index, dtype=bool)][column].dropna()
    return float(values.iloc[0]) * factor if len(values) else None
