"""The lock files: exact versions, a hash for each package, no addresses, every dependency of pyproject.toml."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
ENVS = ROOT / "envs"
LOCKS = ["requirements.txt", "bootstrap.txt"]


def entries(name: str) -> list[str]:
    """Return the logical lines of a lock file, continued lines joined."""
    text = (ENVS / name).read_text(encoding="utf-8").replace("\\\n", " ")
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("lock", LOCKS)
def test_every_line_is_an_exact_version_with_hashes(lock):
    for entry in entries(lock):
        assert re.match(r"[a-z0-9-]+==[0-9][^ ]*( ;.*?)?( --hash=sha256:[0-9a-f]{64})+$", entry), entry[:80]


@pytest.mark.parametrize("lock", [*LOCKS, "environment.yaml", "setup"])
def test_no_addresses(lock):
    text = (ENVS / lock).read_text(encoding="utf-8")
    assert "://" not in text
    assert not re.search(r"--(index-url|extra-index-url|find-links|trusted-host)", text)


@pytest.mark.parametrize("lock", LOCKS)
def test_each_package_is_listed_once(lock):
    names = [entry.split("==")[0] for entry in entries(lock)]
    assert names == sorted(set(names))


def test_every_dependency_of_the_project_is_locked():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = [*project["dependencies"], *project["optional-dependencies"]["develop"]]
    locked = dict(entry.split(" ")[0].split("==") for entry in entries("requirements.txt"))
    for requirement in asked:
        match = re.match(r"([A-Za-z0-9_.-]+)(?:>=([0-9.]+))?$", requirement)
        assert match is not None, requirement
        name, least = normal(match[1]), match[2]
        assert name in locked, f"{name}: run make lock"
        if least:
            found = [int(part) for part in re.findall(r"\d+", locked[name])]
            assert found >= [int(part) for part in least.split(".")], f"{name}: run make lock"


def test_bootstrap_needs_only_uv():
    assert [entry.split("==")[0] for entry in entries("bootstrap.txt")] == ["uv"]


def test_the_conda_environment_of_the_rules_has_the_libraries_of_the_package():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    environment = yaml.safe_load((ROOT / "workflow/envs/medattn.yaml").read_text(encoding="utf-8"))
    conda_names = {"matplotlib": "matplotlib-base", "torch": "pytorch"}
    wanted = {
        f"{conda_names.get(name, name)} >={version}"
        for name, version in (text.split(">=") for text in project["dependencies"])
        if not name.startswith("snakemake")
    }
    assert set(environment["dependencies"]) == wanted | {f"python {project['requires-python']}"}
