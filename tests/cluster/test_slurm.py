"""`snakemake --profile slurm` on a real Slurm, left alone and disturbed, gives the bytes of this process."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from medattn.plan.frozen import Pack
from tests.cluster.conftest import Slurm
from tests.conftest import Project

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
# Long enough to be hit, short enough to wait for.
PAPER = {
    "recipe": {"epochs": 24},
    "arms": {"gsa": {"options": {"cutoff_epoch": 12}}},
    "protocol": {"measured_epochs": 5},
}
# No waiting for what takes seconds.
HASTE = ["--slurm-init-seconds-before-status-checks", "2", "--latency-wait", "20"]


def configure(project: Project, pack: int) -> None:
    project.configure(PAPER, pack_cells=False, seeds=[0, 1], pack=pack, device="auto")
    (project.root / "slurm").symlink_to(ROOT / "slurm")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> tuple[dict[str, bytes], bytes]:
    """What the runs and the measuring write without a cluster."""
    project = Project(tmp_path_factory.mktemp("undisturbed"))
    project.configure(PAPER, seeds=[0, 1])
    for command in ("train", "measure"):
        done = project.process(command)
        assert done.returncode == 0, done.stderr
    return project.outputs(), project.results.measurements.read_bytes()


def submit(project: Project) -> subprocess.Popen[str]:
    """Start what a person types in a checkout."""
    command = [sys.executable, "-m", "snakemake", "--profile", "slurm", "--snakefile", str(ROOT / "Snakefile"), *HASTE]
    with (project.root / "said").open("w") as said:
        return subprocess.Popen(command, cwd=project.root, stdout=said, stderr=subprocess.STDOUT, text=True)


def wait_for(what: Callable[[], object], process: subprocess.Popen[str], project: Project, seconds: float = 600):
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert process.poll() is None, (project.root / "said").read_text()
        assert time.monotonic() < deadline, (project.root / "said").read_text()
        time.sleep(0.1)
    return found


def epochs_of(project: Project, run: str) -> int:
    sessions = project.files(run).folder / "sessions.json"
    try:
        return int(json.loads(sessions.read_text())[-1]["epochs_at_end"])
    except FileNotFoundError:
        return 0


def end(process: subprocess.Popen[str], project: Project) -> None:
    code = process.wait(timeout=900)
    assert code == 0, (project.root / "said").read_text()


def test_the_profile_trains_on_two_nodes_to_the_same_bytes(slurm: Slurm, project: Project, undisturbed) -> None:
    configure(project, pack=2)
    process = submit(project)
    wait_for(lambda: slurm.say("squeue", "--noheader"), process, project)
    asked = slurm.say("scontrol", "show", "job", "--oneliner")
    assert "gres/gpu=1" in asked or "gres:gpu:1" in asked, asked
    assert "Requeue=1" in asked
    end(process, project)
    outputs, measurements = undisturbed
    assert project.outputs() == outputs
    assert project.results.measurements.read_bytes() == measurements
    records = [project.record(run)["scheduler"] for run in project.plan().runs]
    assert {record["slurm_node"] for record in records} == {"n1", "n2"}
    logs = project.root / "results" / "slurm-logs"
    assert {record["slurm_job_id"] for record in records} <= {path.stem for path in logs.rglob("*.log")}


def test_a_dead_node_a_cancelled_job_and_a_sigterm_change_nothing(slurm: Slurm, project: Project, undisturbed) -> None:
    configure(project, pack=1)
    process = submit(project)
    packs = [pack for pack in project.plan().packs.values() if pack.stage == "tune"]
    assert len(packs) >= 3
    hit: dict[str, tuple[str, int]] = {}

    def under_way(pack: Pack) -> tuple[str, str] | None:
        """The running job of a pack that has trained some epochs of a run that it has not finished."""
        begun = [run for run in pack.runs if epochs_of(project, run) >= 2]
        job = slurm.job_of(pack.id)
        return job if begun and job else None

    def disturb(pack: Pack, how: Callable[[str, str], object]) -> None:
        job, node = wait_for(lambda: under_way(pack), process, project)
        run = next(run for run in pack.runs if epochs_of(project, run) >= 2)
        hit[run] = (job, epochs_of(project, run))
        how(job, node)

    cancelled, stopped, dead = packs[:3]
    disturb(cancelled, lambda job, node: slurm.say("scancel", job))
    disturb(stopped, lambda job, node: slurm.say("scancel", "--signal=TERM", job))
    killed: list[str] = []
    disturb(dead, lambda job, node: (slurm.kill_node(node), killed.append(node)))
    try:
        end(process, project)
    finally:
        slurm.start_node(killed[0])
    outputs, measurements = undisturbed
    assert project.outputs() == outputs
    assert project.results.measurements.read_bytes() == measurements
    for run, (_, epochs) in hit.items():
        sessions = project.record(run)["sessions"]
        assert len(sessions) >= 2, f"{run} was begun once only"
        assert sessions[0]["epochs_at_end"] >= epochs, "no finished epoch was lost"
    assert "stopped by SIGTERM" in (project.root / "said").read_text() or any(
        "stopped by SIGTERM" in path.read_text() for path in project.results.folder.rglob("logs/cross_validate/*.log")
    )
