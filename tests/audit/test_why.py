"""`medattn why`: why a run has to be trained again."""

import json
from pathlib import Path

from benchmarks.tampering import PAPER, SELECTION

from medattn.__main__ import main as medattn
from medattn.files import write_json

CELL = "tampering.phantom.net.vanilla"


def test_settings_modules_and_images_that_differ_are_named(finished, capsys):
    assert medattn(["why", CELL]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert all("not retrained" in line for line in lines)

    paper = Path("papers/tampering/paper.yaml")
    paper.write_text(PAPER.replace("batch_size: 8", "batch_size: 4"), encoding="utf-8")
    for path in (finished.folder / "runs" / CELL).glob("*/record.json"):
        record = json.loads(path.read_text())
        record["code"]["digest"] = "0" * 64
        record["code"]["modules"]["training/loop.py"] = "0" * 12
        write_json(path, record)
    assert medattn(["why", f"{CELL}/train-s1"]) == 0
    head, *found = capsys.readouterr().out.splitlines()
    assert f"to be trained: {CELL}/train-s1-" in head
    assert "  recipe.batch_size: 8, now 4" in found

    assert medattn(["why", "tampering.phantom.net.vanila"]) == 2
    assert f"did you mean '{CELL}'" in capsys.readouterr().err

    other = SELECTION.replace("selection: tampering", "selection: other").replace("{}", "{arms: [lr]}")
    Path("config.yaml").write_text(other, encoding="utf-8")
    assert medattn(["why", f"{CELL}/train-s1"]) == 0
    assert "  recipe.batch_size: 8, now 4" in capsys.readouterr().out
    assert medattn(["why", "tampering.phantom.net.vanila"]) == 2
    assert "(searched the selection 'other' and the plans in results; name another selection with --config)" in (
        capsys.readouterr().err
    )
