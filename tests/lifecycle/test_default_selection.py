"""The whole default selection, with made-up runs, from measuring to the audit."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from medattn.answer.table import write_answer
from medattn.audit import recomputed
from medattn.audit.context import AuditContext
from medattn.audit.manifest import seal
from medattn.audit.registry import CHECKS
from medattn.audit.run_checks import run_checks
from medattn.commands.selection import Selected, freeze
from medattn.compare.table import write_comparisons
from medattn.config.load import read_configuration
from medattn.judge.table import write_claims
from medattn.layout import ResultPaths
from medattn.measure.collect import write_measurements
from medattn.plan import expand
from medattn.plan.model import Plan
from medattn.plan.progress import progress_of
from medattn.render.inputs import read_inputs
from medattn.render.render_selection import render
from tests.made_up_runs import finish_runs

ROOT = Path(__file__).parents[2]
EPOCHS, MEASURED = 8, 3


def quick(paper: Any) -> Any:
    """Return a paper with few epochs and folds and with one point per grid; its cells stay the same."""
    if not isinstance(paper, Mapping):
        return paper
    few = {"epochs": EPOCHS, "measured_epochs": MEASURED, "folds": 2, "cutoff_epoch": EPOCHS // 2}
    changed = {key: quick(value) for key, value in paper.items()}
    changed |= {key: min(value, few[key]) for key, value in paper.items() if key in few and isinstance(value, int)}
    if isinstance(paper.get("grid"), Mapping):
        changed["grid"] = {key: values[:1] for key, values in paper["grid"].items() if key != "recipe.epochs"}
    return changed


def freeze_again(configuration: Any) -> tuple[Plan, ResultPaths]:
    plan, results = expand.make_plan(configuration), expand.results_of(configuration)
    freeze(Selected(configuration, plan, results), progress_of(plan, results))
    return plan, results


@pytest.mark.heavy
def test_the_default_selection_passes_its_own_audit_without_its_images(tmp_path, monkeypatch):
    shutil.copytree(ROOT / "papers", tmp_path / "papers")
    selection = yaml.safe_load((ROOT / "config.yaml").read_text())
    (tmp_path / "config.yaml").write_text(yaml.safe_dump({**selection, "seeds": [0]}, sort_keys=False))
    for name in selection["papers"]:
        path = tmp_path / f"papers/{name}/paper.yaml"
        path.write_text(yaml.safe_dump(quick(yaml.safe_load(path.read_text())), sort_keys=False))
    monkeypatch.chdir(tmp_path)
    configuration = read_configuration(Path("config.yaml"), Path())
    with monkeypatch.context() as images:
        images.setattr(expand, "missing_reason", lambda *_: None)
        images.setattr(expand, "missing_weights_reason", lambda *_: None)
        plan, results = freeze_again(configuration)
        runnable = [cell for cell in plan.cells.values() if cell.missing is None]
        finish_runs(plan, results, {run.id for run in plan.runs.values() if plan.cells[run.cell].missing is None})

    # All images are gone: every finished run stays in the plan and is measured, and no pack trains it again.
    plan, results = freeze_again(configuration)
    assert not plan.packs
    write_measurements(plan, results)
    write_comparisons(results, configuration)
    write_claims(results, configuration, plan, Path())
    write_answer(results, configuration)
    inputs = read_inputs(results, configuration, Path())
    measured = inputs.measurements[inputs.measurements["status"] == "measured"]
    cells = ["paper", "experiment", "dataset", "backbone", "arm"]
    assert len(measured.drop_duplicates(cells)) == len(runnable)
    # The figures, which take most of the time, have tests with fewer cells.
    monkeypatch.setattr(recomputed, "render", lambda again: render(again, figures=[]))
    render(inputs, figures=[])
    seal(results, plan)
    # The check of the report takes as long as all others, and has tests, too.
    checks = [name for name in CHECKS if name != "report"]
    findings = run_checks(AuditContext(results.folder), checks)
    assert [found for found in findings if found.severity in ("error", "warning")] == []
