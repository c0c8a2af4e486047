"""What a network costs, as `medattn complexity` counted it: complexity.csv of the selection."""

from pathlib import Path

import pandas as pd

# Column of complexity.csv and the factor that brings it to the unit of the metric.
_COUNTED = {"params_m": ("params", 1e-6), "gflops": ("gmacs", 1.0)}


def read_costs(path: Path) -> pd.DataFrame:
    """Return the rows of complexity.csv; none where nothing was counted yet."""
    if not path.is_file():
        return pd.DataFrame(columns=["paper", "table", "backbone", "arm", "params", "gmacs"])
    return pd.read_csv(path, keep_default_na=False, na_values=[""])


def counted(costs: pd.DataFrame, paper: str, table: str, backbone: str, arm: str, metric: str) -> float | None:
    """Return the cost of a network in the unit of the metric, or None where it was not counted.

    Printed costs stand first in complexity.csv: a row that is printed for several data sets is counted as it was.
    """
    column, factor = _COUNTED[metric]
    rows = costs[(costs["paper"] == paper) & (costs["backbone"] == backbone) & (costs["arm"] == arm)]
    # A row stands for all tables that it names, joined by semicolons.
    shown = [table in str(names).split(";") for names in rows["table"]]
    values = rows[pd.Series(shown, index=rows.index, dtype=bool)][column].dropna()
    return float(values.iloc[0]) * factor if len(values) else None
