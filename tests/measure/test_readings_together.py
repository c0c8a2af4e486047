"""Readings of runs that are measured together: the same as alone, and every average with every epoch reading."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from medattn.files import sha256_of_file
from medattn.measure.collect import write_measurements
from medattn.measure.readings import metric_readings, reading_lines, under_readings
from medattn.plan.model import Plan
from medattn.protocols.registry import protocol_of
from medattn.result_tables import READINGS, read_table, rows_of
from medattn.tuning.epoch_results import RecordedEpochs
from tests.compare.test_table import ARMS, EPOCHS, trained
from tests.conftest import Project

CELL = "tiny.phantom.net.gsa"


def with_validation(path: Path, seed: int) -> None:
    """Add validation scores, of which a few tie, to the scores of a run."""
    arrays = load_file(path)
    labels = np.arange(12) % 2
    ill = np.round(np.random.default_rng(seed).uniform(0, 1, (EPOCHS, 12)) + 0.2 * labels, 1).astype(np.float32)
    arrays |= {"validation_scores": np.stack([1 - ill, ill], axis=2), "validation_labels": labels}
    save_file({**arrays, "validation_images": np.arange(12)}, path)


@pytest.fixture
def plan(project: Project) -> Plan:
    protocol = {"kind": "best_validation_epoch", "folds": None, "measured_epochs": None}
    paper = {"arms": {**ARMS}, "figures": None, "recipe": {"epochs": EPOCHS}, "protocol": protocol}
    project.configure({**paper, "metrics": ["auc", "f1_weighted"]}, seeds=[0, 1, 2])
    trained(project)
    for run in project.plan().runs.values():
        files = project.files(run.id)
        with_validation(files.scores, run.seed)
        record = files.record.read_text()
        start = record.index('"sha256": "') + len('"sha256": "')
        files.record.write_text(record[:start] + sha256_of_file(files.scores) + record[start + 64 :])
    return project.plan()


def test_runs_together_have_the_values_that_they_have_alone(project: Project, plan: Plan) -> None:
    cell = plan.cells[CELL]
    runs = plan.runs_of(CELL, "train")
    together = under_readings(cell, [(run, RecordedEpochs(run, cell, project.results)) for run in runs])
    alone = [one for run in runs for one in under_readings(cell, [(run, RecordedEpochs(run, cell, project.results))])]
    assert [*reading_lines(cell, [], together)] == [*reading_lines(cell, [], alone)]
    assert len({str(one.epochs) for one in together}) > 1, "the runs choose different epochs"


def test_every_average_is_measured_under_every_epoch_reading(project: Project, plan: Plan) -> None:
    write_measurements(plan, project.results)
    table = rows_of(read_table(project.results.readings, READINGS), arm="gsa", metric="f1_weighted", seed=0)
    epochs = rows_of(read_table(project.results.readings, READINGS), arm="gsa", metric="accuracy", seed=0)
    averages = ("", ",averaging=macro", ",averaging=first_class", ",averaging=second_class")
    assert set(table["reading"]) == {name + average for name in epochs["reading"] for average in averages}
    assert table["is_default"].sum() == 1 and table["reading"].is_unique
    leaking = table[table["reading"].str.contains("best_on_test")]
    assert len(leaking) == len(averages) and (leaking["leak"] != "").all()


def test_an_average_is_open_only_where_the_epoch_reading_is_open_too() -> None:
    protocol = protocol_of({"kind": "best_validation_epoch"})
    readings = {reading.name: reading for reading in metric_readings(protocol, "f1_weighted", 2)}
    default = protocol.readings()[0]
    both = readings["chosen_by=auc,ties=mean,averaging=macro"]
    assert not both.is_open(default, ["metrics.f1_weighted.averaging"])
    assert both.is_open(default, ["metrics.f1_weighted.averaging", "protocol.chosen_by"])
