"""`snakemake --profile slurm` on a real cluster, interrupted or not, gives the same bytes as this process."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cluster.conftest import Slurm
from tests.conftest import Project

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.slow,
    pytest.mark.skipif("MEDATTN_SLURM" not in os.environ, reason="no Slurm: `.ci/slurm start FOLDER` starts one"),
]

ROOT = Path(__file__).parents[2]
# Runs long enough to be interrupted, and short enough for a test.
PAPER = {
    "recipe": {"epochs": 40},
    "arms": {"gsa": {"options": {"cutoff_epoch": 20}}},
    "protocol": {"measured_epochs": 5},
}
# Shorter waits than in the profile: these jobs take seconds.
HASTE = ["--slurm-init-seconds-before-status-checks", "2", "--latency-wait", "20"]


def configure(project: Project, pack: int) -> None:
    project.configure(PAPER, pack_across_cells=False, seeds=[0, 1], pack=pack, device="auto")
    (project.root / "slurm").symlink_to(ROOT / "slurm")


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory) -> tuple[dict[str, bytes], bytes]:
    """What the runs and the measuring write without a cluster."""
    project = Project(tmp_path_factory.mktemp("uninterrupted"))
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


def test_the_profile_trains_on_two_nodes_to_the_same_bytes(slurm: Slurm, project: Project, uninterrupted) -> None:
    configure(project, pack=2)
    process = submit(project)
    wait_for(lambda: slurm.say("squeue", "--noheader"), process, project)
    asked = slurm.say("scontrol", "show", "job", "--oneliner")
    assert "gres/gpu=1" in asked or "gres:gpu:1" in asked, asked
    assert "Requeue=1" in asked
    end(process, project)
    outputs, measurements = uninterrupted
    assert project.outputs() == outputs
    assert project.results.measurements.read_bytes() == measurements
    records = [project.record(run)["scheduler"] for run in project.plan().runs]
    assert {record["slurm_node"] for record in records} == {"n1", "n2"}
    logs = project.root / "results" / "slurm-logs"
    assert {record["slurm_job_id"] for record in records} <= {path.stem for path in logs.rglob("*.log")}


def test_a_dead_node_a_canceled_job_and_a_sigterm_change_nothing(slurm: Slurm, project: Project, uninterrupted) -> None:
    configure(project, pack=1)
    process = submit(project)
    pack_of = {run: pack.id for pack in project.plan().packs.values() for run in pack.runs}
    hit: dict[str, int] = {}
    dead: list[str] = []

    def under_way() -> tuple[str, str, str] | None:
        """A run in the middle of its training that was not hit yet, with the job and the node that train it."""
        for run, pack in pack_of.items():
            if run not in hit and 2 <= epochs_of(project, run) <= 15:
                job = slurm.job_of(pack)
                if job is not None and job[1] not in dead:
                    return run, *job
        return None

    def disturb(how: Callable[[str, str], object]) -> None:
        """Do this to a job in mid-training, on a node that lives."""
        run, job, node = wait_for(under_way, process, project)
        hit[run] = epochs_of(project, run)
        how(job, node)

    def kill(job: str, node: str) -> None:
        dead.append(node)
        slurm.kill_node(node)

    disturb(kill)
    try:
        disturb(lambda job, node: slurm.say("scancel", job))
        disturb(lambda job, node: slurm.say("scancel", "--signal=TERM", job))
        end(process, project)
    finally:
        slurm.start_node(dead[0])
    outputs, measurements = uninterrupted
    assert project.outputs() == outputs
    assert project.results.measurements.read_bytes() == measurements
    for run, epochs in hit.items():
        sessions = project.record(run)["sessions"]
        assert len(sessions) >= 2, f"{run} was begun once only"
        assert sessions[0]["epochs_at_end"] >= epochs, "no finished epoch was lost"
