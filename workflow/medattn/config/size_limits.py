"""Limits on the size of a selection, checked before its cells and runs are made."""

import math
from collections.abc import Sequence

from medattn.config.models.paper import Arm
from medattn.config.models.selection import Selection
from medattn.config.resolved import ResolvedPaper
from medattn.config.validation import below
from medattn.errors import UserError

MAX_CELLS = 50_000
"""Most combinations of data set, backbone and arm; the four papers have some 500."""
MAX_RUNS = 200_000
"""Most runs of a selection; the four papers have some 6,000, and a plan of 200,000 takes a gigabyte to make."""


def check_size(selection: Selection, papers: Sequence[ResolvedPaper], where: str) -> None:
    """Check that a selection has at most MAX_CELLS cells and MAX_RUNS runs.

    Raises:
        UserError: it has more; the message names the numbers that are multiplied.
    """
    cells = runs = 0
    for paper in papers:
        positions = len(paper.datasets) * (1 + len(paper.backbones))
        cells += positions * len(paper.arms)
        runs += positions * sum(_runs_of_cell(paper, arm, selection) for arm in paper.arms.values())
        place = below(where, "papers", paper.name)
        if cells > MAX_CELLS:
            raise UserError(
                f"{place}: {len(paper.datasets)} data sets, {len(paper.backbones)} backbones and {len(paper.arms)} "
                f"arms make more than {MAX_CELLS} cells; select fewer"
            )
        if runs > MAX_RUNS:
            raise UserError(
                f"{place}: the selection has more than {MAX_RUNS} runs, up to {selection.most_seeds} seeds for each of "
                f"{cells} cells, with their folds and grid points; select fewer"
            )


def _runs_of_cell(paper: ResolvedPaper, arm: Arm, selection: Selection) -> int:
    """Return the largest number of runs that a cell can have."""
    protocol, seeds = paper.protocol, selection.most_seeds
    points = math.prod(map(len, arm.grid.values()))
    searches = seeds if protocol.tune == "each" else 1
    tuned = bool(arm.grid) or protocol.chooses_epochs
    tuning = searches * points * getattr(protocol, "folds", 1) if tuned else 0
    return tuning + seeds * (protocol.tested_folds or 1)
