"""Training a few runs and counting all costs again: the same bits on the CPU, elsewhere within a tolerance."""

import csv
import io
import random
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from medattn.audit.context import AuditContext, Ended
from medattn.audit.finding import Finding
from medattn.errors import UserError
from medattn.layout import ResultPaths
from medattn.plan.model import Pack
from medattn.provenance.records import read_record

_CHECK = "replay"
# Elsewhere than on the same CPU the last bits differ and grow with the epochs: the first epoch is compared.
_TOLERANCE = 0.02


def replay(subject: AuditContext, count: int, seed: int) -> Iterator[Finding]:
    """Train `count` runs that are drawn with `seed` again and count costs, and yield what comes out otherwise.

    Raises:
        UserError: the images or the code are not those of the plan.
    """
    candidates = [ended for ended in subject.ended() if ended.record["status"] == "ok"]
    for ended in random.Random(seed).sample(candidates, min(count, len(candidates))):  # noqa: S311 (no secret)
        with tempfile.TemporaryDirectory(prefix="medattn-replay-") as name:
            yield from _again(subject, ended, ResultPaths(Path(name)))
    yield from _counted_again(subject)


def _again(subject: AuditContext, ended: Ended, results: ResultPaths) -> Iterator[Finding]:
    from medattn.training.pack import train_pack

    run = ended.run
    choices = subject.results.folder / "tuned"
    if choices.is_dir():
        shutil.copytree(choices, results.folder / "tuned")
    try:
        train_pack(subject.plan, Pack("replay", run.stage, ended.cell.dataset, (run.id,)), results)
    except UserError as error:
        yield Finding("error", run.id, "a training that can be repeated", str(error), check=_CHECK)
        return
    again = results.run(run.cell, run.name)
    record = read_record(again.record)
    same_machine = record["numerics"] == ended.record["numerics"] and (
        record["environment"]["packages"] == ended.record["environment"]["packages"]
    )
    if same_machine and record["numerics"]["device"] == "cpu":
        for name, facts in ended.record["outputs"].items():
            if record["outputs"].get(name, {}).get("sha256") != facts["sha256"]:
                yield Finding("error", run.id, f"the same {name}, bit for bit", "another one", check=_CHECK)
        return
    gap = _gap(load_file(ended.files.scores)["scores"], load_file(again.scores)["scores"])
    if gap > _TOLERANCE:
        expected = f"scores within {_TOLERANCE} after the first epoch (not the device or libraries of the record)"
        yield Finding("error", run.id, expected, f"{gap:.3g} apart on average", check=_CHECK)


def _counted_again(subject: AuditContext) -> Iterator[Finding]:
    path = subject.results.complexity
    if not path.is_file():
        return
    from medattn.complexity.rows import complexity_csv, complexity_rows
    from medattn.result_tables import COMPLEXITY

    rows = complexity_rows(subject.plan, subject.configuration.datasets, subject.root)
    expected, found = complexity_csv(rows), path.read_text(encoding="utf-8", errors="replace")
    # Columns of measured speed, which may stand beside them, come out otherwise each time.
    if _cells(expected, COMPLEXITY.columns) != _cells(found, COMPLEXITY.columns):
        remedy = "run `medattn complexity --write`, then `medattn audit --seal`"
        yield Finding("error", path.name, "what its networks cost", "something else", remedy, check=_CHECK)


def _cells(text: str, columns: Sequence[str]) -> list[list[str | None]]:
    return [[row.get(column) for column in columns] for row in csv.DictReader(io.StringIO(text))]


def _gap(first: np.ndarray, second: np.ndarray) -> float:
    """Return the mean distance of finite scores after the first epoch; infinity where images or classes differ."""
    if first.shape[1:] != second.shape[1:]:
        return float("inf")
    gaps = np.abs(first[0] - second[0])
    return float(gaps[np.isfinite(gaps)].mean())
