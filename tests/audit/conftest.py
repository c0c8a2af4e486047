"""A small finished and sealed folder, trained once; every test gets a copy."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from benchmarks.tampering import FOLDER, finish

from medattn.layout import ResultPaths
from medattn.training import run_record


@pytest.fixture(scope="session")
def _finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Yield the project. Its records name no commit, so the tests do not depend on the state of this checkout."""
    project, before, git_state = tmp_path_factory.mktemp("finished") / "project", Path.cwd(), run_record.git_state
    project.mkdir()
    run_record.git_state = lambda _: {}
    try:
        finish(project)
    finally:
        run_record.git_state = git_state
        os.chdir(before)
    yield project


@pytest.fixture
def finished(_finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ResultPaths:
    """Return the folder; the working directory is its project."""
    shutil.copytree(_finished, tmp_path / "project")
    monkeypatch.chdir(tmp_path / "project")
    return ResultPaths(FOLDER)
