"""Look-up of measured values by cell, metric and class."""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from math import isnan, nan
from statistics import fmean, stdev
from typing import Any, NamedTuple

import pandas as pd

from medattn.measure.measured_run import has_diverged
from medattn.plan.model import CellKey
from medattn.result_tables import PER_SEED


class MetricKey(NamedTuple):
    """A metric and, where it has classes, one class or `mean`."""

    metric: str
    class_name: str = ""


@dataclass
class MeasuredMetric:
    """The rows of measurements.csv about a metric of a cell.

    Attributes:
        by_seed: value of each seed: of its one run, or of its cross-validation.
        diverged: why a seed has no value although its runs have ended: the training diverged.
        by_fold: value of each seed and fold of a cross-validation.
        test_images: test images of each seed and fold.
        mean: mean over seeds; NaN if not measured.
        spread: sample standard deviation over seeds; NaN for a single seed.
        n: number of seeds.
        n_test: number of test images.
        runs: ids of the runs.
        note: reason of the row over seeds: why it has no value, or what it leaves out.
        reason: why a value is missing, from the first row without one.
        stand_in: whether the images are stand-ins.
        leak: which test images influenced a choice or training.
    """

    by_seed: dict[int, float] = field(default_factory=dict)
    diverged: dict[int, str] = field(default_factory=dict)
    by_fold: dict[tuple[int, int], float] = field(default_factory=dict)
    test_images: dict[tuple[int, int], int] = field(default_factory=dict)
    mean: float = nan
    spread: float = nan
    n: int = 0
    n_test: int = 0
    runs: tuple[str, ...] = ()
    note: str = ""
    reason: str = ""
    stand_in: bool = False
    leak: str = ""

    @property
    def is_measured(self) -> bool:
        """Whether the metric has a mean over seeds."""
        return not isnan(self.mean)

    @property
    def ended(self) -> set[int]:
        """Seeds whose runs have a result: a value, or a training that diverged."""
        return {*self.by_seed, *self.diverged}

    def with_values(self, by_seed: dict[int, float]) -> "MeasuredMetric":
        """Return the same metric with other values of the seeds, which were not measured by fold."""
        values = list(by_seed.values())
        spread = stdev(values) if len(values) > 1 else nan
        return replace(self, by_seed=by_seed, by_fold={}, mean=fmean(values), spread=spread, n=len(values))

    def add(self, row: Mapping[Hashable, Any]) -> None:
        """Add a row of measurements.csv."""
        self.stand_in = self.stand_in or bool(row["stand_in"])
        self.leak = self.leak or str(row["leak"])
        if row["procedure"] == "runs":
            self.note = str(row["reason"])
        if row["status"] != "measured" or isnan(row["value"]):
            self.reason = self.reason or str(row["reason"])
            if row["procedure"] in PER_SEED and has_diverged(str(row["reason"])):
                self.diverged[int(row["seed"])] = str(row["reason"])
            return
        value = float(row["value"])
        if row["procedure"] in PER_SEED:
            self.by_seed[int(row["seed"])] = value
        elif row["procedure"] == "fold":
            key = (int(row["seed"]), int(row["fold"]))
            self.by_fold[key], self.test_images[key] = value, int(row["n_test"])
        elif row["procedure"] == "runs":
            self.mean, self.spread, self.n = value, float(row["spread"]), int(row["n"])
            self.n_test = int(float(row["n_test"] or 0))
            self.runs = tuple(run for run in str(row["runs"]).split(";") if run)


class MeasuredCells:
    """The rows of measurements.csv by cell, metric and class."""

    def __init__(self, measurements: pd.DataFrame) -> None:
        by_fields: dict[tuple[str, ...], dict[MetricKey, MeasuredMetric]] = {}
        for row in measurements.to_dict("records"):
            fields = (row["paper"], row["experiment"], row["dataset"], row["backbone"], row["arm"])
            of_cell = by_fields.setdefault(fields, {})
            of_cell.setdefault(MetricKey(row["metric"], row["class_name"]), MeasuredMetric()).add(row)
        self._cells = {CellKey(*fields): of_cell for fields, of_cell in by_fields.items()}

    def metric_keys(self, cells: Iterable[CellKey]) -> list[MetricKey]:
        """Return the metrics and classes that any of the cells has, in the order of the rows."""
        found = dict.fromkeys(key for cell in cells for key in self._cells.get(cell, {}))
        with_classes = {key.metric for key in found if key.class_name}
        # An unmeasured cell has one row without a class, even for a metric with classes.
        return [key for key in found if key.class_name or key.metric not in with_classes]

    def of(self, cell: CellKey, key: MetricKey) -> MeasuredMetric:
        """Return what was measured of a metric of a cell; without values if nothing was."""
        of_cell = self._cells.get(cell, {})
        return of_cell.get(key) or of_cell.get(MetricKey(key.metric)) or MeasuredMetric()
