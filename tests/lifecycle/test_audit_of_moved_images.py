"""The audit of a plan whose images were moved away, and back, finds nothing wrong."""

from collections.abc import Callable

import pytest

from medattn.audit.context import AuditContext
from medattn.audit.finding import Finding
from medattn.audit.run_checks import run_checks
from tests.conftest import Project
from tests.made_up_runs import finish_runs

from .conftest import configure

CHECKS = ["plan", "completeness", "records", "data"]


def wrong(project: Project) -> list[Finding]:
    findings = run_checks(AuditContext(project.results.folder), CHECKS)
    wrong = [finding for finding in findings if finding.severity in ("error", "warning")]
    return [finding for finding in wrong if "packs/" not in finding.place]


def frozen_again(project: Project) -> None:
    assert project.medattn("plan", "--write") == 0


def nothing(project: Project) -> None:
    pass


def move(project: Project) -> None:
    project.root.joinpath("pictures").rename(project.root / "elsewhere")


def move_prepared_too(project: Project) -> None:
    move(project)
    if (project.root / "data").exists():
        project.root.joinpath("data").rename(project.root / "data-elsewhere")


def restore(project: Project) -> None:
    project.root.joinpath("elsewhere").rename(project.root / "pictures")
    if (project.root / "data-elsewhere").exists():
        project.root.joinpath("data-elsewhere").rename(project.root / "data")


@pytest.mark.parametrize("away", [move, move_prepared_too])
@pytest.mark.parametrize("after_move", [nothing, frozen_again])
@pytest.mark.parametrize("after_return", [nothing, frozen_again])
def test_images_that_come_and_go_are_no_error(
    pictures: Project,
    away: Callable[[Project], None],
    after_move: Callable[[Project], None],
    after_return: Callable[[Project], None],
):
    configure(pictures, seeds=[0, 1])
    assert pictures.medattn("fetch", "--config", "config.yaml") == 0
    finish_runs(pictures.plan(), pictures.results)
    assert pictures.medattn("measure") == 0
    before = wrong(pictures)
    assert [finding for finding in before if finding.check == "plan"] == []
    away(pictures)
    after_move(pictures)
    assert [finding for finding in wrong(pictures) if finding not in before] == []
    restore(pictures)
    assert [finding for finding in wrong(pictures) if finding not in before] == []
    after_return(pictures)
    assert [finding for finding in wrong(pictures) if finding not in before] == []
