"""The code and commands of docs/add-a-mechanism.md work in an empty folder."""

import csv
import re
import shutil
from pathlib import Path

import pytest

from medattn.__main__ import main
from medattn.config.mechanisms import mechanism_options
from medattn.config.models.paper import Arm

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "add-a-mechanism.md").read_text(encoding="utf-8")


def files() -> dict[str, str]:
    """Return the files of the page: each code block after a paragraph with "Write `<file>`"."""
    return dict(re.findall(r"Write `([\w.]+)`[^`]*?:\n\n```\w+\n(.*?)```", PAGE, flags=re.DOTALL))


def commands() -> list[str]:
    return [line for block in re.findall(r"```bash\n(.*?)```", PAGE, flags=re.DOTALL) for line in block.splitlines()]


def test_the_page_has_both_files_and_all_commands():
    assert set(files()) == {"my_attention.py", "mine.yaml"}
    assert [command.split()[:2] for command in commands()] == [
        ["medattn", step] for step in ("plan", "train", "measure", "compare", "render")
    ]
    assert all(
        ROOT.joinpath(name).is_file() for name in re.findall(r"`(workflow/medattn/\S+\.py)`", PAGE) if "<" not in name
    )


@pytest.mark.heavy
def test_the_code_of_the_page_gives_a_table_row(tmp_path, monkeypatch, capsys):
    shutil.copytree(ROOT / "papers" / "demo", tmp_path / "papers" / "demo")
    for name, text in files().items():
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    for command in commands():
        assert main(command.split()[1:]) == 0, f"{command}\n{capsys.readouterr().err}"
        assert "Warning" not in capsys.readouterr().err
    table = (tmp_path / "results" / "mine" / "tables" / "demo-table-1.md").read_text()
    (row,) = [line for line in table.splitlines() if "with my gate" in line]
    assert re.search(r"\d\d\.\d\d", row), row
    with (tmp_path / "results" / "mine" / "comparisons.csv").open() as stream:
        assert "mine" in {value for comparison in csv.DictReader(stream) for value in comparison.values()}

    assert mechanism_options("my_attention:DeviationGate")().model_dump() == {"initial_weight": 1.0}
    assert Arm(mechanism="my_attention:DeviationGate")
