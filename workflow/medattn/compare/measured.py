"""What was measured of each cell, looked up instead of searched for: there are as many look-ups as comparisons."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from math import isnan, nan
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from medattn.compare.inputs import OF_A_SEED


class Place(NamedTuple):
    """A cell."""

    paper: str
    experiment: str
    dataset: str
    backbone: str
    arm: str


class Measure(NamedTuple):
    """A metric, of a class or of none."""

    metric: str
    class_name: str


@dataclass
class Numbers:
    """What a metric of a cell came to.

    Attributes:
        by_seed: the number of each seed: of its one run, or of its cross-validation.
        by_fold: the number of each seed and fold of a cross-validation.
        images: test images of each seed and fold.
        mean: the mean over seeds; NaN where there is none.
        reason: why there is no number.
        stand_in: whether the images are stand-ins.
        leak: what of the test images got into a choice or into training.
    """

    by_seed: dict[int, float] = field(default_factory=dict)
    by_fold: dict[tuple[int, int], float] = field(default_factory=dict)
    images: dict[tuple[int, int], int] = field(default_factory=dict)
    mean: float = nan
    reason: str = ""
    stand_in: bool = False
    leak: str = ""


class Measured:
    """The rows of measurements.csv and of epochs.csv, by cell."""

    def __init__(self, measurements: pd.DataFrame, epochs: pd.DataFrame, seed: int) -> None:
        """Snapshot up what is measured.

        Args:
            measurements: as `read_measurements` returns it.
            epochs: as `read_epochs` returns it.
            seed: the seed whose runs stand for the papers' single runs.
        """
        self._numbers: dict[Place, dict[Measure, Numbers]] = {}
        for row in measurements.to_dict("records"):
            place = Place(*(row[key] for key in Place._fields))
            of_cell = self._numbers.setdefault(place, {})
            _take(of_cell.setdefault(Measure(row["metric"], row["class_name"]), Numbers()), row)
        chosen = epochs[epochs["measured"] & (epochs["seed"] == seed)]
        self._epochs = {
            Place(*(str(part) for part in key)): group["value"].to_numpy(dtype=np.float64)
            for key, group in chosen.groupby(list(Place._fields), sort=False, observed=True)
        }

    def measures(self, places: list[Place]) -> list[Measure]:
        """Return the metrics, and classes, that any of the cells was measured by, in the order of the rows."""
        found = dict.fromkeys(measure for place in places for measure in self._numbers.get(place, {}))
        of_classes = {metric for metric, class_name in found if class_name}
        # Where nothing was measured, a metric of classes has a row without a class.
        return [measure for measure in found if measure.class_name or measure.metric not in of_classes]

    def numbers(self, place: Place, measure: Measure) -> Numbers:
        """Return what a metric of a cell came to; without values, why."""
        of_cell = self._numbers.get(place, {})
        found = of_cell.get(measure) or of_cell.get(Measure(measure.metric, "")) or Numbers()
        if found.by_seed or found.reason:
            return found
        return Numbers(reason="not measured", stand_in=found.stand_in, leak=found.leak)

    def epochs(self, place: Place) -> NDArray[np.float64]:
        """Return the test accuracy at the measured epochs of the first seed's run of a cell; none where it has none."""
        return self._epochs.get(place, np.empty(0))


def _take(numbers: Numbers, row: Mapping[Hashable, Any]) -> None:
    """Take what a row of measurements.csv says into the numbers of its cell and metric."""
    numbers.stand_in = numbers.stand_in or bool(row["stand_in"])
    numbers.leak = numbers.leak or str(row["leak"])
    if row["status"] != "measured" or isnan(row["value"]):
        numbers.reason = numbers.reason or str(row["reason"])
        return
    value = float(row["value"])
    if row["procedure"] in OF_A_SEED:
        numbers.by_seed[int(row["seed"])] = value
    elif row["procedure"] == "fold":
        key = (int(row["seed"]), int(row["fold"]))
        numbers.by_fold[key], numbers.images[key] = value, int(row["n_test"])
    elif row["procedure"] == "runs":
        numbers.mean = value
