"""Choosing the grid point and the measured epochs of a cell by cross-validation on the training images.

For each grid point the validation accuracy is averaged over the folds, epoch by epoch, and the protocol's number of
epochs with the highest mean is taken (GSA, section 4.6; ties by the protocol's rule). The grid point whose taken
epochs have the highest mean is chosen; among equals, the first in the order of the grid.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from medattn.files import write_json
from medattn.layout import Results
from medattn.plan.frozen import Cell, Plan, Run
from medattn.provenance.records import check_output, read_record
from medattn.training.history import read_history


@dataclass(frozen=True)
class Candidate:
    """A grid point with its cross-validation.

    Attributes:
        point: values of the grid.
        epochs: the epochs with the highest mean validation accuracy, best first; None if a fold diverged.
        accuracy: mean validation accuracy over those epochs.
        reason: why there is none.
    """

    point: Mapping[str, Any]
    epochs: tuple[int, ...] | None
    accuracy: Fraction | None
    reason: str = ""


def best_epochs(folds: Sequence[Sequence[Fraction]], count: int, ties: str) -> tuple[int, ...]:
    """Return the `count` epochs (from 1) with the highest mean accuracy over the folds, best first.

    Args:
        folds: accuracy per epoch, for each fold; exact fractions, so that equal means are equal.
        count: epochs to return; all of them where fewer were trained.
        ties: "earliest" or "latest" epoch first among equal means.
    """
    means = [sum(epoch, Fraction(0)) / len(folds) for epoch in zip(*folds, strict=True)]
    direction = 1 if ties == "earliest" else -1
    ranked = sorted(range(1, len(means) + 1), key=lambda epoch: (-means[epoch - 1], direction * epoch))
    return tuple(ranked[:count])


def choose(candidates: Sequence[Candidate]) -> Candidate | None:
    """Return the candidate with the highest mean validation accuracy, the first among equals; None if all diverged."""
    finished = [candidate for candidate in candidates if candidate.accuracy is not None]
    return max(finished, key=lambda c: c.accuracy or Fraction(0), default=None)


def write_choices(plan: Plan, group: str, results: Results) -> None:
    """Choose for every tuned cell of a group and write choices/<group>.json.

    Raises:
        UserError: a run of the cross-validation has not ended yet, or its history is not what its record names.
    """
    cells = [cell for cell in plan.cells.values() if cell.group == group and cell.missing is None and cell.is_tuned]
    write_json(results.choices(group), {"cells": {cell.id: _choices(plan, cell, results) for cell in cells}})


def _choices(plan: Plan, cell: Cell, results: Results) -> dict[str, Any]:
    protocol = cell.settings["protocol"]
    runs = plan.runs_of(cell.id, "tune")
    each = protocol["tune"] == "each" and not cell.is_classifier
    by_seed: dict[str, list[Run]] = {}
    for run in runs:
        by_seed.setdefault(str(run.seed) if each else "all", []).append(run)
    return {seed: _choice(members, protocol, results) for seed, members in by_seed.items()}


def _choice(runs: Sequence[Run], protocol: Mapping[str, Any], results: Results) -> dict[str, Any]:
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
        **(
            {"reason": f"every grid point of the cross-validation diverged ({candidates[0].reason})"}
            if chosen is None
            else {}
        ),
        "folds": protocol["folds"],
        "ties": protocol["ties"],
        "candidates": [
            {
                "grid_point": dict(candidate.point),
                "validation_accuracy": None if candidate.accuracy is None else float(candidate.accuracy),
                **({"reason": candidate.reason} if candidate.reason else {}),
            }
            for candidate in candidates
        ],
        "runs": [run.id for run in runs],
    }


def _candidate(
    point: Mapping[str, Any], runs: Sequence[Run], protocol: Mapping[str, Any], results: Results
) -> Candidate:
    folds = []
    for run in runs:
        files = results.run(run.cell, run.name)
        record = read_record(files.record)
        if record["status"] != "ok":
            return Candidate(point, None, None, f"{run.id}: {record['reason']}")
        check_output(record, files.history)
        folds.append([Fraction(row.correct, row.images) for row in read_history(files.history)])
    epochs = best_epochs(folds, protocol["measured_epochs"], protocol["ties"])
    accuracy = sum((fold[epoch - 1] for fold in folds for epoch in epochs), Fraction(0)) / (len(folds) * len(epochs))
    return Candidate(point, epochs, accuracy)
