"""The tutorial: from a folder of 16-bit PNG of three classes to a verdict, with the commands of the page."""

import csv
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from medattn.__main__ import main
from medattn.answer.verdict import ANSWER_VERDICTS
from tests.docs.pages import ROOT, command_lines, words

TEXT = (ROOT / "docs/tutorial.md").read_text(encoding="utf-8")
INSTALL, *COMMANDS = command_lines(TEXT)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a working folder with images in the layout of the page."""
    drawn = np.random.default_rng(0)
    classes = re.findall(r"^photos/(\w+)/", TEXT, re.MULTILINE)
    assert len(classes) == 3
    for number, name in enumerate(classes):
        place = tmp_path / "photos" / name
        place.mkdir(parents=True)
        for image in range(16):
            values = drawn.normal(20_000 + 10_000 * number, 5_000, (72, 72)).clip(0, 65_535)
            Image.fromarray(values.astype(np.uint16)).save(place / f"{image:04}.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_it_has_five_commands():
    assert INSTALL.startswith("pip install ")
    assert [words(command)[1] for command in COMMANDS] == ["new", "new", "run", "summary"]


def test_its_files_make_a_plan_in_which_every_cell_can_be_run(folder, capsys):
    for command in COMMANDS[:2]:
        assert main(words(command)[1:]) == 0
    named = re.findall(r"^\| `([\w./-]+)` \|", TEXT, re.MULTILINE)
    assert len(named) == 3
    assert all((folder / name).is_file() for name in [*named, "config/datasets/scans.yaml"])
    assert main(["plan", "--config", "config/my-gate.yaml"]) == 0
    assert "3 of 3 cells can be run" in capsys.readouterr().out


@pytest.mark.heavy
@pytest.mark.workflow
def test_its_commands_give_a_verdict(folder):
    environment = {**os.environ, "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}
    for command in COMMANDS:
        done = subprocess.run(words(command), env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    with (folder / "results" / "my-gate" / "answer.csv").open(encoding="utf-8") as stream:
        verdicts = {row["arm"]: row["verdict"] for row in csv.DictReader(stream)}
    assert verdicts["my-gate"] in ANSWER_VERDICTS
    assert verdicts["my-gate"] in done.stdout
    assert (folder / "results" / "my-gate" / "report.html").is_file()
