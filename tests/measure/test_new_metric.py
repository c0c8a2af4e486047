"""A file in metrics/ is all that a new metric needs."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import medattn
from tests.compare.test_table import trained
from tests.conftest import Project

ERROR_RATE = '''
"""Error rate."""

from medattn.metrics.metric import Metric


def _error_rate(images):
    from medattn.metrics.scored import Values

    return [Values(100 - 100 * images.hits.sum(axis=0) / images.total)]


METRICS = {"error_rate": Metric("Error", "error rate", higher_is_better=False, values=_error_rate)}
'''
PAPER = {
    "arms": {"vanilla": {}, "gsa": {"mechanism": "gsa"}},
    "protocol": {"kind": "fixed_epoch", "folds": None, "measured_epochs": None},
    "figures": None,
}


@pytest.mark.heavy
def test_a_metric_file_is_measured_compared_and_shown(project: Project, tmp_path: Path) -> None:
    project.configure(PAPER, seeds=[0, 1, 2])
    trained(project)
    code = tmp_path / "workflow"
    shutil.copytree(Path(medattn.__file__).parents[1], code, ignore=shutil.ignore_patterns("__pycache__"))
    (code / "medattn" / "metrics" / "error_rate.py").write_text(ERROR_RATE)
    table = {"metrics": ["accuracy", "error_rate"]}
    project.configure({**PAPER, "tables": {"tiny-table": table}}, seeds=[0, 1, 2])
    script = "import sys; from medattn.__main__ import main; sys.exit(main(sys.argv[1:]))"
    for command in (["plan", "--write"], ["measure"], ["compare"], ["render"]):
        done = subprocess.run(
            [sys.executable, "-c", script, *command],
            cwd=project.root,
            env={**os.environ, "PYTHONPATH": str(code)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    rows = pd.read_csv(project.results.measurements)
    values = rows[rows["procedure"] == "runs"].pivot(index="arm", columns="metric", values="value")
    assert values["error_rate"].tolist() == pytest.approx((100 - values["accuracy"]).tolist())
    compared = pd.read_csv(project.results.comparisons)
    differences = compared[compared["test"] == "bootstrap"].set_index("metric")["difference"]
    assert differences["error_rate"] == pytest.approx(-differences["accuracy"])
    assert "Error" in (project.results.tables / "tiny-table.md").read_text()


def test_metric_files_import_no_numerical_library() -> None:
    script = "import sys, medattn.metrics.registry; print(*{'numpy', 'scipy', 'pandas', 'torch'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
