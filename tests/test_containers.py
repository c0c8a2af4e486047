"""The container definitions and the hosted checks: files and commands that they name exist."""

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yaml"))
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
APPTAINER = (ROOT / "envs" / "medattn.def").read_text(encoding="utf-8")


def instructions(name: str) -> list[str]:
    """Return the arguments of each instruction of the Dockerfile that has a name."""
    joined = DOCKERFILE.replace("\\\n", " ")
    return [line.partition(" ")[2] for line in joined.splitlines() if line.startswith(f"{name} ")]


def test_hadolint_finds_nothing_in_the_dockerfile():
    hadolint = shutil.which("hadolint")
    assert hadolint, "run make setup"
    done = subprocess.run([hadolint, ROOT / "Dockerfile"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_both_containers_have_the_same_base_and_the_locked_environment():
    (base,) = instructions("FROM")
    assert re.fullmatch(r"python:\d+\.\d+-slim-\w+", base)
    assert f"From: {base}\n" in APPTAINER
    for text in (DOCKERFILE, APPTAINER):
        assert re.search(r"pip install --no-cache-dir --require-hashes -r \S*envs/requirements\.txt", text)
        assert re.search(r"pip install --no-cache-dir --no-deps --no-build-isolation --editable", text)


def test_the_dockerfile_copies_what_exists_and_runs_medattn_without_root():
    for copied in instructions("COPY"):
        *sources, _ = shlex.split(copied)
        assert all((ROOT / source).exists() for source in sources), copied
    (user,) = instructions("USER")
    assert f"useradd --create-home --uid {user} " in DOCKERFILE
    assert DOCKERFILE.index("USER ") > DOCKERFILE.rindex("RUN ")
    assert instructions("ENTRYPOINT") == ['["medattn"]']


def test_the_context_has_what_the_package_is_built_from():
    left_out = [
        line for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line[:1] not in "#!"
    ]
    needed = ("workflow", "papers", "config", "envs", "pyproject.toml", "setup.py", "README.md", "Snakefile", ".git")
    assert not {*needed} & {*left_out}


def jobs(path: Path) -> dict:
    return yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"]


def steps(path: Path) -> Iterator[dict]:
    for job in jobs(path).values():
        yield from job["steps"]


def test_hosted_checks_are_a_fast_lint_tests_and_weekly_heavy_ones():
    assert {path.name: list(jobs(path)) for path in WORKFLOWS} == {
        "ci.yaml": ["lint", "test"],
        "weekly.yaml": ["heavy", "slurm"],
    }
    settings = yaml.safe_load((ROOT / ".github/workflows/weekly.yaml").read_text(encoding="utf-8"))
    # YAML reads the key `on` as true.
    assert settings[True]["schedule"][0]["cron"].endswith(" * * 1")


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_hosted_checks_call_what_exists(path):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    commands = [step["run"] for step in steps(path) if "run" in step]
    assert commands
    for command in commands:
        words = shlex.split(command)
        if words[0] == "make":
            assert set(words[1:]) <= targets, command
        files = [word for word in words if word.startswith((".ci/", "tests/"))]
        assert all((ROOT / file).exists() for file in files), command
        assert words[0] == "make" or files or words[0] == ".venv/bin/pytest", command


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_hosted_checks_are_limited(path):
    settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert settings["permissions"] == {"contents": "read"}
    assert all(job["timeout-minutes"] <= 180 for job in settings["jobs"].values())
    for step in steps(path):
        assert "run" in step or re.fullmatch(r"actions/[a-z-]+@v\d+", step["uses"]), step
