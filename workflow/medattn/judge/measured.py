"""Finding what was measured of a published value: its cell, the number over runs, and that of each seed."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from math import isnan, nan
from typing import Any

import pandas as pd

from medattn.compare.inputs import OF_A_SEED
from medattn.config.models.metrics import METRICS
from medattn.config.models.paper import Table
from medattn.config.resolved import Configuration, ResolvedPaper
from medattn.consistency.published import PublishedRow
from medattn.plan.model import Cell, Plan, cell_id

_METRIC_OF = {facts.published: metric for metric, facts in METRICS.items() if facts.published}


@dataclass(frozen=True)
class Place:
    """The cell, metric and class that a number is about."""

    table: str
    dataset: str
    backbone: str
    arm: str
    metric: str
    class_name: str = ""


@dataclass(frozen=True)
class Found:
    """What was measured at a place.

    Attributes:
        cell: the cell; None where the plan has none.
        value: mean over runs, in the unit of the metric; NaN where nothing was measured.
        spread: sample standard deviation over runs; NaN of a single one.
        n: runs, or cross-validations.
        images: test images.
        by_seed: the number of each seed.
        leak: what of the test images got into a choice.
        reason: why there is no number, or what it leaves out.
        runs: ids of the runs.
    """

    cell: Cell | None = None
    value: float = nan
    spread: float = nan
    n: int = 0
    images: int = 0
    by_seed: Mapping[int, float] = field(default_factory=dict)
    leak: str = ""
    reason: str = ""
    runs: tuple[str, ...] = ()

    @property
    def is_measured(self) -> bool:
        """Whether there is a number."""
        return not isnan(self.value)

    @property
    def stand_in(self) -> bool:
        """Whether the images are stand-ins for the paper's."""
        return self.cell is not None and self.cell.stand_in


class Measured:
    """All measurements of a selection, found by place."""

    def __init__(self, configuration: Configuration, plan: Plan, measurements: pd.DataFrame) -> None:
        self._papers = {(paper.name, table): paper for paper in configuration.papers for table in paper.tables}
        self._classes = {name: entry.classes for name, entry in configuration.datasets.items()}
        self._plan = plan
        self._rows: dict[tuple[Hashable, ...], list[dict[Hashable, Any]]] = {}
        wanted = measurements[measurements["procedure"].isin([*OF_A_SEED, "runs"])]
        for row in wanted.to_dict("records"):
            place = tuple(row[key] for key in ("paper", "experiment", "dataset", "backbone", "arm", "metric"))
            self._rows.setdefault(place, []).append(row)

    def paper_of(self, paper: str, table: str) -> ResolvedPaper | None:
        """Return the paper, in the experiment that a table shows; None where the selection has it not."""
        return self._papers.get((paper, table))

    def place_of(self, row: PublishedRow) -> Place:
        """Return the place of a published value, in the words of measurements.csv."""
        paper = self.paper_of(row.paper, row.table)
        metric = _METRIC_OF.get(row.metric, row.metric)
        declared = paper.tables[row.table] if paper else None
        class_name = self._class_name(row, metric, declared)
        return Place(row.table, row.dataset, row.backbone, row.arm, metric, class_name)

    def _class_name(self, row: PublishedRow, metric: str, table: Table | None) -> str:
        classes = METRICS[metric].classes if metric in METRICS else "none"
        if classes == "positive":
            return (table.positive_class if table else None) or row.class_name
        known = self._classes.get(row.dataset, ())
        return next((name for name in known if name.lower() == row.class_name.lower()), row.class_name)

    def at(self, paper_name: str, place: Place) -> Found:
        """Return what was measured at a place of a paper, or why nothing was."""
        paper = self.paper_of(paper_name, place.table)
        if paper is None:
            return Found(reason="not in this selection")
        cell = self._plan.cells.get(cell_id(paper.name, paper.experiment, place.dataset, place.backbone, place.arm))
        if cell is None:
            return Found(reason="not in this selection")
        if cell.missing:
            return Found(cell, reason=cell.missing)
        rows = self._rows.get(
            (paper.name, paper.experiment, place.dataset, place.backbone, place.arm, place.metric), []
        )
        rows = [row for row in rows if row["class_name"] == place.class_name or row["status"] != "measured"]
        over = next((row for row in rows if row["procedure"] == "runs"), None)
        if over is None or over["status"] != "measured":
            return Found(cell, reason=str(over["reason"]) if over and over["reason"] else "not measured yet")
        return Found(
            cell,
            float(over["value"]),
            float(over["spread"]),
            int(over["n"]),
            int(float(over["n_test"] or 0)),
            {int(row["seed"]): float(row["value"]) for row in rows if _is_of_a_seed(row)},
            str(over["leak"]),
            str(over["reason"]),
            tuple(run for run in str(over["runs"]).split(";") if run),
        )


def _is_of_a_seed(row: Mapping[Hashable, Any]) -> bool:
    return row["procedure"] in OF_A_SEED and row["status"] == "measured"
