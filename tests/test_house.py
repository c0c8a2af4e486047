"""The files around the package say the same as the package, and can be read."""

import subprocess
from pathlib import Path

import pytest
import yaml

from medattn.version import __version__

ROOT = Path(__file__).parents[1]


def read(name: str) -> dict:
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def test_citation_has_the_version_and_the_keys_that_the_format_asks_for():
    citation = read("CITATION.cff")
    assert citation["cff-version"] == "1.2.0"
    assert citation["version"] == __version__
    assert {"authors", "message", "title"} <= set(citation)


@pytest.mark.parametrize("script", [".ci/check", ".ci/run", ".ci/slurm", "envs/setup"])
def test_scripts_are_executable_bash(script):
    path = ROOT / script
    assert path.stat().st_mode & 0o111
    subprocess.run(["bash", "-n", path], check=True)


def test_hosted_ci_calls_the_two_commands():
    steps = read(".github/workflows/ci.yaml")["jobs"]["test-and-demo"]["steps"]
    assert [step["run"] for step in steps if "run" in step] == ["make test", "make demo"]


def test_hooks_are_local():
    repositories = read(".pre-commit-config.yaml")["repos"]
    assert [repository["repo"] for repository in repositories] == ["local"]


def test_help_names_every_target():
    shown = subprocess.run(["make", "help"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for target in ("demo", "test", "setup", "check", "lock", "clean"):
        assert f"make {target} " in shown


def test_files_stay_short():
    for path in (ROOT / "workflow" / "medattn").rglob("*.py"):
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 320, path
