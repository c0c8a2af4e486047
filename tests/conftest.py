"""A project small enough to run in seconds: one paper, one phantom data set, one small network."""

import copy
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from medattn.__main__ import main
from medattn.layout import ResultPaths, RunPaths
from medattn.plan.model import Plan
from medattn.plan.plan_file import read_plan


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start with the slow ones, so that no worker is left alone with one of them at the end."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


PAPER: dict[str, Any] = {
    "title": "Tiny",
    "citation": "Nobody, never",
    "datasets": ["phantom"],
    # Has dropout, so that the streams of layers are under test, too.
    "backbones": {"net": {"model": "torchvision/squeezenet1_1", "input_size": 28}},
    "arms": {"vanilla": {}, "gsa": {"mechanism": "gsa", "options": {"channels": 4, "cutoff_epoch": 1}}},
    "recipe": {"epochs": 2, "batch_size": 8, "learning_rate": 0.001},
    "protocol": {"kind": "cross_validated_epochs", "folds": 2, "measured_epochs": 2},
    "tables": {"tiny-table": {"title": "A table"}},
    "figures": {"tiny-figure": {"title": "A map", "kind": "attention_map", "arm": "gsa"}},
}
SELECTION: dict[str, Any] = {
    "selection": "trial",
    "papers": {"tiny": {}},
    "datasets": {
        "phantom": {
            "source": {"size": 12, "counts": {"train": [10, 10], "test": [6, 6]}},
            "classes": ["healthy", "ill"],
        }
    },
    "seeds": [0],
    "pack_across_cells": True,
    "device": "cpu",
}


def merged(old: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """`old` with `changes` in its depths; a change to None removes the key."""
    result = copy.deepcopy(dict(old))
    for key, value in changes.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, Mapping) and isinstance(result.get(key), Mapping):
            result[key] = merged(result[key], value)
        else:
            result[key] = value
    return result


@dataclass(frozen=True)
class Project:
    """A folder with a paper, a selection and their results; commands run in it."""

    root: Path

    def configure(self, paper: Mapping[str, Any] = {}, **selection: Any) -> None:
        """Write paper.yaml and config.yaml again, with these changes to PAPER and SELECTION."""
        folder = self.root / "papers" / "tiny"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "paper.yaml").write_text(yaml.safe_dump(merged(PAPER, paper), sort_keys=False))
        (self.root / "config.yaml").write_text(yaml.safe_dump(merged(SELECTION, selection), sort_keys=False))

    def medattn(self, *arguments: str) -> int:
        """Run a command in this process and return its exit code; the working directory is the project's folder."""
        return main(list(arguments))

    def process(self, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
        """Run a command in a separate process."""
        command = [sys.executable, "-m", "medattn", *arguments]
        return subprocess.run(command, cwd=self.root, capture_output=True, text=True, check=False, **options)

    @property
    def results(self) -> ResultPaths:
        return ResultPaths(self.root / "results" / "trial")

    def plan(self) -> Plan:
        """Make the plan again and return it."""
        assert self.medattn("plan", "--write") == 0
        return read_plan(self.results.plan)

    def files(self, run: str) -> RunPaths:
        return self.results.run(*run.split("/"))

    def record(self, run: str) -> dict[str, Any]:
        record: dict[str, Any] = json.loads(self.files(run).record.read_text())
        return record

    def outputs(self) -> dict[str, bytes]:
        """Everything that runs have written and that must be the same however they are executed."""
        wanted = ("history.csv", "scores.safetensors", "maps.safetensors", "attention.safetensors")
        folder = self.results.folder / "runs"
        found = sorted(path for path in folder.rglob("*") if path.name in wanted)
        return {str(path.relative_to(folder)): path.read_bytes() for path in found}


@pytest.fixture
def project_at(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], Project]:
    """Makes a project in a folder and steps into it."""

    def make(root: Path) -> Project:
        root.mkdir(parents=True, exist_ok=True)
        project = Project(root)
        project.configure()
        monkeypatch.chdir(root)
        return project

    return make


@pytest.fixture
def project(project_at: Callable[[Path], Project], tmp_path: Path) -> Project:
    return project_at(tmp_path)


def files_in(folder: Path) -> dict[str, bytes]:
    """Every file of a folder, with its content."""
    found = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


@pytest.fixture(scope="session")
def _measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A measured project with two arms and three seeds; the last run has only a checkpoint, after two epochs."""
    from medattn.training.checkpoint import write_checkpoint
    from medattn.training.history import EpochRow
    from medattn.training.loop import TrainingState
    from tests.made_up_runs import finish_runs

    protocol = {"kind": "fixed_epoch", "folds": None, "measured_epochs": None}
    root, before = tmp_path_factory.mktemp("measured") / "project", Path.cwd()
    root.mkdir()
    project = Project(root)
    project.configure({"protocol": protocol, "recipe": {"epochs": 3}}, seeds=[0, 1, 2])
    os.chdir(root)
    try:
        plan = project.plan()
        *finished, running = plan.runs
        finish_runs(plan, project.results, set(finished))
        for command in ("measure", "compare", "judge", "answer"):
            assert project.medattn(command) == 0
    finally:
        os.chdir(before)
    files = project.files(running)
    files.folder.mkdir(parents=True, exist_ok=True)
    history = [EpochRow(epoch, 0.001, 0.5 / epoch, 0.0, 15, 20, 4 + epoch, 8) for epoch in (1, 2)]
    write_checkpoint(files.checkpoint, TrainingState(history=history))
    return root


@pytest.fixture
def measured_project(_measured: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Project:
    """A copy of a measured project; the working directory is its folder."""
    shutil.copytree(_measured, tmp_path / "project")
    monkeypatch.chdir(tmp_path / "project")
    return Project(tmp_path / "project")
