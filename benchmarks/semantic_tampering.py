"""Make every edit of consistent_edits.py on a finished folder, and print what finds it.

The forger seals twice: with the history of seals as it is, and with a new history, as if the folder had never been
sealed before. The audit and the replay judge the latter, which is harder.
"""

import logging
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.consistent_edits import EDITS, Edit
from benchmarks.forger import Forger
from benchmarks.tampering import FOLDER, SELECTION, finish

from medattn.audit.anchors import check_root
from medattn.audit.checks.chain import check_chain
from medattn.audit.context import AuditContext
from medattn.audit.finding import Finding
from medattn.audit.replay import replay
from medattn.audit.run_checks import run_checks
from medattn.files import read_json, sha256_of_value
from medattn.layout import ResultPaths
from medattn.plan.model import Pack, Plan
from medattn.plan.tuning_result import read_choice
from medattn.training import pack as pack_module


@dataclass(frozen=True)
class EditResult:
    """What finds an edit.

    Attributes:
        edit: what was edited.
        audit: the checks that find it, with a new history of seals.
        replay: whether training all runs again finds it.
        history: whether the history of seals shows it, where the forger keeps it.
        anchor: whether a kept root hash, and so a signature, shows it.
    """

    edit: str
    audit: tuple[str, ...]
    replay: bool
    history: bool
    anchor: bool

    @property
    def found(self) -> bool:
        """Whether the audit, the replay or the anchor finds the edit."""
        return bool(self.audit) or self.replay or self.anchor


def semantic_tampering(
    project: Path, edits: Iterable[Edit] = EDITS, tell: Callable[[EditResult], None] = lambda _: None
) -> list[EditResult]:
    """Make each edit on a copy of a finished project, and return what finds it.

    Args:
        project: what `finished_project` made.
        edits: the edits.
        tell: called with each result.
    """
    results, before = [], Path.cwd()
    root = str(read_json(project / FOLDER / "manifest.json")["root"])
    with tempfile.TemporaryDirectory(prefix="medattn-tampering-") as name, trained_once():
        try:
            for number, edit in enumerate(edits):
                copy = Path(name) / str(number) / "project"
                shutil.copytree(project, copy)
                os.chdir(copy)
                results.append(_result(edit, root))
                tell(results[-1])
        finally:
            os.chdir(before)
    return results


def finished_project(project: Path) -> None:
    """Make a finished and sealed folder with three seeds in `project`, and change the working directory to it."""
    finish(project, SELECTION.replace("seeds: [0, 1]", "seeds: [0, 1, 2]"))


def wrong(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Yield the findings that say that something does not hold."""
    yield from (finding for finding in findings if finding.severity in ("error", "warning"))


def _result(edit: Edit, root: str) -> EditResult:
    forger = Forger(FOLDER)
    edit(forger)
    forger.make_consistent()
    forger.seal()
    history = any(wrong(check_chain(AuditContext(FOLDER))))
    forger.begin_new_history()
    forger.seal()
    forger.command("render", "--report")
    context = AuditContext(FOLDER)
    audit = tuple(dict.fromkeys(finding.check for finding in wrong(run_checks(context))))
    replayed, _ = replay(AuditContext(FOLDER), None, 0)
    anchor = any(wrong(check_root(context, root)))
    text = " ".join((edit.__doc__ or edit.__name__).split())
    return EditResult(text, audit, any(wrong(replayed)), history, anchor)


@contextmanager
def trained_once() -> Iterator[None]:
    """Let a run with the same settings, seed, images and choice be trained once; further replays get its files."""
    train, kept = pack_module.train_pack, tempfile.TemporaryDirectory(prefix="medattn-tampering-")

    def train_once(plan: Plan, pack: Pack, results: ResultPaths) -> None:
        if len(pack.runs) > 1:
            train(plan, pack, results)
            return
        run = plan.runs[pack.runs[0]]
        folder, aside = results.run(run.cell, run.name).folder, Path(kept.name) / _identity(plan, run.id, results)
        if not aside.exists():
            train(plan, pack, results)
            shutil.copytree(folder, aside)
        shutil.copytree(aside, folder, dirs_exist_ok=True)

    pack_module.train_pack = train_once
    try:
        with kept:
            yield
    finally:
        pack_module.train_pack = train


def _identity(plan: Plan, run_id: str, results: ResultPaths) -> str:
    run = plan.runs[run_id]
    cell = plan.cells[run.cell]
    point: Any = run.grid_point
    if run.stage == "train" and cell.is_tuned:
        point = dict(read_choice(results, cell, run.seed, run.fold))
    images = read_json(Path(cell.prepared) / "manifest.json")["files"]
    return sha256_of_value([cell.settings.to_json(), run.id, point and dict(point), images])


def table(results: Iterable[EditResult]) -> Iterator[str]:
    """Yield the lines of a Markdown table."""
    heads = ("edit", "audit", "replay of all runs", "history of seals", "kept root hash or signature")
    yield f"| {' | '.join(heads)} |"
    yield "|" + "---|" * len(heads)
    for result in results:
        marks = ["found" if value else "-" for value in (result.replay, result.history, result.anchor)]
        audit = ", ".join(f"`{check}`" for check in result.audit) or "-"
        yield f"| {' | '.join([result.edit, audit, *marks])} |"


def main() -> int:
    """Print the table; return 1 if an edit was not found at all or the unchanged folder has a finding."""
    started = time.monotonic()
    logging.disable(logging.INFO)
    with tempfile.TemporaryDirectory(prefix="medattn-tampering-") as name:
        project = Path(name) / "project"
        project.mkdir()
        finished_project(project)
        if blamed := next(wrong(run_checks(AuditContext(FOLDER))), None):
            print(f"the unchanged folder: {blamed}")
            return 1
        os.chdir("/")
        results = semantic_tampering(project)
    print("\n".join(table(results)))
    by_audit = sum(bool(result.audit) for result in results)
    by_replay = sum(result.replay and not result.audit for result in results)
    rest = sum(not result.audit and not result.replay and result.anchor for result in results)
    print(
        f"\n{len(results)} edits: the audit finds {by_audit}, a replay {by_replay} of the others, and an anchor the "
        f"remaining {rest} ({time.monotonic() - started:.0f} s)"
    )
    return 0 if all(result.found for result in results) else 1
