"""multiverse.csv: every cell and every declared pair of arms under every reading, from readings.csv."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import pandas as pd

from medattn.compare.pairs import declared_pairs
from medattn.compare.primary_test import primary_tests
from medattn.compare.replicates import pair_up
from medattn.config.resolved import Configuration, ResolvedPaper
from medattn.consistency.inputs import read_facts
from medattn.measure.reading_values import ReadingValues
from medattn.measure.readings import metric_readings
from medattn.plan.model import CellKey, Plan
from medattn.protocols.base import MeasurementProtocol
from medattn.protocols.reading import Reading
from medattn.result_tables import MULTIVERSE
from medattn.shipped import paper_folder


@dataclass(frozen=True)
class KnownReadings:
    """The readings of the metrics under a protocol, and which of them a paper leaves open.

    Attributes:
        protocol: the protocol.
        left_open: keys that the paper leaves open; None for a paper without facts, where nothing is fixed.
    """

    protocol: MeasurementProtocol
    left_open: tuple[str, ...] | None

    def of(self, metric: str) -> Mapping[str, Reading]:
        """Return the readings of a metric by name; the default one is first."""
        return {reading.name: reading for reading in metric_readings(self.protocol, metric)}

    def is_open(self, reading: Reading) -> bool:
        """Return whether the paper leaves open every choice in which a reading differs from the default one."""
        return self.left_open is None or reading.is_open(self.protocol.readings()[0], self.left_open)

    def facts(self, metric: str, name: str) -> dict[str, Any]:
        """Return the columns `reading`, `leak`, `is_default` and `is_open` of a row."""
        readings = self.of(metric)
        reading = readings.get(name)
        return {
            "reading": name,
            "leak": reading.leak if reading else "",
            "is_default": name == next(iter(readings)),
            "is_open": reading is not None and self.is_open(reading),
        }


def left_open(root: Path, paper: str) -> tuple[str, ...] | None:
    """Return the keys that a paper leaves open; None if its folder has no facts.

    Args:
        root: the folder that contains papers/.
        paper: name of the paper.
    """
    path = paper_folder(root, paper) / "facts.yaml"
    return tuple(read_facts(path).left_open) if path.is_file() else None


def multiverse(configuration: Configuration, plan: Plan, values: ReadingValues, root: Path) -> pd.DataFrame:
    """Return the rows of multiverse.csv: those of cells, then those of pairs of arms, paper by paper.

    Args:
        configuration: the papers with their arms and data sets.
        plan: the plan.
        values: the rows of readings.csv.
        root: the folder that contains papers/.
    """
    rows = []
    for paper in configuration.papers:
        known = KnownReadings(paper.protocol, left_open(root, paper.name))
        of_paper = _PaperMultiverse(paper, plan, values, known)
        rows += [*of_paper.cells(), *of_paper.comparisons()]
    return pd.DataFrame(rows, columns=[*MULTIVERSE.columns])


class _PaperMultiverse:
    """The rows of the cells of a paper in one of its experiments."""

    def __init__(self, paper: ResolvedPaper, plan: Plan, values: ReadingValues, known: KnownReadings) -> None:
        self._paper, self._plan, self._values = paper, plan, values
        self._facts = cache(known.facts)

    def cells(self) -> Iterator[dict[str, Any]]:
        """Yield the rows of the level `cell`."""
        for cell, key, reading, by_seed in self._values.items():
            if (cell.paper, cell.experiment) == (self._paper.name, self._paper.experiment):
                found = list(by_seed.values())
                yield {
                    "level": "cell",
                    **asdict(cell),
                    **key._asdict(),
                    **self._facts(key.metric, reading),
                    "mean": fmean(found),
                    "sd": float(np.std(found, ddof=1)) if len(found) > 1 else None,
                    "n": len(found),
                    "stand_in": self._is_stand_in(cell),
                }

    def comparisons(self) -> Iterator[dict[str, Any]]:
        """Yield the rows of the level `comparison`."""
        for dataset in self._paper.datasets:
            start = (self._paper.name, self._paper.experiment, dataset)
            pairs = {
                (pair.backbone, pair.arm, pair.against_backbone, pair.against)
                for pair in declared_pairs(self._paper, dataset)
            }
            for backbone, arm, against_backbone, against in sorted(pairs):
                cell, other = CellKey(*start, backbone, arm), CellKey(*start, against_backbone, against)
                for row in self._of_pair(cell, other):
                    yield {
                        "level": "comparison",
                        **asdict(cell),
                        "against": against,
                        "against_backbone": against_backbone,
                        **row,
                    }

    def _of_pair(self, cell: CellKey, other: CellKey) -> Iterator[dict[str, Any]]:
        mine, theirs = ([run.id for run in self._plan.runs_of(one.id, "train")] for one in (cell, other))
        places = []
        for key, readings in self._values.of_cell(cell).items():
            for reading, by_seed in readings.items():
                of_other = self._values.by_seed(other, key, reading)
                # Cells with equal settings share their runs, which are no evidence for each other.
                if not (mine and mine == theirs and by_seed == of_other):
                    places.append((key, reading, pair_up(by_seed, of_other)))
        for (key, reading, pairs), result in zip(places, primary_tests([pairs for *_, pairs in places]), strict=True):
            if not result.n:
                continue
            yield {
                **key._asdict(),
                **self._facts(key.metric, reading),
                "sd": float(np.std(pairs.differences, ddof=1)) if pairs.n > 1 else None,
                "n": result.n,
                "difference": result.difference,
                "low": result.low,
                "high": result.high,
                "p": result.p,
                "stand_in": self._is_stand_in(cell) or self._is_stand_in(other),
                "note": result.note,
            }

    def _is_stand_in(self, cell: CellKey) -> bool:
        planned = self._plan.cells.get(cell.id)
        return planned is not None and planned.stand_in
