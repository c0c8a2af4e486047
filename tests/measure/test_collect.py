"""measurements.csv and epochs.csv from hand-made scores."""

import json

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file, save_file

from medattn.files import sha256_of_file
from medattn.training.score_file import ArraysInMemory, RunScores
from tests.conftest import Project

EPOCHS, MEASURED = 6, [5, 2, 3]
PAPER = {
    "arms": {"gsa": None},
    "figures": None,
    "recipe": {"epochs": EPOCHS},
    "protocol": {"measured_epochs": 3},
}


def scores_of(seed: int) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    scores = random.random((EPOCHS, 12, 2), dtype=np.float32)
    return {"scores": scores, "labels": np.arange(12) % 2, "images": np.arange(20, 32)}


@pytest.fixture
def measurable(project) -> Project:
    """Three seeds as if they had been trained, the last of which diverged."""
    project.configure(PAPER, seeds=[0, 1, 2])
    for run in project.plan().runs.values():
        if run.stage == "train":
            files = project.files(run.id)
            files.folder.mkdir(parents=True)
            save_file(scores_of(run.seed), files.scores)
            record = {"status": "ok", "epochs": EPOCHS, "seconds": 1.0}
            if run.seed == 2:
                record.update(status="diverged", reason="the loss is no finite number after epoch 4")
            outputs = {"scores.safetensors": {"sha256": sha256_of_file(files.scores)}}
            files.record.write_text(json.dumps({**record, "outputs": outputs}))
    cells = {"tiny.phantom.net.vanilla": {"all": {"grid_point": {}, "epochs": MEASURED}}}
    project.results.tuned("tiny.phantom.net").parent.mkdir()
    project.results.tuned("tiny.phantom.net").write_text(json.dumps({"cells": cells}))
    return project


def expected(seed: int) -> np.ndarray:
    arrays = scores_of(seed)
    every = [np.mean(epoch.argmax(1) == arrays["labels"]) * 100 for epoch in arrays["scores"]]
    return np.array([every[epoch - 1] for epoch in MEASURED])


def test_measurements_are_mean_and_sample_deviation_at_the_chosen_epochs(measurable):
    assert measurable.medattn("measure") == 0
    rows = pd.read_csv(measurable.results.measurements).set_index(["procedure", "seed"])
    for seed in (0, 1):
        row = rows.loc["epochs", seed]
        assert row.value == pytest.approx(expected(seed).mean())
        assert row.spread == pytest.approx(expected(seed).std(ddof=1))
        assert (row.n, row.n_test, row.status) == (3, 12, "measured")
    lost = rows.loc["epochs", 2]
    assert lost.status == "not measured"
    assert lost.reason == "diverged: the loss is no finite number after epoch 4"
    means = np.array([expected(0).mean(), expected(1).mean()])
    runs = rows.loc["runs"].iloc[0]
    assert runs.value == pytest.approx(means.mean())
    assert runs.spread == pytest.approx(means.std(ddof=1))
    assert runs.n == 2
    assert runs.reason == "seed 2: diverged: the loss is no finite number after epoch 4"
    assert len(runs.runs.split(";")) == 2

    epochs = pd.read_csv(measurable.results.epochs)
    assert len(epochs) == 2 * EPOCHS
    assert sorted(epochs[epochs.measured & (epochs.seed == 1)].epoch) == sorted(MEASURED)


def test_tampered_scores_are_refused_in_a_line(measurable, capsys):
    run = next(run.id for run in measurable.plan().runs.values() if run.stage == "train")
    files = measurable.files(run)
    arrays = load_file(files.scores)
    arrays["scores"][0, 0] = arrays["scores"][0, 0, ::-1]
    save_file(arrays, files.scores)
    capsys.readouterr()
    assert measurable.medattn("measure") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert f"{run}/scores.safetensors: not the file that the record of the run names" in line
    files.scores.unlink()
    assert measurable.medattn("measure") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert f"{run}/scores.safetensors: no such file" in line
    assert not measurable.results.measurements.exists()


def test_runs_that_are_not_trained_say_so(project):
    project.configure(PAPER)
    assert project.medattn("measure") == 0
    rows = pd.read_csv(project.results.measurements)
    assert set(rows.status) == {"not measured"}
    assert set(rows.reason) == {"not trained yet"}


def test_among_equal_scores_the_first_class_is_predicted():
    scores = np.array([[[0.5, 0.5], [0.5, 0.5], [0.2, 0.8]]])
    arrays = {"scores": scores, "labels": np.array([0, 1, 1]), "images": np.arange(3)}
    assert RunScores(ArraysInMemory(arrays)).evaluated.correct == [2]


def output_nan(project: Project, seed: int, epoch: int) -> str:
    """Let the run of a seed have no scores of one image after an epoch; return the run."""
    (run,) = (run for run in project.plan().runs.values() if (run.stage, run.seed) == ("train", seed))
    files, arrays = project.files(run.id), scores_of(seed)
    arrays["scores"][epoch - 1, 3] = np.nan
    save_file(arrays, files.scores)
    record = json.loads(files.record.read_text())
    record["outputs"] = {"scores.safetensors": {"sha256": sha256_of_file(files.scores)}}
    files.record.write_text(json.dumps(record))
    return run.id


def test_nan_scores_count_as_wrong_and_leave_a_run_unmeasured_at_a_measured_epoch(measurable):
    unmeasured = next(epoch for epoch in range(1, EPOCHS + 1) if epoch not in MEASURED)
    output_nan(measurable, 0, unmeasured)
    output_nan(measurable, 1, MEASURED[0])
    assert measurable.medattn("measure") == 0
    rows = pd.read_csv(measurable.results.measurements).set_index(["procedure", "seed"])
    assert rows.loc["epochs", 0].value == pytest.approx(expected(0).mean())
    lost = rows.loc["epochs", 1]
    assert (lost.status, lost.reason) == (
        "not measured",
        f"the network outputs NaN after epoch {MEASURED[0]}, which is measured",
    )
    arrays, epochs = scores_of(0), pd.read_csv(measurable.results.epochs)
    right = arrays["scores"][unmeasured - 1].argmax(1) == arrays["labels"]
    right[3] = False
    (value,) = epochs[(epochs["seed"] == 0) & (epochs["epoch"] == unmeasured)]["value"]
    assert value == pytest.approx(100 * right.mean())
    assert measurable.medattn("compare") == 0
    assert measurable.medattn("judge") == 0
