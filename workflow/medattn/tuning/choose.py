"""Choosing the grid point, and where the protocol says so the measured epochs, of a cell on validation images.

Each kind of protocol says how well a grid point does and at which epochs (one function a kind). The grid point that
does best is chosen; among equals, the first in the order of the grid.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from medattn.config.models.protocol import (
    AnyProtocol,
    BestValidationEpoch,
    CrossValidatedEpochs,
    CrossValidation,
    FixedEpoch,
    protocol_of,
)
from medattn.files import write_json
from medattn.layout import ResultPaths
from medattn.plan.model import Cell, Plan, Run
from medattn.plan.tuning_result import choice_key
from medattn.provenance.records import check_output, read_record
from medattn.training.history import read_history
from medattn.tuning.best_epoch import best_epoch, validation_metric

Number = Fraction | float


@dataclass(frozen=True)
class Candidate:
    """A grid point and how well it does on the validation images.

    Attributes:
        point: values of the grid.
        epochs: the epochs at which it does so, best first; None if one of its runs diverged.
        value: mean of the validation metric over those epochs and over the folds.
        reason: why there is none.
    """

    point: Mapping[str, Any]
    epochs: tuple[int, ...] | None
    value: Number | None
    reason: str = ""


def best_epochs(
    folds: Sequence[Sequence[Fraction]], count: int, ties: str, patience: int | None = None
) -> tuple[int, ...]:
    """Return the `count` epochs (from 1) with the highest mean accuracy over the folds, best first.

    Args:
        folds: accuracy per epoch, for each fold; exact fractions, so that equal means are equal.
        count: epochs to return; all of them where there are fewer.
        ties: "earliest" or "latest" epoch first among equal means; "kept": earliest first, and beyond `count` all
            that equal the last of them.
        patience: epochs without a new highest mean after which the rest are no candidates; None for no such stop.
    """
    means = [sum(epoch, Fraction(0)) / len(folds) for epoch in zip(*folds, strict=True)]
    means = means[: _stop(means, patience)]
    direction = -1 if ties == "latest" else 1
    ranked = sorted(range(1, len(means) + 1), key=lambda epoch: (-means[epoch - 1], direction * epoch))
    if ties == "kept" and len(ranked) > count:
        last = means[ranked[count - 1] - 1]
        count = sum(mean >= last for mean in means)
    return tuple(ranked[:count])


def _stop(means: Sequence[Fraction], patience: int | None) -> int:
    """Return the epoch after which early stopping ends: `patience` epochs after the last new highest mean."""
    highest = 0
    for epoch, mean in enumerate(means, start=1):
        if not highest or mean > means[highest - 1]:
            highest = epoch
        elif patience is not None and epoch - highest >= patience:
            return epoch
    return len(means)


def choose(candidates: Sequence[Candidate]) -> Candidate | None:
    """Return the candidate that does best, the first among equals; None if all diverged."""
    finished = [candidate for candidate in candidates if candidate.value is not None]
    return max(finished, key=lambda c: c.value or 0, default=None)


def write_choices(plan: Plan, group: str, results: ResultPaths) -> None:
    """Choose for every tuned cell of a group and write tuned/<group>.json.

    Raises:
        UserError: a run of the stage `tune` has not ended yet, or its files are not what its record names.
    """
    cells = [cell for cell in plan.cells.values() if cell.group == group and cell.missing is None and cell.is_tuned]
    write_json(results.tuned(group), {"cells": {cell.id: _choices(plan, cell, results) for cell in cells}})


def _choices(plan: Plan, cell: Cell, results: ResultPaths) -> dict[str, Any]:
    protocol = protocol_of(cell.settings["protocol"])
    each = protocol.tune == "each" and not cell.is_classifier
    by_key: dict[str, list[Run]] = {}
    for run in plan.runs_of(cell.id, "tune"):
        # Folds that are averaged share a choice; folds that are measured each on its own have one each.
        fold = run.fold if isinstance(protocol, CrossValidation) else None
        by_key.setdefault(choice_key(run.seed if each else None, fold), []).append(run)
    return {key: _choice(members, protocol, results) for key, members in by_key.items()}


def _choice(runs: Sequence[Run], protocol: AnyProtocol, results: ResultPaths) -> dict[str, Any]:
    points: list[Mapping[str, Any]] = []
    for run in runs:
        if run.grid_point not in points:
            points.append(run.grid_point or {})
    candidates = [
        _candidate(point, [run for run in runs if run.grid_point == point], protocol, results) for point in points
    ]
    chosen = choose(candidates)
    return {
        "grid_point": None if chosen is None else dict(chosen.point),
        "epochs": [] if chosen is None else list(chosen.epochs or ()),
        **({"reason": f"every grid point diverged ({candidates[0].reason})"} if chosen is None else {}),
        "protocol": protocol.model_dump(mode="json"),
        "candidates": [
            {
                "grid_point": dict(candidate.point),
                f"validation_{validation_metric(protocol)}": None
                if candidate.value is None
                else float(candidate.value),
                **({"reason": candidate.reason} if candidate.reason else {}),
            }
            for candidate in candidates
        ],
        "runs": [run.id for run in runs],
    }


def _candidate(point: Mapping[str, Any], runs: Sequence[Run], protocol: AnyProtocol, results: ResultPaths) -> Candidate:
    for run in runs:
        files = results.run(run.cell, run.name)
        record = read_record(files.record)
        if record["status"] != "ok":
            return Candidate(point, None, None, f"{run.id}: {record['reason']}")
        check_output(record, files.history)
    epochs, value = _DOES[type(protocol)](runs, protocol, results)
    return Candidate(point, epochs, value)


def _accuracies(runs: Sequence[Run], results: ResultPaths) -> list[list[Fraction]]:
    histories = [read_history(results.run(run.cell, run.name).history) for run in runs]
    return [[Fraction(row.correct, row.images) for row in history] for history in histories]


def _cross_validated_epochs(
    runs: Sequence[Run], protocol: CrossValidatedEpochs, results: ResultPaths
) -> tuple[tuple[int, ...], Number]:
    """The accuracy, averaged over the folds and over the protocol's number of best epochs (GSA, section 4.6)."""
    folds = _accuracies(runs, results)
    epochs = best_epochs(folds, protocol.measured_epochs, protocol.ties, protocol.patience)
    return epochs, sum((fold[epoch - 1] for fold in folds for epoch in epochs), Fraction(0)) / (
        len(folds) * len(epochs)
    )


def _best_validation_epoch(
    runs: Sequence[Run], protocol: BestValidationEpoch, results: ResultPaths
) -> tuple[tuple[int, ...], Number]:
    """The metric at the best epoch of the one run."""
    (run,) = runs
    epoch, value = best_epoch(results.run(run.cell, run.name), protocol)
    return (epoch,), value


def _last_epoch(runs: Sequence[Run], _: AnyProtocol, results: ResultPaths) -> tuple[tuple[int, ...], Number]:
    """The accuracy after the last epoch of the one run."""
    (history,) = _accuracies(runs, results)
    return (len(history),), history[-1]


_DOES: dict[type[AnyProtocol], Callable[[Sequence[Run], Any, ResultPaths], tuple[tuple[int, ...], Number]]] = {
    CrossValidatedEpochs: _cross_validated_epochs,
    BestValidationEpoch: _best_validation_epoch,
    FixedEpoch: _last_epoch,
    CrossValidation: _last_epoch,
}
