"""Completion in shells: commands, options, selections, papers, data sets and results, without a numerical library."""

import json
import subprocess
import sys

import pytest

HEAVY = {"torch", "torchvision", "timm", "pandas", "numpy", "scipy", "sklearn", "matplotlib", "snakemake"}
COMPLETE = """
import json, os, sys
from medattn.__main__ import main
found = {}
os.environ.update(_ARGCOMPLETE="1", _ARGCOMPLETE_IFS="\\n", _ARGCOMPLETE_STDOUT_FILENAME="completions")
os._exit = sys.exit  # argcomplete leaves the process at once
for line in json.loads(sys.argv[1]):
    os.environ.update(COMP_LINE=line, COMP_POINT=str(len(line)))
    try:
        main([])
    except SystemExit:
        pass
    found[line] = open("completions").read().split("\\n")
print(json.dumps([found, list(sys.modules)]))
"""
LINES = [
    "medattn ",
    "medattn fe",
    "medattn export --",
    "medattn plan --config conf",
    "medattn render --paper g",
    "medattn fetch bre",
    "medattn diff results/",
    "medattn audit res",
    "medattn export --croissant organ",
    "medattn consistency --paper o",
    "medattn status --format ",
]


@pytest.fixture(scope="module")
def completed(tmp_path_factory):
    pytest.importorskip("argcomplete", reason="argcomplete is not installed: run make setup")
    root = tmp_path_factory.mktemp("completed")
    for name in ("one", "two"):
        (root / "results" / name).mkdir(parents=True)
        (root / "results" / name / "plan.json").touch()
    (root / "config").mkdir()
    (root / "config" / "own.yaml").touch()
    command = [sys.executable, "-c", COMPLETE, json.dumps(LINES)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    found, modules = json.loads(done.stdout)
    return {line: {text.strip() for text in texts} for line, texts in found.items()}, set(modules)


def test_names_are_completed(completed):
    found, _ = completed
    assert {"plan", "export", "diff", "consistency"} <= found["medattn "]
    assert found["medattn fe"] == {"fetch"}
    assert {"--csv", "--tensorboard", "--mlflow", "--croissant", "--to"} <= found["medattn export --"]
    assert {"config/own.yaml", "config/demo.yaml"} <= found["medattn plan --config conf"]
    assert found["medattn render --paper g"] == {"gsa"}
    assert found["medattn fetch bre"] == {"breastmnist"}
    assert {"results/one", "results/two"} <= found["medattn diff results/"]
    assert {"results/one", "results/two"} <= found["medattn audit res"]
    assert found["medattn export --croissant organ"] == {"organamnist", "organcmnist", "organsmnist"}
    assert found["medattn consistency --paper o"] == {"oct"}
    assert found["medattn status --format "] == {"table", "csv", "json"}


def test_completion_imports_no_numerical_library(completed):
    assert HEAVY.isdisjoint(completed[1])
