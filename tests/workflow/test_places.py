"""The workflow uses the package beside it, and works from environments and folders with odd names."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Project

ROOT = Path(__file__).parents[2]
ODD = """a $(touch run-by-the-shell) `touch run-by-the-shell` {x} {{y}} 'q' "d" \\ $HOME *;&"""
ONE_CLASSIFIER = {
    "arms": {"vanilla": None, "gsa": None, "svm": {"classifier": "svm"}},
    "backbones": {"net": None},
    "tables": None,
    "figures": None,
}


def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


def snakemake(python: Path, snakefile: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(python), "-m", "snakemake", "--snakefile", str(snakefile), "--cores", "1", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment())


@pytest.mark.heavy
@pytest.mark.workflow
def test_an_environment_and_folders_with_odd_names(project_at, tmp_path):
    project: Project = project_at(tmp_path / ODD)
    (tmp_path / "environments").mkdir()
    (tmp_path / "environments" / ODD).symlink_to(sys.prefix)
    python = tmp_path / "environments" / ODD / "bin" / "python"
    project.configure(ONE_CLASSIFIER)
    odd_file = project.root / f"{ODD.replace('/', '')}.yaml"
    shutil.move(project.root / "config.yaml", odd_file)
    done = snakemake(python, ROOT / "Snakefile", "trained", "--configfile", str(odd_file))
    assert done.returncode == 0, done.stderr
    assert len(list(project.results.folder.glob("runs/*/*/record.json"))) >= 1
    assert not list(tmp_path.rglob("run-by-the-shell"))


@pytest.mark.heavy
@pytest.mark.workflow
def test_the_package_beside_the_workflow_is_used_and_that_is_said(project, tmp_path):
    checkout = tmp_path / "checkout"
    shutil.copytree(ROOT / "workflow", checkout / "workflow", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "Snakefile", checkout)
    show = checkout / "workflow" / "medattn" / "plan" / "show.py"
    show.write_text(show.read_text().replace("Plan of the selection", "EDITED plan of the selection"))
    shown = snakemake(Path(sys.executable), checkout / "Snakefile", "-n")
    assert shown.returncode == 0, shown.stderr
    assert "EDITED plan of the selection" in shown.stderr
    (said,) = [line for line in shown.stderr.splitlines() if line.startswith("medattn: uses the package")]
    assert str(checkout / "workflow" / "medattn") in said
