"""Consistent edits: what the documentation says about each is true, and each is found by something."""

from pathlib import Path

import pytest
from benchmarks import consistent_edits as edits
from benchmarks.semantic_tampering import finished_project, semantic_tampering, wrong
from benchmarks.tampering import FOLDER

from medattn.audit.context import AuditContext
from medattn.audit.run_checks import run_checks

from .conftest import without_commit

ROOT = Path(__file__).parents[2]
MARKS = {"found": True, "-": False}


def documented() -> dict[str, list[str]]:
    """Return the table in docs/audit.md: audit, replay, history and anchor for each edit."""
    section = (ROOT / "docs/audit.md").read_text().partition("## What finds which forgery")[2].partition("\n## ")[0]
    rows = [line.strip("|").split(" | ") for line in section.splitlines() if line.startswith("| ")][1:]
    return {row[0].strip(): [cell.strip() for cell in row[1:]] for row in rows}


def words(edit: edits.Edit) -> str:
    return " ".join((edit.__doc__ or "").split())


def test_every_edit_is_in_the_documentation_and_found_by_something():
    table = documented()
    assert list(table) == [words(edit) for edit in edits.EDITS]
    assert len(table) >= 20
    for edit, (audit, replay, _, anchor) in table.items():
        assert audit != "-" or MARKS[replay] or MARKS[anchor], edit


def test_the_documentation_counts_what_is_found():
    table = documented().values()
    audit = sum(row[0] != "-" for row in table)
    replay = sum(row[0] == "-" and MARKS[row[1]] for row in table)
    text = " ".join((ROOT / "docs/audit.md").read_text().split())
    assert f"The audit alone finds {audit} of {len(table)}. A replay of all runs finds {replay} of the others." in text
    assert f"The remaining {len(table) - audit - replay} are found only" in text
    assert f"{audit} of {len(table)} kinds of edits" in (ROOT / "SECURITY.md").read_text()


@pytest.fixture(scope="module")
def finished_selection(tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = tmp_path_factory.mktemp("semantic") / "project"
    project.mkdir()
    with without_commit():
        finished_project(project)
        assert not list(wrong(run_checks(AuditContext(FOLDER))))
    return project


@pytest.mark.heavy
def test_edits_are_found_by_what_the_documentation_says(finished_selection):
    chosen = (edits.improve_scores, edits.call_diverged, edits.remove_seed)
    for result in semantic_tampering(finished_selection, chosen):
        audit, *rest = documented()[result.edit]
        assert ", ".join(f"`{check}`" for check in result.audit) == ("" if audit == "-" else audit)
        assert [result.replay, result.history, result.anchor] == [MARKS[mark] for mark in rest]
