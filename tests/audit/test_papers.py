"""The audit compares the papers with the seal and with the commits that hold them."""

import subprocess
from pathlib import Path

import pytest
from benchmarks.tampering import FOLDER

from medattn.audit.context import AuditContext
from medattn.audit.finding import Finding
from medattn.audit.paper_findings import paper_findings
from medattn.audit.run_checks import run_checks
from medattn.files import read_json

GIT = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org"]


def findings() -> list[Finding]:
    return list(paper_findings(AuditContext(FOLDER)))


def commit_papers() -> None:
    for arguments in (["init", "-q"], ["add", "papers"], ["commit", "-q", "--allow-empty", "-m", "Papers"]):
        subprocess.run([*GIT, *arguments], check=True)


@pytest.fixture
def paper(finished) -> Path:
    names = [name for name in read_json(finished.manifest)["papers"] if name.endswith("paper.yaml")]
    return Path(names[0])


def test_sealed_papers_outside_of_a_repository_are_no_finding(paper):
    assert findings() == []


def test_papers_that_a_commit_holds_are_no_finding_and_later_changes_are_said(paper):
    commit_papers()
    assert findings() == []
    paper.write_text(paper.read_text() + "# edited\n")
    (finding,) = findings()
    assert finding.severity == "info" and "has the sealed one" in finding.found and str(paper) in finding.place


def test_sealed_papers_that_no_commit_of_a_repository_holds_are_a_warning(paper):
    before = paper.read_text()
    paper.write_text(before + "# edited\n")
    commit_papers()
    assert findings() == [], "the check of the seal reports papers that differ"
    paper.write_text(before)
    (finding,) = findings()
    assert finding.severity == "warning" and "no commit has this file" in finding.found and str(paper) in finding.place


@pytest.mark.parametrize("commits", [[], ["edited"], ["sealed", "edited"]], ids=" then ".join)
@pytest.mark.parametrize("change", ["edited", "removed", "one more"])
def test_other_papers_never_pass_in_silence_whatever_was_committed(paper, commits, change):
    before, more = paper.read_text(), paper.with_name("more.csv")

    def edit() -> None:
        if change == "edited":
            paper.write_text(before + "# edited\n")
        elif change == "removed":
            paper.unlink()
        else:
            more.write_text("a\n")

    if "sealed" in commits:
        commit_papers()
    edit()
    if "edited" in commits:
        commit_papers()
    found = [finding for finding in run_checks(AuditContext(FOLDER), ["seal"]) if finding.severity != "info"]
    assert [finding.severity for finding in found] == ["unchecked"] * len(found)
    place = {"edited": str(paper), "removed": str(paper.parent), "one more": str(more)}[change]
    assert [finding.place for finding in found] == [place]
