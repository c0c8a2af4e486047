"""Look-up of the values of readings.csv by reading, cell, metric and class."""

from collections.abc import Iterable, Iterator, Mapping

import pandas as pd

from medattn.measure.measured_cells import MeasuredCells, MeasuredMetric, MetricKey
from medattn.plan.model import CellKey

_KEY = ["paper", "experiment", "dataset", "backbone", "arm", "metric", "class_name", "reading"]


class ReadingValues:
    """The values of each cell under each reading: of a seed the value of its run, or the mean of its folds.

    A seed that lacks the value of a fold is left out.
    """

    def __init__(self, readings: pd.DataFrame) -> None:
        self._found: dict[CellKey, dict[MetricKey, dict[str, dict[int, float]]]] = {}
        with_value = readings[readings["n_epochs"].notna()]
        lost = with_value["value"].isna()
        means = with_value.groupby([*_KEY, "seed"], sort=False)["value"].mean()
        dropped = set(with_value[lost].groupby([*_KEY, "seed"], sort=False).groups) if lost.any() else set()
        for place, value in zip(means.index, means.tolist(), strict=True):
            if place in dropped:
                continue
            *cell, metric, class_name, reading, seed = place
            of_metric = self._found.setdefault(CellKey(*cell), {}).setdefault(MetricKey(metric, class_name), {})
            of_metric.setdefault(reading, {})[int(seed)] = value

    def of_cell(self, cell: CellKey) -> Mapping[MetricKey, Mapping[str, Mapping[int, float]]]:
        """Return the values of a cell by metric, reading and seed."""
        return self._found.get(cell, {})

    def by_seed(self, cell: CellKey, key: MetricKey, reading: str) -> Mapping[int, float]:
        """Return the value of each seed; none if nothing was measured under the reading."""
        return self.of_cell(cell).get(key, {}).get(reading, {})

    def items(self) -> Iterator[tuple[CellKey, MetricKey, str, Mapping[int, float]]]:
        """Yield the values of each seed by cell, metric and reading."""
        for cell, metrics in self._found.items():
            for key, readings in metrics.items():
                for reading, by_seed in readings.items():
                    yield cell, key, reading, by_seed


class CellsUnderReading(MeasuredCells):
    """The measured cells with their values under a reading; a cell without the reading keeps its own values."""

    def __init__(self, measured: MeasuredCells, values: ReadingValues, reading: str) -> None:
        self._measured, self._values, self._reading = measured, values, reading
        self._of: dict[tuple[CellKey, MetricKey], MeasuredMetric] = {}

    def metric_keys(self, cells: Iterable[CellKey]) -> list[MetricKey]:
        """Return the metrics and classes that any of the cells has, in the order of the rows."""
        return self._measured.metric_keys(cells)

    def of(self, cell: CellKey, key: MetricKey) -> MeasuredMetric:
        """Return what was measured of a metric of a cell under the reading."""
        if (cell, key) not in self._of:
            found = self._measured.of(cell, key)
            by_seed = self._values.by_seed(cell, key, self._reading)
            self._of[cell, key] = found.with_values(dict(by_seed)) if by_seed else found
        return self._of[cell, key]
