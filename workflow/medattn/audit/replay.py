"""Train runs again, and count all costs again."""

import csv
import io
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import chdir, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from medattn.audit.advice import advised
from medattn.audit.context import AuditContext
from medattn.audit.finding import Finding
from medattn.audit.obstacles import (
    absent_images,
    absent_mechanisms,
    absent_papers,
    absent_weights,
    explained,
    other_code,
    own_code_not_run,
    unreadable,
    unreadable_file,
)
from medattn.audit.problems import problem
from medattn.audit.replay_compare import compare
from medattn.audit.replay_draw import ReplayCandidate, candidates, draw
from medattn.audit.unusable_plan import unusable_plan
from medattn.config.networks.catalog import weights_model
from medattn.errors import UserError
from medattn.layout import ResultPaths, weights_file
from medattn.own_code import without_bytecode
from medattn.plan.model import Pack
from medattn.provenance.code import code_digest
from medattn.reading import read_bytes
from medattn.result_tables import COMPLEXITY

_CHECK = "replay"


def replay(context: AuditContext, count: int | None, seed: int) -> tuple[list[Finding], dict[str, Any]]:
    """Train runs again, and count all costs again.

    Args:
        context: the results folder.
        count: number of runs; None for all.
        seed: seed that draws them.

    Returns:
        What differs from the folder; and the draw: the seed, the number of candidates, the runs, and how many of them
        are identical.
    """
    drawn: dict[str, Any] = {"asked": "all" if count is None else count, "seed": seed, "candidates": 0, "runs": []}
    drawn["identical"] = 0
    findings: list[Finding] = []
    context.check = _CHECK
    with chdir(context.root), without_bytecode():
        if context.unusable_plan:
            findings.append(unusable_plan(context, "no run was replayed"))
        elif context.project.absent:
            findings += absent_papers(context)
        elif context.own_code and not context.may_run_own_code:
            what = f"{', '.join(context.own_code)}: no run was replayed"
            findings.append(own_code_not_run("own code", "own code that may be run", what))
        else:
            among = candidates(context)
            chosen = _with_reasons(draw(among, count, seed), among)
            drawn.update(candidates=len(among), runs=[candidate.run.id for candidate in chosen])
            for candidate in chosen:
                found = list(_replayed(context, candidate))
                drawn["identical"] += not any(finding.severity != "info" for finding in found)
                findings += found
            findings += _counted_again(context)
    return [advised(context, replace(finding, check=_CHECK)) for finding in findings], drawn


def _with_reasons(chosen: Sequence[ReplayCandidate], among: Sequence[ReplayCandidate]) -> list[ReplayCandidate]:
    """Add the tuning runs that the reasons of skipped runs name: a reason holds only if these diverge again."""
    named = [
        other
        for candidate in chosen
        if candidate.status == "skipped"
        for other in among
        if other.run.stage == "tune" and other.run.id in str(candidate.record["reason"])
    ]
    return list({candidate.run.id: candidate for candidate in [*chosen, *named]}.values())


def _replayed(context: AuditContext, candidate: ReplayCandidate) -> Iterator[Finding]:
    """Train one run again, unless something that it needs is not here, and compare it."""
    if obstacles := list(_obstacles(context, candidate)):
        yield from obstacles
        return
    with tempfile.TemporaryDirectory(prefix="medattn-replay-") as name:
        try:
            yield from _again(context, candidate, ResultPaths(Path(name) / "again"), ResultPaths(Path(name) / "tuned"))
        except (UserError, OSError, KeyError, TypeError, ValueError, AttributeError) as error:
            if (cause := unreadable(error)) is not None:
                yield unreadable_file(candidate.run.id, cause)
            else:
                text = problem(error)
                yield Finding("error", candidate.run.id, "a run that can be trained again", text)


def _again(
    context: AuditContext, candidate: ReplayCandidate, results: ResultPaths, tuning: ResultPaths
) -> Iterator[Finding]:
    from medattn.training.failures import RunsFailedError
    from medattn.training.pack import train_pack
    from medattn.tuning.choose import write_choices

    run, cell = candidate.run, candidate.cell
    results.folder.mkdir()
    if cell.is_tuned and run.stage == "train":
        # The choice is made again from the tuning runs, so that the folder's own file decides nothing.
        tuning.folder.mkdir()
        (tuning.folder / "runs").symlink_to(context.results.folder / "runs")
        write_choices(context.plan, cell.group, tuning)
        (results.folder / "tuned").symlink_to(tuning.folder / "tuned")
    with suppress(RunsFailedError):  # the comparison reads the reason
        train_pack(context.plan, Pack("replay", run.stage, cell.dataset, (run.id,)), results)
    yield from compare(candidate, results.run(run.folder, run.name))


def _obstacles(context: AuditContext, candidate: ReplayCandidate) -> Iterator[Finding]:
    """Yield a finding for everything that a run needs and this machine lacks: code, images, weights, a GPU."""
    run, settings = candidate.run.id, candidate.cell.settings
    what = "the code of the run"
    try:
        if code_digest(*settings.code_names) != settings.code_digest:
            yield other_code(context, run, what, "other code is installed: the run was not replayed")
    except UserError as error:
        yield absent_mechanisms(context, run, what, f"{error}: the run was not replayed")
    if not context.has_images(candidate.cell.prepared):
        yield absent_images(context, candidate.cell.prepared, f"not on this machine: {run} was not replayed")
    backbone = settings.backbone
    model = weights_model(backbone.model) if backbone and backbone.weights == "imagenet" else None
    if model is not None:
        path = weights_file(context.at_root(context.configuration.selection.data), model)
        if not path.is_file():
            yield absent_weights(context, run, "ImageNet weights", model, str(path))
    if (candidate.record.get("numerics") or {}).get("device", "cpu") != "cpu" and not _has_gpu():
        remedy = "replay it on a machine with a GPU"
        yield Finding("unchecked", run, "a GPU, as in the record", "none", remedy, cause="no GPU on this machine")


def _has_gpu() -> bool:
    import torch

    return torch.cuda.is_available()


def _counted_again(context: AuditContext) -> Iterator[Finding]:
    path = context.results.complexity
    if not path.is_file():
        return
    from medattn.complexity.rows import complexity_csv, complexity_rows

    try:
        rows = complexity_rows(context.plan, context.configuration.datasets, context.root)
        expected, found = complexity_csv(rows), read_bytes(path).decode(errors="replace")
    except (UserError, OSError) as error:
        if (cause := unreadable(error)) is not None:
            yield unreadable_file(path.name, cause)
        else:
            yield explained(context, Finding("error", path.name, "costs that can be counted again", str(error)))
        return
    # Columns of measured speed, which differ each time, are not compared.
    if _cells(expected, COMPLEXITY.columns) != _cells(found, COMPLEXITY.columns):
        remedy = "run `medattn complexity --write --plan {plan}`, then `medattn audit {folder} --seal`"
        yield explained(context, Finding("error", path.name, "the costs of the networks", "other costs", remedy))


def _cells(text: str, columns: Sequence[str]) -> list[list[str | None]]:
    return [[row.get(column) for column in columns] for row in csv.DictReader(io.StringIO(text))]
