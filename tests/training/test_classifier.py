import json

import numpy as np
import pytest
from safetensors.numpy import load_file

from medattn.config.models.paper import Arm
from medattn.training.classifier import _classifier

ARMS = {
    "vanilla": None,
    "gsa": None,
    "lr": {"classifier": "logistic_regression", "options": {"c": 0.01}},
    "svm": {"classifier": "svm", "grid": {"options.c": [0.1, 10.0]}},
}
PAPER = {"arms": ARMS, "backbones": None, "figures": None}
CLASSES = {
    "phantom": {"source": {"counts": {"train": [10, 10, 10], "test": [6, 6, 6]}}, "classes": ["none", "mild", "severe"]}
}


def test_classifiers_give_the_same_results_every_time(project_at, tmp_path):
    outputs = []
    for name in ("first", "second"):
        project = project_at(tmp_path / name)
        project.configure(PAPER, datasets=CLASSES, seeds=[3, 4])
        assert project.medattn("train") == 0
        assert project.medattn("measure") == 0
        outputs.append({**project.outputs(), "measured": project.results.measurements.read_bytes()})
    assert outputs[0] == outputs[1]
    plan = project.plan()
    # Nothing is drawn at random, so one seed is enough; only the grid is cross-validated.
    assert sorted((run.cell.rpartition(".")[2], run.stage) for run in plan.runs.values()) == (
        [("lr", "train"), *[("svm", "train")], *[("svm", "tune")] * 4]
    )
    choice = json.loads(project.results.tuned("tiny.phantom.none").read_text())["cells"]["tiny.phantom.none.svm"]
    assert choice["all"]["grid_point"] in ({"options.c": 0.1}, {"options.c": 10.0})
    run = next(run for run in plan.runs.values() if "svm" in run.cell and run.stage == "train")
    scores = load_file(project.files(run.id).scores)
    assert scores["scores"].shape == (1, 18, 3)
    assert scores["labels"].tolist() != sorted(scores["labels"].tolist())
    record = project.record(run.id)
    assert record["configuration"]["grid_point"] == choice["all"]["grid_point"]
    assert record["configuration"]["options"]["c"] == choice["all"]["grid_point"]["options.c"]


@pytest.mark.parametrize("classifier", ["logistic_regression", "svm"])
@pytest.mark.parametrize("classes", [2, 4])
def test_saved_scores_give_the_classifier_s_predictions(classifier, classes):
    from medattn.training.classifier import _scores

    random = np.random.default_rng(classes)
    x, y = random.random((60, 9)), np.arange(60) % classes
    options = {"c": 1.0, "iterations": 1000, "kernel": "rbf"}
    model = _classifier(Arm(classifier=classifier), options, seed=0).fit(x, y)
    fresh = random.random((200, 9))
    assert np.array_equal(_scores(model, fresh, classes).argmax(1), model.predict(fresh))
    assert np.isneginf(_scores(model, fresh, classes + 1)[:, classes]).all()
