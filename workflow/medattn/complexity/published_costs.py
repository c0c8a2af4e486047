"""The published parameters and "GFLOPs" of a paper, from papers/<paper>/published.csv."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from medattn.consistency.inputs import read_paper
from medattn.shipped import paper_folder

COSTS = ("params_m", "gflops")


@dataclass(frozen=True)
class PublishedCost:
    """Published costs of a network in a row of a table.

    Attributes:
        table: name of the table.
        dataset: data set as in the table: one, several joined by "+", or a name for all data sets of the table.
        backbone: name of the backbone.
        arm: name of the arm.
        params_m: published millions of parameters, digit for digit; empty if not published.
        gflops: published "GFLOPs", digit for digit; empty if not published.
    """

    table: str
    dataset: str
    backbone: str
    arm: str
    params_m: str
    gflops: str


def published_costs(root: Path, paper: str) -> list[PublishedCost]:
    """Return the published costs of a paper, whose folder is in `root`/papers or shipped.

    Raises:
        UserError: the file of published values or that of facts is damaged.
    """
    found: dict[tuple[str, str, str, str], dict[str, str]] = {}
    rows, _ = read_paper(paper_folder(root, paper))
    for row in rows:
        if row.metric in COSTS:
            found.setdefault((row.table, row.dataset, row.backbone, row.arm), {})[row.metric] = row.mean.text
    return [PublishedCost(*place, *(numbers.get(m, "") for m in COSTS)) for place, numbers in found.items()]


def datasets_of(published: PublishedCost, in_table: Mapping[str, object]) -> list[str]:
    """Return the data sets of a published row.

    Args:
        published: the row.
        in_table: the data sets of its table by name.
    """
    named = [name for name in published.dataset.split("+") if name in in_table]
    return named or list(in_table)
