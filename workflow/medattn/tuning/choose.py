"""The choice of a grid point and, where the protocol asks for it, of the measured epochs, on validation images.

The grid point with the highest validation metric is chosen; among equals, the first in the order of the grid.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from medattn.config.arms import grid_points
from medattn.errors import UserError
from medattn.files import write_json
from medattn.layout import ResultPaths
from medattn.plan.model import Cell, Plan, Run
from medattn.plan.tuning_result import choice_key, tuned_cells
from medattn.protocols.base import MeasurementProtocol, MetricValue
from medattn.provenance.records import check_output, read_record
from medattn.tuning.epoch_results import RecordedEpochs


@dataclass(frozen=True)
class Candidate:
    """A grid point with its result on the validation images.

    Attributes:
        point: values of the grid.
        epochs: the best epochs, best first; None if one of the runs diverged.
        value: mean of the validation metric over these epochs and over the folds; None if one of the runs diverged.
        reason: why epochs and value are missing.
    """

    point: Mapping[str, Any]
    epochs: tuple[int, ...] | None
    value: MetricValue | None
    reason: str = ""


def choose(candidates: Sequence[Candidate]) -> Candidate | None:
    """Return the candidate with the highest value, the first among equals; None if all diverged."""
    finished = [candidate for candidate in candidates if candidate.value is not None]
    return max(finished, key=lambda c: c.value or 0, default=None)


def write_choices(plan: Plan, group: str, results: ResultPaths) -> None:
    """Choose for every tuned cell of a group, and write tuned/<group>.json.

    Raises:
        UserError: a run of the stage `tune` is unfinished, or its files are not those that its record names.
    """
    cells = [cell for cell in tuned_cells(plan, results) if cell.group == group]
    runs = [run for cell in cells for run in plan.runs_of(cell.id, "tune")]
    before = _stamps(runs, results)
    value = {"cells": {cell.id: _choices(plan, cell, results) for cell in cells}}

    def confirm() -> None:
        if _stamps(runs, results) != before:
            raise UserError(f"{results.tuned(group)}: its runs changed while it was computed; run the command again")

    write_json(results.tuned(group), value, confirm)


def _stamps(runs: Sequence[Run], results: ResultPaths) -> list[tuple[int, int, int]]:
    """Return what identifies the version of each record that exists: inode, bytes and time."""
    records = [results.run(run.folder, run.name).record for run in runs]
    found = [record.stat() for record in records if record.exists()]
    return [(facts.st_ino, facts.st_size, facts.st_mtime_ns) for facts in found]


def _choices(plan: Plan, cell: Cell, results: ResultPaths) -> dict[str, Any]:
    protocol = cell.settings.protocol
    each_seed = protocol.tune == "each" and not cell.is_classifier
    by_key: dict[str, list[Run]] = {}
    for run in plan.runs_of(cell.id, "tune"):
        fold = run.fold if protocol.tunes_each_fold else None
        by_key.setdefault(choice_key(run.seed if each_seed else None, fold), []).append(run)
    return {key: _choice(cell, runs, protocol, results) for key, runs in by_key.items()}


def _choice(cell: Cell, runs: Sequence[Run], protocol: MeasurementProtocol, results: ResultPaths) -> dict[str, Any]:
    asked = [run.grid_point or {} for run in runs]
    points = [point for point in grid_points(cell.settings.arm.grid) if point in asked]
    candidates = [
        _candidate(cell, point, [run for run in runs if run.grid_point == point], protocol, results) for point in points
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
                f"validation_{protocol.validation_metric}": _written(candidate.value, protocol.validation_metric),
                **({"reason": candidate.reason} if candidate.reason else {}),
            }
            for candidate in candidates
        ],
        "runs": [run.id for run in runs],
    }


def _written(value: MetricValue | None, metric: str) -> float | None:
    """Return a value for the file; a loss has its usual sign there."""
    return None if value is None else float(-value if metric == "loss" else value)


def _candidate(
    cell: Cell, point: Mapping[str, Any], runs: Sequence[Run], protocol: MeasurementProtocol, results: ResultPaths
) -> Candidate:
    for run in runs:
        files = results.run(run.folder, run.name)
        record = read_record(files.record)
        if record["status"] != "ok":
            return Candidate(point, None, None, f"{run.id}: {record['reason']}")
        check_output(record, files.history)
    epochs, value = protocol.choose([RecordedEpochs(run, cell, results) for run in runs])
    return Candidate(point, epochs, value)
