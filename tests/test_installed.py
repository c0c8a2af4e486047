"""The wheel: its commands in an empty folder, with papers, selections, rules and page from the installed package."""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = ("setup.py", "MANIFEST.in", "pyproject.toml", "README.md", "LICENSE", "Snakefile", "config.yaml")
pytestmark = pytest.mark.heavy


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """Folder of the commands of an environment with the wheel, which sees the libraries of this environment."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    for name in SOURCES:
        shutil.copy(ROOT / name, source)
    for name in ("config", "papers", "profiles", "slurm", "workflow"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    build = "from setuptools.build_meta import build_wheel; build_wheel('.')"
    quietly(sys.executable, "-c", build, cwd=source)
    (wheel,) = source.glob("*.whl")
    venv.create(folder / "environment", symlinks=True, with_pip=False)
    python = folder / "environment" / "bin" / "python"
    site = Path(quietly(str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    # An editable installation of this environment is not seen: only folders are added, no .pth file is read.
    (site / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    quietly(sys.executable, "-m", "uv", "pip", "install", "--offline", "--no-deps", "--python", str(python), str(wheel))
    return python.parent


def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


def quietly(*command: str, cwd: Path | None = None) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, env=environment())
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """An empty folder to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_reading_commands_in_an_empty_folder(installed, folder):
    medattn = str(installed / "medattn")
    where = quietly(str(installed / "python"), "-P", "-c", "import medattn; print(medattn.__file__)")
    assert Path(where).is_relative_to(installed.parent)
    assert "Plan of the selection 'demo'" in quietly(medattn, "plan", "--config", "config/demo.yaml")
    assert "Plan of the selection 'papers'" in quietly(medattn, "plan")
    assert "\ngsa,gsa-table-" in quietly(medattn, "claims", "--paper", "gsa", "--format", "csv")
    assert list(folder.iterdir()) == []


@pytest.mark.workflow
def test_a_selection_from_plan_to_report(installed, folder):
    from tests.workflow.test_importable import PAPER, SELECTION

    (folder / "papers" / "pixels").mkdir(parents=True)
    (folder / "papers" / "pixels" / "paper.yaml").write_text(PAPER)
    (folder / "mine.yaml").write_text(SELECTION)
    command = [str(installed / "medattn"), "run", "-c", "mine.yaml", "--cores", "2"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment())
    assert done.returncode == 0, done.stdout + done.stderr
    assert "audited, all holds" in done.stdout
    assert "1 of 1 runs, 1 of 1 epochs" in done.stderr
    results = folder / "results" / "small"
    assert (results / "report.html").stat().st_size > 10_000
    assert (results / "audit.json").is_file()


def test_scaffolds_in_an_empty_folder(installed, folder):
    medattn = str(installed / "medattn")
    for kind in ("paper", "dataset", "mechanism", "figure", "metric"):
        assert f"next: medattn run -c config/my-{kind}.yaml" in quietly(medattn, "new", kind, f"my-{kind}")
        assert f"Plan of the selection 'my-{kind}'" in quietly(medattn, "plan", "--config", f"config/my-{kind}.yaml")
    assert (folder / "schemas" / "paper.schema.json").is_file()
