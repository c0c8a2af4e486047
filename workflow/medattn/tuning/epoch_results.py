"""Results of a finished run at each epoch, read from its files for the protocol that chooses from them."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import cache, cached_property
from typing import Any

import numpy as np

from medattn.layout import ResultPaths
from medattn.metrics.evaluate import ValidationScores
from medattn.plan.model import Cell, Run
from medattn.plan.tuning_result import read_choice
from medattn.protocols.base import MetricValue
from medattn.provenance.records import check_output, ending, read_record
from medattn.training.history import EpochRow, read_history
from medattn.training.score_file import RunScores, read_scores


class FoldAccuracies:
    """Accuracies on the folds of the stage `tune`; each history is read once for all runs of a cell."""

    def __init__(self, runs: Sequence[Run], results: ResultPaths) -> None:
        self._runs, self._results = runs, results
        self._read: dict[tuple[str, ...], Sequence[Sequence[Fraction]] | None] = {}

    @property
    def first_seed(self) -> int | None:
        """The first seed of the stage `tune`; None without runs."""
        return self._runs[0].seed if self._runs else None

    def of(self, choice: Mapping[str, Any]) -> Sequence[Sequence[Fraction]] | None:
        """Return the accuracy at each epoch on each fold behind a choice; None if a run is not available."""
        named = set(choice.get("runs", ()))
        chosen = [run for run in self._runs if run.id in named and (run.grid_point or {}) == choice["grid_point"]]
        key = tuple(run.id for run in chosen)
        if key not in self._read:
            self._read[key] = self._accuracies(chosen)
        return self._read[key]

    def _accuracies(self, runs: Sequence[Run]) -> Sequence[Sequence[Fraction]] | None:
        folds = []
        for run in sorted(runs, key=lambda run: run.fold or 0):
            files = self._results.run(run.folder, run.name)
            record = ending(files)
            if isinstance(record, str):
                return None
            check_output(record, files.history)
            folds.append([row.validation_accuracy for row in read_history(files.history)])
        return folds or None


class RecordedEpochs:
    """Results of a finished run by epoch; implements `EpochResults`. Each file is read once.

    Every method raises UserError where the files are missing or not those that the record names.
    """

    def __init__(self, run: Run, cell: Cell, results: ResultPaths, folds: FoldAccuracies | None = None) -> None:
        self._run, self._cell, self._results, self._folds = run, cell, results, folds
        self._files = results.run(run.folder, run.name)
        self._on_validation: dict[str, Sequence[MetricValue]] = {}
        self._together: RunsTogether | None = None

    @cached_property
    def record(self) -> Mapping[str, Any]:
        """The record of the run."""
        return read_record(self._files.record)

    @cached_property
    def scores(self) -> RunScores:
        """The scores of the evaluated images, and of the validation images if there are further ones."""
        return read_scores(self.record, self._files.scores)

    @property
    def size(self) -> int:
        """Bytes of the scores at all stored epochs."""
        scores = self.scores
        splits = [scores.evaluated, *([scores.validation] if scores.validation else [])]
        return sum(4 * len(split.kept) * split.count * split.classes for split in splits)

    @property
    def epochs(self) -> int:
        """Number of epochs trained."""
        return int(self.record["epochs"])

    def on_validation(self, metric: str) -> Sequence[MetricValue]:
        """Return a metric on the validation images at each epoch; higher is better, -1 where it is undefined.

        In the stage `tune` these are the evaluated images, in `train` further ones. Test images do not enter.

        Args:
            metric: a metric, or `loss` for the negative mean cross entropy, which is minus infinity where undefined.
        """
        if metric not in self._on_validation:
            self._on_validation[metric] = self._of_validation(metric)
        return self._on_validation[metric]

    def on_test(self) -> Sequence[Fraction]:
        """Return the accuracy on the test images at each epoch of a run of the stage `train`."""
        return self._test_accuracies

    def chosen_epochs(self) -> Sequence[int]:
        """Return the epochs (from 1, best first) that the stage `tune` chose for the run."""
        epochs: list[int] = self._choice["epochs"]
        return epochs

    def first_chosen_epochs(self) -> Sequence[int] | None:
        """Return the epochs that the stage `tune` chose with its first seed; None if it chose another grid point."""
        if self._folds is None or self._folds.first_seed is None:
            return None
        first = read_choice(self._results, self._cell, self._folds.first_seed, self._run.fold)
        return first["epochs"] if first["grid_point"] == self._choice["grid_point"] else None

    def on_folds(self) -> Sequence[Sequence[Fraction]] | None:
        """Return the accuracy at each epoch on each fold of the stage `tune`; None if a run is not available."""
        return None if self._folds is None else self._folds.of(self._choice)

    @cached_property
    def _test_accuracies(self) -> list[Fraction]:
        evaluated = self.scores.evaluated
        return [_share(count, evaluated.count) for count in evaluated.correct]

    @cached_property
    def _history(self) -> list[EpochRow]:
        check_output(self.record, self._files.history)
        return read_history(self._files.history)

    @cached_property
    def _choice(self) -> Mapping[str, Any]:
        return read_choice(self._results, self._cell, self._run.seed, self._run.fold)

    def _of_validation(self, metric: str) -> Sequence[MetricValue]:
        if metric == "accuracy":
            if "scores" in self.__dict__ and (
                further := self.scores.validation
            ):  # already read: no need of the history
                return [_share(count, further.count) for count in further.correct]
            return [row.validation_accuracy for row in self._history]
        if self._together is not None and self._together.scores is not None:
            self._on_validation |= self._together.values(metric, self)
            return self._on_validation[metric]
        return self.scores.of_validation.validation_values(metric)


@cache
def _share(count: int, total: int) -> Fraction:
    return Fraction(count, total)


class RunsTogether:
    """Runs of a cell whose validation images are the same: a metric is computed for all of them at once.

    With few images, a call of NumPy takes longer than its work.
    """

    def __init__(self, runs: Sequence[RecordedEpochs]) -> None:
        self._runs = runs
        self._values: dict[str, list[float]] = {}
        for run in runs:
            run._together = self

    @cached_property
    def scores(self) -> ValidationScores | None:
        """The scores of all runs, one after the other; None where a run has other images or lacks an epoch."""
        splits = [run.scores.of_validation for run in self._runs]
        labels = splits[0].labels
        if not all(split.is_whole and np.array_equal(split.labels, labels) for split in splits):
            return None
        return ValidationScores(np.concatenate([split.scores_of(split.kept) for split in splits]), labels)

    def values(self, metric: str, run: RecordedEpochs) -> dict[str, Sequence[MetricValue]]:
        """Return a metric of one of the runs at each epoch, by its name."""
        assert self.scores is not None
        if metric not in self._values:
            self._values[metric] = self.scores.values(metric)
        before = self._runs[: self._runs.index(run)]
        start = sum(one.scores.of_validation.epochs for one in before)
        return {metric: self._values[metric][start : start + run.scores.of_validation.epochs]}
