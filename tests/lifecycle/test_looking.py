"""Looking changes nothing: dry runs and reading commands write no file, whatever the selection says meanwhile."""

import subprocess
import sys
from pathlib import Path

import pytest

from medattn.__main__ import main
from medattn.files import write_json
from medattn.plan.plan_file import read_plan
from medattn.training import plan_owners
from medattn.training.lease import EXPIRY, process_identity
from medattn.training.plan_owners import PlanOwner
from tests.conftest import Project

from .conftest import configure, content

ROOT = Path(__file__).parents[2]
READING = [
    ["plan"],
    ["plan", "--format", "csv"],
    ["status"],
    ["status", "results/trial", "--format", "json"],
    ["summary"],
    ["why", "tiny.mine.net.se"],
    ["next"],
    ["power"],
    ["complexity", "--format", "csv"],
    ["claims"],
    ["fetch", "--list"],
    ["fetch", "--list", "--format", "json"],
    ["diff", "results/trial", "results/trial"],
]


def snakemake(project: Project, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--cores", "1", *arguments]
    return subprocess.run(command, cwd=project.root, capture_output=True, text=True, check=False)


@pytest.fixture
def compared(trained: Project) -> Project:
    for command in ("compare", "judge", "answer"):
        assert trained.medattn(command) == 0
    return trained


@pytest.mark.parametrize("command", READING, ids=" ".join)
@pytest.mark.parametrize("edited", [False, True])
def test_reading_commands_write_nothing(compared, command, edited):
    if edited:
        configure(compared, {"recipe": {"epochs": 5}}, seeds=[0, 7])
    before = content(compared)
    assert main(command) == 0
    assert content(compared) == before


def test_every_command_is_known_as_one_that_reads_or_writes():
    writing = {
        "measure",
        "compare",
        "judge",
        "answer",
        "render",
        "train",
        "tune",
        "audit",
        "crate",
        "export",
        "run",
        "demo",
        "new",
    }
    commands = {path.stem for path in (ROOT / "workflow/medattn/commands").glob("*.py")} - {
        "__init__",
        "output_format",
        "selection",
    }
    unknown = commands - {command[0] for command in READING} - writing
    assert not unknown - {"replay", "seal"}, "name it in READING, or among those that write"


@pytest.mark.heavy
@pytest.mark.workflow
def test_snakemake_writes_only_when_work_starts(trained):
    trained.results.measurements.unlink()
    done = snakemake(trained, "measured")
    assert done.returncode == 0, done.stderr
    configure(trained, seeds=[0, 1])
    before = content(trained)
    for mode in (["-n"], ["--lint"], ["--summary"]):
        looked = snakemake(trained, *mode)
        assert looked.returncode == 0, looked.stderr
        assert content(trained) == before, mode
    assert "2 removed" in looked.stderr
    stopped = snakemake(trained, "measured")
    assert stopped.returncode == 2
    said = [line for line in stopped.stderr.splitlines() if line.startswith("medattn: ")]
    assert len(said) == 1
    assert "seed 2 is not asked for" in said[0]
    assert "--config allow_fewer=true" in said[0]
    assert content(trained) == before

    configure(trained)
    (trained.root / "pictures").rename(trained.root / "elsewhere")
    kept = trained.results.measurements.read_bytes()
    again = snakemake(trained, "measured")
    assert again.returncode == 0, again.stderr
    assert trained.results.measurements.read_bytes() == kept
    assert not list(trained.results.folder.glob(".owner-*"))

    configure(trained, seeds=[0, 1])
    fewer = snakemake(trained, "measured", "--config", "allow_fewer=true")
    assert fewer.returncode == 0, fewer.stderr
    assert "allow_fewer" not in trained.results.plan.read_text()
    assert trained.results.measurements.read_bytes() != kept
    assert {run.seed for run in read_plan(trained.results.plan).runs.values()} == {0, 1}


def test_a_running_workflow_keeps_its_plan(trained, capsys):
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        owner = trained.results.folder / ".owner-1"
        write_json(owner, process_identity(other.pid))
        assert trained.medattn("plan", "--write") == 0, "the same plan may be written again"
        configure(trained, seeds=[0, 1, 2, 3])
        before = content(trained)
        capsys.readouterr()
        assert trained.medattn("plan", "--write") == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert f"process {other.pid}" in line
        assert trained.medattn("train") == 2
        assert trained.medattn("plan", "--write", "--allow-fewer") == 2
        assert content(trained) == before
        assert trained.medattn("plan") == 0
        other.communicate(b"\n")
    assert trained.medattn("plan", "--write") == 0
    assert not owner.exists()


def test_an_owner_on_another_machine_counts_until_it_is_silent(trained, monkeypatch):
    owner = trained.results.folder / ".owner-1"
    write_json(owner, {**process_identity(1), "host": "elsewhere", "boot": "another"})
    configure(trained, seeds=[0, 1, 2, 3])
    assert trained.medattn("plan", "--write") == 2
    now = plan_owners.time.time()
    monkeypatch.setattr(plan_owners.time, "time", lambda: now + EXPIRY + 1)
    assert trained.medattn("plan", "--write") == 0


def test_a_process_that_ends_gives_the_plan_up(trained):
    owner = PlanOwner(trained.results)
    assert list(trained.results.folder.glob(".owner-*"))
    owner.end()
    assert not list(trained.results.folder.glob(".owner-*"))
