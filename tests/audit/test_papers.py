"""The audit compares the papers with the seal and with the commits that hold them."""

import subprocess
from pathlib import Path

import pytest
from benchmarks.tampering import FOLDER

from medattn.audit.context import AuditContext
from medattn.audit.finding import Finding
from medattn.audit.paper_findings import paper_findings
from medattn.files import read_json

GIT = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org"]


def findings() -> list[Finding]:
    return list(paper_findings(AuditContext(FOLDER)))


def commit_papers() -> None:
    for arguments in (["init", "-q"], ["add", "papers"], ["commit", "-q", "-m", "Papers"]):
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
    assert finding.severity == "info" and "has the sealed file" in finding.found and str(paper) in finding.place


def test_papers_that_no_commit_holds_are_findings(paper):
    before = paper.read_text()
    paper.write_text(before + "# edited\n")
    commit_papers()
    (finding,) = findings()
    assert finding.severity == "error" and str(paper) in finding.place
    paper.write_text(before)
    (finding,) = findings()
    assert finding.severity == "warning" and "no commit has this file" in finding.found


def test_other_papers_without_a_commit_could_not_be_checked(paper):
    paper.write_text(paper.read_text() + "# edited\n")
    assert [finding.severity for finding in findings() if str(paper) in finding.place] == ["unchecked"]
    paper.unlink()
    assert [finding.severity for finding in findings() if str(paper) in finding.place] == ["unchecked"]
