"""What the networks of a paper cost, for tables and figures: the rows of complexity.csv, chosen and in words."""

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from medattn.errors import UserError
from medattn.render.inputs import Inputs, rows_of

Row = Mapping[Hashable, Any]

_NETWORK = ["experiment", "height", "width", "backbone", "arm"]
_TEXT = [
    "paper", "experiment", "table", "dataset", "backbone", "arm", "published_params_m", "published_gflops", "verdict",
    "note", "counted_for",
]  # fmt: skip


def read_complexity(path: Path) -> pd.DataFrame:
    """Read complexity.csv: text as text, numbers that are not there as missing.

    Raises:
        UserError: there is no such file, or it is damaged.
    """
    try:
        table = pd.read_csv(path, dtype=dict.fromkeys(_TEXT, str))
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such file; run `medattn complexity --write` first") from error
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: not a table; run `medattn complexity --write` again") from error
    lacking = [name for name in [*_TEXT, "params", "macs"] if name not in table.columns]
    if lacking:
        raise UserError(f"{path}: no column '{lacking[0]}'; run `medattn complexity --write` again")
    table[_TEXT] = table[_TEXT].fillna("")
    return table


def shown_rows(costs: pd.DataFrame, paper: str) -> pd.DataFrame:
    """Return the rows of a paper that a table shows.

    Where costs are printed, these; and networks without a printed cost for the data sets that the printed ones are
    counted for. A paper that prints none is shown in full. Cells without a network are left out.
    """
    rows = rows_of(costs, paper=paper)
    rows = rows[rows["params"].notna() | (rows["published_params_m"] != "")]
    printed = rows[(rows["published_params_m"] != "") | (rows["published_gflops"] != "")]
    if printed.empty:
        return rows
    taken = set(printed["experiment"] + "/" + printed["counted_for"])
    others = rows.drop(printed.index)
    others = others[(others["experiment"] + "/" + others["counted_for"]).isin(taken)]
    others = others[~others[_NETWORK].apply(tuple, axis=1).isin(set(printed[_NETWORK].apply(tuple, axis=1)))]
    return pd.concat([printed, others]).sort_values(["experiment", "backbone"], kind="stable", key=_in_order)


def _in_order(values: pd.Series) -> pd.Series:
    """Return sort keys that keep the order in which values come first."""
    places = {value: place for place, value in enumerate(dict.fromkeys(values))}
    return values.map(places)


def data_title(inputs: Inputs, row: Row) -> str:
    """Return the titles of the data sets that a row of complexity.csv is about."""
    known = inputs.configuration.datasets
    names = [name for name in str(row["dataset"]).split("+") if name in known]
    if not names:
        of_paper = (paper for paper in inputs.configuration.papers if paper.name == row["paper"])
        names = [name for paper in of_paper if paper.experiment == row["experiment"] for name in paper.datasets]
    return ", ".join(inputs.dataset_title(name) for name in names)
