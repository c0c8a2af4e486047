"""The tutorial: from a folder of 16-bit PNG of three classes to a verdict, with the files and commands of the page."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from medattn.__main__ import main
from medattn.answer.verdict import ANSWER_VERDICTS
from tests.docs.pages import ROOT, command_lines, file_in_page

PAGE = "docs/tutorial.md"
IMAGES = 12
INSTALL, *COMMANDS = command_lines((ROOT / PAGE).read_text(encoding="utf-8"))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a working folder with images of the tutorial's layout and its two files."""
    drawn = np.random.default_rng(0)
    for number, name in enumerate(yaml.safe_load(file_in_page(PAGE, "yaml"))["datasets"]["scans"]["classes"]):
        place = tmp_path / "scans" / "train" / name
        place.mkdir(parents=True)
        for image in range(IMAGES):
            values = drawn.normal(20_000 + 10_000 * number, 5_000, (72, 72)).clip(0, 65_535)
            Image.fromarray(values.astype(np.uint16)).save(place / f"{image:04}.png")
    (tmp_path / "my_attention.py").write_text(file_in_page(PAGE, "python"))
    selection = file_in_page(PAGE, "yaml").replace("[100, 100, 100]", str([IMAGES] * 3))
    (tmp_path / "mine.yaml").write_text(selection)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_it_has_five_commands():
    assert INSTALL.startswith("pip install ")
    assert [command.split()[1] for command in COMMANDS] == ["plan", "run", "summary", "audit"]


def test_its_plan_has_every_cell(folder, capsys):
    assert main(COMMANDS[0].split()[1:]) == 0
    shown = capsys.readouterr().out
    assert "3 of 3 cells can be run: 45 runs" in shown


@pytest.mark.heavy
@pytest.mark.workflow
def test_its_commands_give_a_verdict(folder):
    paths = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    for command in COMMANDS:
        done = subprocess.run(
            command.split(), env={**os.environ, "PATH": paths}, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    with (folder / "results" / "mine" / "answer.csv").open(encoding="utf-8") as stream:
        verdicts = {row["arm"]: row["verdict"] for row in csv.DictReader(stream)}
    assert verdicts["mine"] in ANSWER_VERDICTS
    assert (folder / "results" / "mine" / "report.html").is_file()
