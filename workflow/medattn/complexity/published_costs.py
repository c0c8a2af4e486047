"""The parameters and "GFLOPs" that a paper prints, from papers/<paper>/published.csv."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

METRICS = ("params_m", "gflops")


@dataclass(frozen=True)
class PublishedCost:
    """A row of a published table with what it says a network costs.

    Attributes:
        table: name of the table.
        dataset: data set as the table has it: one, several joined by "+", or a name for all of the table's.
        backbone: name of the backbone.
        arm: name of the arm.
        params_m: published millions of parameters, digit for digit; empty where none are published.
        gflops: published "GFLOPs"; empty where none are published.
    """

    table: str
    dataset: str
    backbone: str
    arm: str
    params_m: str
    gflops: str


def published_costs(root: Path, paper: str) -> list[PublishedCost]:
    """Return the published costs of a paper whose folder lies in `root`/papers; none where it prints none."""
    path = root / "papers" / paper / "published.csv"
    if not path.is_file():
        return []
    found: dict[tuple[str, str, str, str], dict[str, str]] = {}
    with path.open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            if row["metric"] in METRICS:
                place = (row["table"], row["dataset"], row["backbone"], row["arm"])
                found.setdefault(place, {})[row["metric"]] = row["mean"]
    return [PublishedCost(*place, *(numbers.get(m, "") for m in METRICS)) for place, numbers in found.items()]


def datasets_of(published: PublishedCost, in_table: Mapping[str, object]) -> list[str]:
    """Return the data sets that a published row is about.

    Args:
        published: the row.
        in_table: the data sets of its table by name.
    """
    named = [name for name in published.dataset.split("+") if name in in_table]
    return named or list(in_table)
