"""A paper with three published gains over vanilla, and finished runs without training."""

import csv
import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from medattn.plan.plan_file import read_plan
from medattn.result_tables import MEASUREMENTS
from tests.conftest import Project

SECONDS = 1800.0
GAINS = {"gsa": "4.0", "weak": "0.5", "strong": "6.0"}
# Deviations of three, five and ten seeds with a mean of 0 and a standard deviation of 1.
UNIT = {n: (x := np.resize([-1.0, 0.5, 1.0, -0.3, 0.4], n), (x - x.mean()) / x.std(ddof=1))[1] for n in (3, 5, 10)}
LOOKS = {"looks": [5, 10, 20]}
PAPER: dict[str, Any] = {
    "arms": {
        "weak": {"mechanism": "gsa", "options": {"channels": 2, "cutoff_epoch": 1}},
        "strong": {"mechanism": "gsa", "options": {"channels": 6, "cutoff_epoch": 1}},
    },
    "protocol": {"kind": "fixed_epoch", "folds": None, "measured_epochs": None},
}


def _published() -> str:
    rows = [("vanilla", "80.0")] + [(arm, f"{80 + float(gain):.1f}") for arm, gain in GAINS.items()]
    lines = ["paper,table,dataset,backbone,arm,split,metric,class_name,mean,std,unit,n_test,flags"]
    lines += [f"tiny,tiny-table,phantom,net,{arm},test,accuracy,,{mean},,percent,," for arm, mean in rows]
    return "\n".join(lines) + "\n"


def _facts(gains: Mapping[str, str]) -> str:
    return yaml.safe_dump(
        {
            "left_open": ["datasets.phantom"],
            "statements": [
                {
                    "says": f"{arm} is better",
                    "source": "abstract",
                    "rows": {"table": ["tiny-table"]},
                    "higher": {"arm": [arm]},
                    "lower": {"arm": ["vanilla"]},
                }
                for arm in gains
            ],
        }
    )


@pytest.fixture
def gains(project: Project) -> Project:
    """The project with published gains; its data is embedded, so that every cell can be run."""
    project.configure(PAPER, seeds=LOOKS)
    folder = project.root / "papers" / "tiny"
    (folder / "published.csv").write_text(_published())
    (folder / "facts.yaml").write_text(_facts(GAINS))
    return project


Finish = Callable[[Mapping[str, np.ndarray]], None]


@pytest.fixture
def finish(gains: Project) -> Finish:
    """Writes records and measurements of finished runs: accuracy in percent by arm, a value for each seed from 0."""

    def write(accuracy: Mapping[str, np.ndarray]) -> None:
        assert gains.medattn("plan", "--write") == 0
        plan = read_plan(gains.results.plan)
        rows = []
        for arm, values in accuracy.items():
            cell = f"tiny.phantom.net.{arm}"
            runs = {run.seed: run for run in plan.runs_of(cell, "train")}
            for seed in range(len(values)):
                files = gains.files(runs[seed].id)
                files.folder.mkdir(parents=True, exist_ok=True)
                if not files.record.exists():
                    record = {"status": "ok", "epochs": 2, "seconds": SECONDS, "outputs": {}}
                    files.record.write_text(json.dumps(record))
                rows.append(_row(arm, "epochs", seed, values[seed], "", 1, runs[seed].id))
            ids = ";".join(runs[seed].id for seed in range(len(values)))
            rows.append(_row(arm, "runs", "", values.mean(), values.std(ddof=1), len(values), ids))
        table = io.StringIO()
        writer = csv.DictWriter(table, MEASUREMENTS.columns)
        writer.writeheader()
        writer.writerows(rows)
        gains.results.measurements.write_text(table.getvalue())

    return write


def _row(arm: str, procedure: str, seed: Any, value: float, spread: Any, n: int, runs: str) -> dict[str, Any]:
    return {
        "paper": "tiny", "experiment": "", "dataset": "phantom", "backbone": "net", "arm": arm, "metric": "accuracy",
        "class_name": "", "procedure": procedure, "seed": seed, "fold": "", "value": value, "spread": spread, "n": n,
        "unit": "percent", "n_test": 1000, "stand_in": False, "leak": "", "status": "measured", "reason": "",
        "runs": runs,
    }  # fmt: skip


def files_of(folder: Path) -> dict[Path, bytes]:
    """Content of all files below a folder."""
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
