"""Where commands run: paths with ~ and variables, other locales, files in the working folder, no home folder."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from medattn.__main__ import main
from medattn.caches import use_writable_caches
from medattn.commands import claims, plan, summary
from medattn.config.load import resolve
from medattn.errors import UserError
from medattn.layout import ResultPaths
from medattn.plan.availability import original_path
from medattn.reading import expanded_path, path_argument
from tests.conftest import SELECTION, Project

ROOT = Path(__file__).parents[1]


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    folder = tmp_path / "a home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("SCRATCH", str(tmp_path / "scratch"))
    return folder


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("~", "{home}"),
        ("~/x/y", "{home}/x/y"),
        ("$HOME/x", "{home}/x"),
        ("${HOME}x", "{home}x"),
        ("$SCRATCH/~", "{scratch}/~"),
        ("x/~", "x/~"),
        ("x", "x"),
        ("./x y/", "./x y/"),
        ("cost-5$", "cost-5$"),
    ],
)
def test_paths_are_expanded_as_shells_do(home, tmp_path, text, path):
    assert expanded_path(text) == path.format(home=home, scratch=tmp_path / "scratch")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("$NO_SUCH/x", "NO_SUCH is not set"),
        ("a/${NO_SUCH}", "NO_SUCH is not set"),
        ("~no_such_user/x", "~no_such_user"),
    ],
)
def test_an_unknown_variable_or_user_is_named(text, says):
    with pytest.raises(UserError, match=says):
        path_argument(text)


def test_every_key_that_is_a_path_is_expanded(home, tmp_path):
    folder = {"title": "T", "classes": ["a", "b"], "path": "~/images", "source": {"kind": "folder", "size": 28}}
    value = {"selection": "x", "papers": {"gsa": {}}, "data": "$SCRATCH/d", "results": "~/r", "datasets": {"o": folder}}
    configuration = resolve(value, ROOT, "config.yaml")
    assert configuration.selection.data == str(tmp_path / "scratch" / "d")
    assert configuration.selection.results == str(home / "r")
    assert original_path("o", configuration.datasets["o"], Path("data")) == home / "images"


def test_options_and_results_with_a_tilde(home, project):
    (home / "mine.yaml").write_text(yaml.safe_dump(SELECTION | {"results": "~/out"}))
    assert project.medattn("plan", "--config", "~/mine.yaml", "--write") == 0
    assert ResultPaths(home / "out" / "trial").plan.is_file()
    assert project.medattn("measure", "--plan", "$HOME/out/trial/plan.json") in (0, 2)
    assert project.medattn("status", "~/out/trial") == 0
    assert not (project.root / "~").exists()


@pytest.mark.parametrize("key", ["data", "results"])
def test_a_tilde_in_an_environment_variable_is_refused(project, capsys, monkeypatch, key):
    monkeypatch.setenv("PLACE", "~/x")
    (project.root / "mine.yaml").write_text(yaml.safe_dump(SELECTION | {key: "$PLACE"}))
    assert project.medattn("plan", "--config", "mine.yaml", "--write") == 2
    assert f"{key}: an environment variable gives ~/x" in capsys.readouterr().err
    assert not (project.root / "~").exists()


def test_a_locale_without_unicode_changes_nothing(project):
    """Files are UTF-8 everywhere; what the terminal can't show is escaped."""
    project.configure({"arms": {"gsa": {"label": "GSA β → 日本"}}, "title": "Käse"})
    assert project.medattn("plan", "--write") == 0
    files = {path.name: path.read_bytes() for path in (project.root / "results" / "trial").iterdir()}
    environment = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = project.process("plan", "--write", env={**environment, "PYTHONIOENCODING": "latin-1"}, encoding="latin-1")
    assert done.returncode == 0, done.stderr
    assert {path.name: path.read_bytes() for path in (project.root / "results" / "trial").iterdir()} == files
    project.configure(results="Ergebnisse-ß")
    named = project.process("plan", "--write", env={**environment, "PYTHONIOENCODING": "ascii"}, encoding="ascii")
    assert (named.returncode, "set PYTHONUTF8=1" in named.stderr) == (2, True)
    (project.root / "config.yaml").write_text("selection: ☃\n", encoding="utf-8")
    refused = project.process("plan", env={**environment, "PYTHONIOENCODING": "ascii"}, encoding="ascii")
    assert refused.returncode == 2
    assert len(refused.stderr.splitlines()) == 1


HARMFUL = "raise SystemExit('imported from the working folder')\n"


@pytest.mark.parametrize("options", [[], ["-P"]])
def test_files_in_the_working_folder_replace_no_module(project, options):
    for name in ("statistics", "numpy", "csv", "conftest", "yaml", "pydantic", "sitecustomize"):
        if options or name in ("statistics", "numpy", "conftest"):
            (project.root / f"{name}.py").write_text(HARMFUL)
    command = [sys.executable, *options, "-m", "medattn", "plan"]
    done = subprocess.run(command, cwd=project.root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_own_mechanisms_are_found_without_searching_the_working_folder_first(project, monkeypatch):
    from medattn.attention.mechanism import mechanism_class

    source = (
        "from medattn.attention.mechanism import BlockAttention\n\n\nclass Mine(BlockAttention):\n"
        "    def __init__(self, channels, size):\n        super().__init__()\n"
    )
    (project.root / "statistics.py").write_text(HARMFUL)
    (project.root / "only_here.py").write_text(source)
    monkeypatch.setattr(sys, "path", [folder for folder in sys.path if folder not in ("", str(project.root))])
    monkeypatch.delitem(sys.modules, "statistics", raising=False)
    assert mechanism_class("only_here:Mine").__name__ == "Mine"
    import statistics

    assert statistics.__file__ != str(project.root / "statistics.py")
    del sys.modules["only_here"]


@pytest.mark.parametrize("place", ["/dev/null", "/dev/null/home", "/proc/1/no-home"])
def test_without_a_home_folder_caches_are_temporary(place, monkeypatch):
    for name in ("MPLCONFIGDIR", "XDG_CACHE_HOME", "TORCH_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HOME", "/mine")
    monkeypatch.setenv("HOME", place)
    monkeypatch.setattr("atexit.register", lambda *_, **__: None)
    for name in ("TORCHINDUCTOR_CACHE_DIR", "TRITON_CACHE_DIR", "NUMBA_CACHE_DIR"):
        monkeypatch.setenv(name, "")
    use_writable_caches()
    caches = [Path(os.environ[name]) for name in ("MPLCONFIGDIR", "XDG_CACHE_HOME", "TORCH_HOME")]
    assert len({cache.parent for cache in caches}) == 1
    assert caches[0].parent.is_dir() and os.access(caches[0], os.W_OK)
    assert os.environ["HF_HOME"] == "/mine"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_the_home_folder_of_another_user_is_no_error(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "theirs"))
    for name in ("MPLCONFIGDIR", "TORCH_HOME"):
        monkeypatch.setenv(name, "")
    (tmp_path / "theirs" / ".cache").mkdir(parents=True)
    (tmp_path / "theirs").chmod(0o700)
    monkeypatch.setattr("tempfile.tempdir", "/tmp")
    os.seteuid(65534)
    try:
        use_writable_caches()
    finally:
        os.seteuid(0)
    assert not Path(os.environ["TORCH_HOME"]).is_relative_to(tmp_path)


def test_a_home_folder_that_can_be_written_keeps_its_caches(home, monkeypatch):
    monkeypatch.delenv("MPLCONFIGDIR", raising=False)
    use_writable_caches()
    assert "MPLCONFIGDIR" not in os.environ


@pytest.mark.parametrize(("command", "error"), [(plan, ZeroDivisionError("a\nb")), (claims, KeyError("ß")),
                                                (summary, RecursionError()), (plan, OSError(5, "gone"))])  # fmt: skip
def test_an_unexpected_error_is_one_line_and_its_traceback_is_kept(monkeypatch, capsys, tmp_path, command, error):
    def fails(_):
        raise error

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(command, "run", fails)
    name = command.__name__.rpartition(".")[2]
    assert main([name]) == 70
    (line,) = capsys.readouterr().err.splitlines()
    (kept,) = tmp_path.glob("medattn-*.log")
    assert line.startswith(f"medattn: {name}: ") and type(error).__name__ in line and str(kept) in line
    assert "Traceback" in kept.read_text(encoding="utf-8") and "in fails" in kept.read_text(encoding="utf-8")


def test_memory_that_runs_out_is_one_line(monkeypatch, capsys):
    def fails(_):
        raise MemoryError

    monkeypatch.setattr(plan, "run", fails)
    assert main(["plan"]) == 2
    assert capsys.readouterr().err.startswith("medattn: out of memory")


def test_a_project_in_a_folder_that_can_not_be_written_can_be_planned(project: Project, monkeypatch):
    def refused(**_: object) -> None:
        raise PermissionError(13, "no")

    monkeypatch.setattr("medattn.temporary_files.tempfile.mkstemp", refused)
    assert project.medattn("plan") == 0
