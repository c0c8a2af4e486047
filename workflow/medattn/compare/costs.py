"""What a network costs, as `medattn complexity` counted it: complexity.csv of the selection."""

from pathlib import Path

import pandas as pd

from medattn.compare.inputs import rows_of
from medattn.errors import UserError

_TEXT = [
    "paper", "experiment", "table", "dataset", "backbone", "arm", "published_params_m", "published_gflops", "verdict",
    "note", "counted_for", "counter_params", "counter_gflops",
]  # fmt: skip
_NUMBERS = ["height", "width", "params", "macs", "gmacs"]
# Column of complexity.csv and the factor that brings it to the unit of the metric.
_COUNTED = {"params_m": ("params", 1e-6), "gflops": ("gmacs", 1.0)}


def read_costs(path: Path) -> pd.DataFrame:
    """Read complexity.csv, text as text and numbers that are not there as missing; no rows where nothing was counted.

    Raises:
        UserError: the file is damaged.
    """
    try:
        table = pd.read_csv(path, dtype=dict.fromkeys(_TEXT, str))
    except FileNotFoundError:
        return pd.DataFrame(columns=[*_TEXT, *_NUMBERS])
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: not a table; run `medattn complexity --write` again") from error
    skipped = [name for name in [*_TEXT, *_NUMBERS] if name not in table.columns]
    if skipped:
        raise UserError(f"{path}: no column '{skipped[0]}'; run `medattn complexity --write` again")
    table[_TEXT] = table[_TEXT].fillna("")
    return table


def counted(costs: pd.DataFrame, paper: str, table: str, backbone: str, arm: str, metric: str) -> float | None:
    """Return the cost of a network in the unit of the metric, or None where it was not counted.

    Published costs stand first in complexity.csv: a row that is published for several data sets is counted as it was.
    """
    column, factor = _COUNTED[metric]
    rows = rows_of(costs, paper=paper, backbone=backbone, arm=arm)
    # A row stands for all tables that it names, joined by semicolons.
    shown = [table in str(names).split(";") for names in rows["table"]]
    values = rows[pd.Series(shown, index=rows.index, dtype=bool)][column].dropna()
    return float(values.iloc[0]) * factor if len(values) else None
