"""Names that would leave a folder or run a command are refused, or treated as plain text."""

import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.conftest import merged

ROOT = Path(__file__).parents[2]
NAMES = [
    "../out",
    "/tmp/out",
    "a/b",
    "..",
    ".",
    "",
    "a b",
    "a;touch hacked",
    "$(touch hacked)",
    "`touch hacked`",
    "-rf",
    "A",
]
CLASSIFIER = {"arms": {"vanilla": None, "gsa": None, "svm": {"classifier": "svm"}}, "backbones": None, "figures": None}


def everything(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if ".snakemake" not in path.parts}


@pytest.mark.parametrize("name", NAMES)
def test_names_are_refused_before_anything_is_written(project_at, tmp_path, capsys, name):
    project = project_at(tmp_path / "inner")
    data_set = {"source": {"size": 12, "counts": {"train": [4, 4], "test": [4, 4]}}, "classes": ["a", "b"]}
    attempts = [
        ({}, {"selection": name}),
        ({}, {"papers": {name: {}}}),
        ({}, {"datasets": {name: {"title": "T", **data_set}}}),
        ({}, {"papers": {"tiny": {"extra_arms": {name: {}}}}}),
        ({"arms": {name: {}}}, {}),
        ({"backbones": {name: {"model": "torchvision/squeezenet1_1"}}}, {}),
        ({"tables": {name: {"title": "T"}}}, {}),
        ({"figures": {name: {"title": "T", "kind": "paired_differences"}}}, {}),
    ]
    for paper, selection in attempts:
        project.configure(paper, **selection)
        before = everything(tmp_path)
        assert project.medattn("plan", "--write") == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("medattn: ")
        assert everything(tmp_path) == before


@pytest.mark.parametrize("name", NAMES)
def test_a_frozen_plan_is_held_to_the_same_names(project, capsys, name):
    project.configure(CLASSIFIER)
    pack = next(iter(project.plan().packs))
    text = project.results.plan.read_text()
    for old in ("svm", "tiny", "train-s0", pack):
        before = everything(project.root)
        project.results.plan.write_text(text.replace(old, name))
        capsys.readouterr()
        code = project.medattn("train", "--plan", str(project.results.plan), f"--pack={pack.replace(old, name)}")
        assert code == 2
        assert len(capsys.readouterr().err.splitlines()) == 1
        assert everything(project.root) == before


@pytest.mark.workflow
def test_folders_of_any_name_are_no_commands(project):
    odd = "odd $(touch hacked);'name"
    project.configure(CLASSIFIER)
    selection = merged(yaml.safe_load((project.root / "config.yaml").read_text()), {"results": odd})
    (project.root / "config.yaml").write_text(yaml.safe_dump(selection))
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "-n", "-p", "--cores", "1"]
    shown = subprocess.run(command, cwd=project.root, capture_output=True, text=True)
    assert shown.returncode == 0, shown.stderr
    lines = (shown.stdout + shown.stderr).splitlines()
    calls = [call for line in lines if (call := line.partition("Shell command: ")[2]).startswith("medattn ")]
    assert len(calls) >= 4
    plan = f"{odd}/trial/plan.json"
    assert not (project.root / odd).exists(), "a dry run writes nothing"
    for call in calls:
        words = shlex.split(call)
        if words[1] == "audit":  # takes the folder, in which the plan lies
            assert words[2] == f"{odd}/trial"
        else:
            assert words[words.index("--plan") + 1] == plan
        assert words[words.index(">") + 1].startswith(f"{odd}/trial/logs/")
    assert not (project.root / "hacked").exists()
