"""A small finished and sealed folder, trained once; every test gets a copy."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from benchmarks.tampering import FOLDER, finish

from medattn.layout import ResultPaths
from medattn.training import run_record


@contextmanager
def without_commit() -> Iterator[None]:
    """Let records name no commit, so that tests do not depend on the state of this checkout; keep the folder."""
    before, git_state = Path.cwd(), run_record.git_state
    run_record.git_state = lambda _: {}
    try:
        yield
    finally:
        run_record.git_state = git_state
        os.chdir(before)


@pytest.fixture(scope="session")
def _finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the project."""
    project = tmp_path_factory.mktemp("finished") / "project"
    project.mkdir()
    with without_commit():
        finish(project)
    return project


@pytest.fixture
def finished(_finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ResultPaths:
    """Return the folder; the working directory is its project."""
    shutil.copytree(_finished, tmp_path / "project")
    monkeypatch.chdir(tmp_path / "project")
    return ResultPaths(FOLDER)
