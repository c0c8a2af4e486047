"""Draw of the runs that a replay trains again: every kind of run can be drawn, deciding ones more often."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from medattn.audit.context import AuditContext
from medattn.errors import UserError
from medattn.layout import RunPaths
from medattn.plan.model import Cell, Run
from medattn.provenance.records import failure_reason, read_record
from medattn.reading import read_csv

DECIDES, TUNES, OTHER = 4.0, 2.0, 1.0
"""Weights in the draw: of measured runs of the arms that a verdict compares, of the tuning runs of these arms, and of
all other runs."""
_NOT_DECIDED = ("", "not measured")


@dataclass(frozen=True)
class ReplayCandidate:
    """A run that can be trained again: it succeeded, diverged, was skipped, or failed.

    Attributes:
        run: the run.
        cell: its cell.
        files: paths of its files.
        record: its record; empty if the run failed.
        failure: why the run failed; empty if it has a record.
        weight: weight in the draw.
    """

    run: Run
    cell: Cell
    files: RunPaths
    record: dict[str, Any]
    failure: str
    weight: float

    @property
    def status(self) -> str:
        """How the run ended: ok, diverged, skipped or failed."""
        return str(self.record["status"]) if self.record else "failed"


def candidates(context: AuditContext) -> list[ReplayCandidate]:
    """Return every run of the plan that has ended, in the order of the plan."""
    return list(_candidates(context, _deciding_cells(context)))


def draw(among: Sequence[ReplayCandidate], count: int | None, seed: int) -> list[ReplayCandidate]:
    """Draw runs without replacement, with probabilities in proportion to their weights.

    Each run gets the key u^(1/weight) with a random u, and the highest keys are taken (Efraimidis and Spirakis, 2006).

    Args:
        among: the candidates.
        count: number of runs; None for all, in their order.
        seed: seed of the draw; the same seed draws the same runs of the same candidates.
    """
    if count is None:
        return list(among)
    source = random.Random(seed)  # noqa: S311 (the seed is drawn at random, and shown so that others can repeat it)
    by_name = sorted(among, key=lambda candidate: candidate.run.id)
    keys = {candidate.run.id: source.random() ** (1 / candidate.weight) for candidate in by_name}
    return sorted(by_name, key=lambda candidate: keys[candidate.run.id], reverse=True)[:count]


def _candidates(context: AuditContext, deciding: set[str]) -> Iterator[ReplayCandidate]:
    for run in context.plan.runs.values():
        cell, files = context.plan.cells[run.cell], context.results.run(run.folder, run.name)
        weight = OTHER if deciding.isdisjoint(run.cells) else DECIDES if run.stage == "train" else TUNES
        try:
            if files.record.is_file():
                yield ReplayCandidate(run, cell, files, read_record(files.record), "", weight)
            elif files.failure.is_file():
                yield ReplayCandidate(run, cell, files, {}, failure_reason(files.failure), weight)
        except (UserError, OSError):  # the checks of completeness and records report it
            continue


def _deciding_cells(context: AuditContext) -> set[str]:
    """Return the cells whose values decide a verdict in claims.csv."""
    arms: set[tuple[str, ...]] = set()
    try:
        rows = read_csv(context.results.claims, ["verdict"])
    except UserError:  # the checks of seal and tables report it
        return set()
    for row in rows:
        if row["verdict"] not in _NOT_DECIDED:
            place = tuple(row.get(key, "") for key in ("paper", "dataset", "backbone"))
            arms.update((*place, row.get(key, "")) for key in ("arm", "against"))
    cells = context.plan.cells.values()
    return {cell.id for cell in cells if (cell.paper, cell.dataset, cell.backbone, cell.arm) in arms}
