"""Train a few runs again and count all costs again: bit-identical on the same CPU, elsewhere within a tolerance."""

import csv
import io
import random
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from medattn.audit.context import AuditContext
from medattn.audit.finding import Finding
from medattn.errors import UserError
from medattn.layout import ResultPaths
from medattn.plan.finished_run import FinishedRun
from medattn.plan.model import Pack
from medattn.provenance.records import read_record
from medattn.result_tables import COMPLEXITY
from medattn.training.score_file import RunScores, read_scores

_CHECK = "replay"
# On another device or library the last bits differ and the difference grows, so only the first epoch is compared.
_TOLERANCE = 0.02


def replay(context: AuditContext, count: int, seed: int) -> Iterator[Finding]:
    """Train `count` runs, selected with `seed`, and count all costs again; yield what differs from the folder.

    Raises:
        UserError: the images or the code are not those of the plan.
    """
    if context.other_plan_schema is not None:
        found = "a plan of another version of medattn: no run was replayed"
        yield Finding("unchecked", "plan.json", "runs to train again", found, "replay with that version", check=_CHECK)
        return
    candidates = [finished for finished in context.finished_runs() if finished.record["status"] == "ok"]
    for finished in random.Random(seed).sample(candidates, min(count, len(candidates))):  # noqa: S311 (no secret)
        with tempfile.TemporaryDirectory(prefix="medattn-replay-") as name:
            yield from _again(context, finished, ResultPaths(Path(name)))
    yield from _counted_again(context)


def _again(context: AuditContext, finished: FinishedRun, results: ResultPaths) -> Iterator[Finding]:
    from medattn.training.pack import train_pack

    run = finished.run
    choices = context.results.folder / "tuned"
    if choices.is_dir():
        shutil.copytree(choices, results.folder / "tuned")
    try:
        train_pack(context.plan, Pack("replay", run.stage, finished.cell.dataset, (run.id,)), results)
    except UserError as error:
        yield Finding("error", run.id, "a run that can be trained again", str(error), check=_CHECK)
        return
    again = results.run(run.cell, run.name)
    record = read_record(again.record)
    same_machine = record["numerics"] == finished.record["numerics"] and (
        record["environment"]["packages"] == finished.record["environment"]["packages"]
    )
    if same_machine and record["numerics"]["device"] == "cpu":
        for name, facts in finished.record["outputs"].items():
            if record["outputs"].get(name, {}).get("sha256") != facts["sha256"]:
                yield Finding("error", run.id, f"the same {name}, bit for bit", "another file", check=_CHECK)
        return
    gap = _gap(read_scores(finished.record, finished.files.scores), read_scores(record, again.scores))
    if gap > _TOLERANCE:
        expected = f"scores within {_TOLERANCE} after the first epoch (not the device or libraries of the record)"
        yield Finding("error", run.id, expected, f"{gap:.3g} apart on average", check=_CHECK)


def _counted_again(context: AuditContext) -> Iterator[Finding]:
    path = context.results.complexity
    if not path.is_file():
        return
    from medattn.complexity.rows import complexity_csv, complexity_rows

    rows = complexity_rows(context.plan, context.configuration.datasets, context.root)
    expected, found = complexity_csv(rows), path.read_text(encoding="utf-8", errors="replace")
    # Columns of measured speed, which differ each time, are not compared.
    if _cells(expected, COMPLEXITY.columns) != _cells(found, COMPLEXITY.columns):
        remedy = "run `medattn complexity --write`, then `medattn audit --seal`"
        yield Finding("error", path.name, "the costs of the networks", "other costs", remedy, check=_CHECK)


def _cells(text: str, columns: Sequence[str]) -> list[list[str | None]]:
    return [[row.get(column) for column in columns] for row in csv.DictReader(io.StringIO(text))]


def _gap(first: RunScores, second: RunScores) -> float:
    """Return the mean distance of the scores of the images' own classes after the first epoch.

    The distance is infinite where images or classes differ.
    """
    ones, others = first.evaluated, second.evaluated
    if (ones.count, ones.classes) != (others.count, others.classes):
        return float("inf")
    gaps = np.abs(ones.label_scores[0] - others.label_scores[0])
    return float(gaps[np.isfinite(gaps)].mean())
