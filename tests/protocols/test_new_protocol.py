"""A new protocol is one new file: planned, divided, chosen and measured without a change to any other file."""

import json
from pathlib import Path

import pandas as pd
import pytest
from safetensors.numpy import load_file

import medattn
from medattn.protocols.registry import PROTOCOLS
from medattn.training.history import read_history
from tests.extension import run_with_module

SOURCE = '''"""Worst epochs: for tests only."""

from typing import ClassVar, Literal

from pydantic import Field

from medattn.protocols.base import Division, FoldsNeeded
from medattn.protocols.official_splits import OfficialSplitsProtocol


class WorstEpochs(OfficialSplitsProtocol):
    """Measures the epochs at which a fifth of the training images does worst."""

    column_title: ClassVar[str] = "Worst"
    kind: Literal["worst_epochs"]
    worst: int = Field(1, ge=1, description="number of measured epochs")

    @property
    def needed_epochs(self):
        return self.worst

    def __str__(self):
        return f"the test images are measured at the {self.worst} worst epochs"

    def split(self, images, stage, fold):
        training, held_out = images.hold_out(images.of_splits(self.training_splits), 0.2)
        if stage == "tune":
            return Division(training, held_out, "validation")
        return Division(training, images.test(), "test", held_out)

    def folds_needed(self, tuned, splits):
        return FoldsNeeded("kind", 5, self.training_splits)

    def choose(self, runs):
        (run,) = runs
        values = run.on_validation("accuracy")
        return (1,), 1 - min(values)

    def epochs_to_measure(self, run):
        ranked = sorted(enumerate(run.on_validation("accuracy"), start=1), key=lambda pair: (pair[1], pair[0]))
        return tuple(sorted(epoch for epoch, _ in ranked[: self.worst]))
'''
PAPER = {
    "arms": {"vanilla": {"grid": {"recipe.weight_decay": [0.1, 0.001]}}, "gsa": None},
    "figures": None,
    "recipe": {"epochs": 3},
    "protocol": {"kind": "worst_epochs", "worst": 2, "folds": None, "measured_epochs": None},
}
COUNTS = {"train": [10, 4], "test": [6, 6]}
AUDIT = ("audit results/trial --seal", "audit results/trial")
LINES = ("plan --write", "train", "measure", "compare", "judge", "answer", "render", *AUDIT)


@pytest.mark.heavy
def test_a_protocol_is_added_by_one_file(project):
    project.configure(PAPER, seeds=[0, 1])
    out = run_with_module(project, "medattn.protocols", "worst_epochs", SOURCE, *LINES)
    assert "the test images are measured at the 2 worst epochs" in out
    runs = read_plan_as_json(project)
    assert sorted(run["stage"] for run in runs.values()) == ["train", "train", "tune", "tune"]
    epochs = pd.read_csv(project.results.epochs)
    for run_id, run in runs.items():
        scores = load_file(project.files(run_id).scores)
        if run["stage"] == "tune":
            assert len(scores["images"]) == 4, "a fifth of the training images"
            continue
        assert (len(scores["validation_images"]), len(scores["images"])) == (4, 12)
        assert not set(scores["validation_images"].tolist()) & set(scores["images"].tolist())
        history = read_history(project.files(run_id).history)
        worst = sorted(history, key=lambda row: (row.validation_correct, row.epoch))[:2]
        measured = epochs[epochs.measured & (epochs.seed == run["seed"])]
        assert measured.epoch.tolist() == sorted(row.epoch for row in worst)
    (file,) = (project.results.folder / "tuned").glob("*.json")
    (choices,) = json.loads(file.read_text())["cells"].values()
    first, second = choices["all"]["candidates"]
    best = max(first, second, key=lambda candidate: candidate["validation_accuracy"])
    assert choices["all"]["grid_point"] == best["grid_point"]
    assert choices["all"]["epochs"] == [1]
    assert "Reproduced (worst)" in (project.results.tables / "tiny-table.md").read_text()


def read_plan_as_json(project):
    """The runs of the plan; this process does not know the protocol of their cells."""
    return json.loads(project.results.plan.read_text())["runs"]


def test_a_data_set_that_a_new_protocol_cannot_divide_has_its_reason_in_the_plan(project):
    project.configure(PAPER, datasets={"phantom": {"source": {"counts": COUNTS}, "counts": COUNTS}})
    out = run_with_module(project, "medattn.protocols", "worst_epochs", SOURCE, "plan")
    assert "protocol.kind: class 'ill' has 4 images, too few for 5 folds" in out


def test_no_file_outside_the_folder_names_a_protocol():
    package = Path(medattn.__file__).parent
    names = [name for kind, model in PROTOCOLS.items() for name in (model.__name__, f'"{kind}"')]
    files = [file for file in package.rglob("*.py") if file.parent.name != "protocols"]
    assert len(files) > 100
    assert not [f"{file}: {name}" for file in files for name in names if name in file.read_text()]
