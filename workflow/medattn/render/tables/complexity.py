"""What the networks of a paper cost, for tables and figures: the rows of complexity.csv, chosen and in words."""

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from medattn.render.inputs import Inputs
from medattn.result_tables import rows_of

Row = Mapping[Hashable, Any]

_NETWORK = ["experiment", "height", "width", "backbone", "arm"]


def shown_rows(costs: pd.DataFrame, paper: str) -> pd.DataFrame:
    """Return the rows of a paper that a table shows.

    Where costs are published, these; and networks without a published cost for the data sets that the published ones are
    counted for. A paper that prints none is shown in full. Cells without a network are left out.
    """
    rows = rows_of(costs, paper=paper)
    rows = rows[rows["params"].notna() | (rows["published_params_m"] != "")]
    published = rows[(rows["published_params_m"] != "") | (rows["published_gflops"] != "")]
    if published.empty:
        return rows
    taken = set(published["experiment"] + "/" + published["counted_for"])
    others = rows.drop(published.index)
    others = others[(others["experiment"] + "/" + others["counted_for"]).isin(taken)]
    others = others[~others[_NETWORK].apply(tuple, axis=1).isin(set(published[_NETWORK].apply(tuple, axis=1)))]
    return pd.concat([published, others]).sort_values(["experiment", "backbone"], kind="stable", key=_in_order)


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
