"""What is stored of a run's scores: every epoch in full or, where that is large, the epochs that a reading measures.

The readings are those of the run's protocol, each of which names its epochs from the run's own results. If the choices
of other runs decide the epochs, all are stored. `training/score_file.py` describes the file.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medattn.metrics.registry import METRICS
from medattn.plan.disk_estimate import WHOLE_BYTES
from medattn.plan.model import Stage
from medattn.protocols.base import MeasurementProtocol, MetricValue
from medattn.training.history import EpochRow
from medattn.training.score_file import (
    VALUES,
    ArraysInMemory,
    RunScores,
    ScoredSplit,
    split_epochs,
)

Array = NDArray[Any]


class _OtherRunsDecideError(Exception):
    """Measured epochs that follow from the results of other runs."""


class _TrainedEpochs:
    """Results of a run at the end of its training: `EpochResults` for protocols, with the metrics that they asked for.

    Values are computed as `RecordedEpochs` reads them later, so that both choose the same epochs.
    """

    def __init__(self, scored: ScoredSplit, history: Sequence[EpochRow]) -> None:
        self._scored, self._history = scored, history
        self.stored: dict[str, list[float]] = {}

    @property
    def epochs(self) -> int:
        return len(self._history)

    def on_validation(self, metric: str) -> Sequence[MetricValue]:
        if metric == "accuracy":
            return [row.validation_accuracy for row in self._history]
        if metric == "loss" or METRICS[metric].labels_decide:
            return self._scored.validation_values(metric)
        if metric not in self.stored:
            self.stored[metric] = self._scored.computed_values(metric)
        return self.stored[metric]

    def on_test(self) -> Sequence[Fraction]:
        return [Fraction(row.correct, row.images) for row in self._history]

    def chosen_epochs(self) -> Sequence[int]:
        raise _OtherRunsDecideError

    def first_chosen_epochs(self) -> Sequence[int] | None:
        raise _OtherRunsDecideError

    def on_folds(self) -> Sequence[Sequence[Fraction]] | None:
        raise _OtherRunsDecideError


def stored_arrays(
    arrays: dict[str, Array],
    history: Sequence[EpochRow],
    protocol: MeasurementProtocol,
    stage: Stage,
) -> dict[str, Array]:
    """Return the arrays to store for a run, given the scores at all epochs.

    Args:
        arrays: `scores` (epochs x N x classes), `labels` and `images` (N) and, for further validation images, the same
            with the prefix `validation_`.
        history: a row per epoch.
        protocol: protocol of the run, whose readings name the epochs that are needed.
        stage: stage of the run.
    """
    prefixes = [prefix for prefix in ("", "validation_") if f"{prefix}scores" in arrays]
    if sum(arrays[f"{prefix}scores"].nbytes for prefix in prefixes) <= WHOLE_BYTES:
        return arrays
    summaries = {name: array for prefix in prefixes for name, array in _summary(arrays, prefix).items()}
    every = np.arange(1, len(history) + 1)
    summarized = RunScores(ArraysInMemory({**arrays, **summaries, "epochs": every}))
    trained = _TrainedEpochs(summarized.of_validation, history)
    kept = _needed_epochs(trained, protocol, stage)
    if kept is None or len(kept) == len(history):
        return arrays
    rows = [epoch - 1 for epoch in kept]
    others = {name: array for name, array in arrays.items() if not name.endswith("scores")}
    return {
        **{f"{prefix}scores": arrays[f"{prefix}scores"][rows] for prefix in prefixes},
        **others,
        **summaries,
        "epochs": np.array(kept, dtype=np.int64),
        **{VALUES + metric: np.array(values, dtype=np.float64) for metric, values in trained.stored.items()},
    }


def _needed_epochs(trained: _TrainedEpochs, protocol: MeasurementProtocol, stage: Stage) -> list[int] | None:
    """Return the epochs that a reading measures, or that choose a grid point, and the last; None for all."""
    try:
        if stage == "tune":
            needed = {*protocol.choose([trained])[0]}
        else:
            of_readings = protocol.epochs_by_reading(trained).values()
            needed = {*protocol.epochs_to_measure(trained), protocol.model_epoch(trained)}
            needed |= {epoch for epochs in of_readings for epoch in epochs}
    except _OtherRunsDecideError:
        return None
    return sorted({*needed, trained.epochs})


def _summary(arrays: dict[str, Array], prefix: str) -> dict[str, Array]:
    """Return `predicted` and `label_scores` of a split at every epoch."""
    split = ScoredSplit(ArraysInMemory(arrays), prefix)
    predicted = [split.predicted(part[0], part[-1]) for part in _parts(split)]
    return {f"{prefix}predicted": np.concatenate(predicted), f"{prefix}label_scores": split.label_scores}


def _parts(split: ScoredSplit) -> list[Sequence[int]]:
    return list(split_epochs(range(1, split.epochs + 1), 4 * split.count * split.classes))
