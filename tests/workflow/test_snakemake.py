"""The workflow, run with snakemake from the command line."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import Project

ROOT = Path(__file__).parents[2]
PAPER = {"recipe": {"epochs": 12}, "arms": {"gsa": {"options": {"cutoff_epoch": 6}}}}


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--cores", "2", *arguments]


def snakemake(project: Project, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*arguments), cwd=project.root, capture_output=True, text=True, check=False)


def kill_in_mid_training(project: Project) -> str:
    """Start the workflow and kill it with all its jobs, as a power failure does; return the interrupted run."""
    with subprocess.Popen(
        command(), cwd=project.root, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        deadline = time.monotonic() + 120
        while not (found := list(project.results.folder.glob("runs/*/*/checkpoint.pt"))):
            assert process.poll() is None, process.stderr and process.stderr.read()
            assert time.monotonic() < deadline
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    return str(found[0].parent.relative_to(project.results.folder / "runs"))


@pytest.mark.heavy
@pytest.mark.workflow
def test_a_selection_from_kill_to_report(project):
    project.configure(PAPER, checkpoint=1)
    shown = snakemake(project, "-n")
    assert shown.returncode == 0, shown.stderr
    assert "Plan of the selection 'trial'" in shown.stderr
    assert "2 of 2 cells can be run: 6 runs in 2 packs, 0 done" in shown.stderr
    assert not (project.results.folder / "runs").exists()

    killed = kill_in_mid_training(project)
    done = snakemake(project)
    assert done.returncode == 0, done.stderr
    assert len(project.record(killed)["sessions"]) == 2
    assert len(list((project.results.folder / "runs").glob("*/*/record.json"))) == 6
    for name in (
        "measurements.csv",
        "epochs.csv",
        "comparisons.csv",
        "claims.csv",
        "tables/tiny-table.md",
        "figures/tiny-figure.png",
        "report.html",
    ):
        assert (project.results.folder / name).stat().st_size > 0
    with project.results.measurements.open() as stream:
        assert {row["status"] for row in csv.DictReader(stream)} == {"measured"}

    again = snakemake(project)
    assert again.returncode == 0
    assert "Nothing to be done" in again.stderr
    assert "6 done" in again.stderr
    audited = snakemake(project, "audited")
    assert audited.returncode == 0, audited.stderr
    assert json.loads(project.results.audit.read_text())["outcome"] == "holds"
    assert json.loads(project.results.audit.read_text())["findings"] == []
    report = snakemake(project, "--report", "results/trial/snakemake-report.html")
    assert report.returncode == 0, report.stderr
    html = (project.results.folder / "snakemake-report.html").read_text()
    assert "tiny-table" in html and "tiny-figure" in html

    pack = next(path for path in (project.results.folder / "packs").iterdir() if path.name.startswith("train."))
    kept = json.loads(pack.read_text())
    stamps = {path: path.stat().st_mtime_ns for path in (project.results.folder / "runs").rglob("*")}
    pack.unlink()
    part = snakemake(project, "trained")
    assert part.returncode == 0, part.stderr
    assert json.loads(pack.read_text()) == kept
    assert {path: path.stat().st_mtime_ns for path in (project.results.folder / "runs").rglob("*")} == stamps


@pytest.mark.workflow
def test_an_invalid_selection_is_one_line_with_exit_code_2_and_starts_nothing(project):
    (project.root / "mine.yaml").write_text("selection: trial\npapers: {tiny: {}}\nsedes: [0]\n")
    before = set(project.root.rglob("*"))
    for arguments in (["-n"], []):
        done = snakemake(project, "--configfile", "mine.yaml", *arguments)
        assert done.returncode == 2
        said = [line for line in done.stderr.splitlines() if not line.startswith("Using workflow specific profile")]
        assert said == ["medattn: mine.yaml: unknown key 'sedes'; did you mean 'seeds'?"]
    assert {path for path in project.root.rglob("*") if ".snakemake" not in path.parts} == before


@pytest.mark.heavy
@pytest.mark.workflow
def test_a_failing_job_prints_one_line_and_the_other_jobs_finish(project):
    classifier = {"vanilla": None, "gsa": None, "svm": {"classifier": "svm"}}
    broken = {
        "title": "Broken",
        "classes": ["a", "b"],
        "path": "broken.npz",
        "source": {"kind": "medmnist", "set": "broken", "url": "http://localhost/broken.npz", "md5": "0" * 32,
                   "bytes": 7},
    }  # fmt: skip
    project.configure(
        {"arms": classifier, "backbones": None, "figures": None},
        papers={"tiny": {"datasets": ["phantom", "broken"]}},
        datasets={"broken": broken},
    )
    (project.root / "broken.npz").write_bytes(b"garbage")
    done = snakemake(project, "--keep-going", "trained")
    assert done.returncode == 1
    assert "broken.npz: its MD5 is" in done.stderr
    records = list((project.results.folder / "runs").glob("tiny.phantom.none.svm/*/record.json"))
    assert len(records) == 1
