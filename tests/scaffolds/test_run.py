"""What `medattn new` writes runs at once: from an empty folder to a report, and an audit without findings."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.heavy, pytest.mark.workflow]


def medattn(folder: Path, *arguments: str) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, "-m", "medattn", *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("kind", ["paper", "figure", "metric", "dataset", "mechanism"])
def test_each_kind_gives_a_report_and_passes_its_audit(tmp_path, kind):
    medattn(tmp_path, "new", kind, "mine")
    medattn(tmp_path, "run", "-c", "config/mine.yaml")
    results = tmp_path / "results" / "mine"
    assert (results / "report.html").stat().st_size > 10_000
    assert list((results / "figures").iterdir())
    audit = json.loads((results / "audit.json").read_text(encoding="utf-8"))
    assert audit["holds"], audit["findings"]
