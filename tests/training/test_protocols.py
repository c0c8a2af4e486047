"""Every kind of protocol from the command line: which runs there are, what they are measured at, what chooses."""

import json
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file, save_file

from medattn.files import sha256_of_file
from medattn.protocols.registry import PROTOCOLS
from medattn.training.history import EpochRow, read_history, write_history
from tests.conftest import Project

GRID = {"vanilla": {"grid": {"recipe.weight_decay": [0.1, 0.001]}}, "gsa": None}
PLAIN = {"vanilla": {}, "gsa": None}
KINDS = tuple(PROTOCOLS)
TABLE = {"title": "A table", "metrics": ["accuracy", "auc", "sensitivity", "precision"], "positive_class": "ill",
         "class_columns": True, "unit": "fraction", "decimals": 4}  # fmt: skip


def paper(kind: str, arms=PLAIN, **protocol):
    keys = {"kind": kind, **protocol}
    if kind != "cross_validated_epochs":
        keys = {"folds": None, "measured_epochs": None, **keys}
    if kind == "cross_validation":
        keys["folds"] = 3
    if kind == "best_validation_epoch":
        keys.setdefault("ties", "earliest")
    return {
        "arms": arms,
        "figures": None,
        "recipe": {"epochs": 3},
        "protocol": keys,
        "tables": {"tiny-table": TABLE},
    }


def stages(project: Project) -> Counter:
    return Counter(run.stage for run in project.plan().runs.values())


@pytest.mark.parametrize(
    ("kind", "arms", "expected"),
    [
        ("cross_validated_epochs", PLAIN, {"tune": 2, "train": 2}),
        ("cross_validated_epochs", GRID, {"tune": 4, "train": 2}),
        ("best_validation_epoch", PLAIN, {"train": 2}),
        ("best_validation_epoch", GRID, {"tune": 2, "train": 2}),
        ("fixed_epoch", PLAIN, {"train": 2}),
        ("fixed_epoch", GRID, {"tune": 2, "train": 2}),
        ("cross_validation", PLAIN, {"train": 2 * 3}),
        ("cross_validation", GRID, {"tune": 3 * 2, "train": 2 * 3}),
    ],
)
def test_runs_of_two_seeds_tune_only_where_something_is_chosen(project, kind, arms, expected):
    project.configure(paper(kind, arms), seeds=[0, 1])
    assert stages(project) == expected


@pytest.mark.parametrize("kind", KINDS)
def test_a_protocol_from_training_to_the_table(project, kind, capsys):
    project.configure(paper(kind, GRID), seeds=[0, 1])
    for command in ("train", "measure", "compare", "render"):
        assert project.medattn(command) == 0, capsys.readouterr().err
    rows = pd.read_csv(project.results.measurements)
    assert set(rows[rows.metric != "precision"].status) == {"measured"}, "a class may never be predicted"
    folds = kind == "cross_validation"
    assert set(rows.procedure) == ({"fold", "folds", "pooled", "runs"} if folds else {"epochs", "runs"})
    accuracy = rows[(rows.metric == "accuracy") & (rows.procedure == ("folds" if folds else "epochs"))]
    assert list(accuracy.n) == [{"cross_validated_epochs": 2, "cross_validation": 3}.get(kind, 1)] * 2
    assert set(accuracy.n_test) == {32 if folds else 12}
    assert set(rows[rows.metric == "precision"].class_name) == {"healthy", "ill", "mean"}
    over = rows[(rows.metric == "accuracy") & (rows.procedure == "runs")].iloc[0]
    assert over.value == pytest.approx(accuracy.value.mean())
    assert over.n == 2

    table = pd.read_csv(project.results.tables / "tiny-table.csv")
    assert list(table.metric) == ["accuracy", "auc", "sensitivity", "precision", "precision", "precision"]
    text = (project.results.tables / "tiny-table.md").read_text()
    assert f"{over.value / 100:.4f}" in text
    assert "The positive class is 'ill'." in text
    for suffix in ("tex", "html"):
        assert f"{over.value / 100:.4f}" in (project.results.tables / f"tiny-table.{suffix}").read_text()


def swap_test_labels(project: Project) -> None:
    """Rewrite every measured run as if each test image were of the other class."""
    for run in project.plan().runs.values():
        if run.stage == "train":
            files = project.files(run.id)
            arrays = load_file(files.scores)
            arrays["labels"] = 1 - arrays["labels"]
            save_file(arrays, files.scores)
            history = [EpochRow(**{**r.__dict__, "correct": r.images - r.correct}) for r in read_history(files.history)]
            write_history(files.history, history, "test")
            record = json.loads(files.record.read_text())
            for path in (files.scores, files.history):
                record["outputs"][path.name]["sha256"] = sha256_of_file(path)
            files.record.write_text(json.dumps(record))


def measured_epochs(project: Project) -> list[tuple[float, int]]:
    epochs = pd.read_csv(project.results.epochs)
    chosen = epochs[epochs.measured]
    return list(zip(chosen.fold.fillna(-1), chosen.epoch, strict=True))


@pytest.mark.parametrize(
    ("kind", "keys", "leaks"),
    [
        *((kind, {}, False) for kind in KINDS),
        ("best_validation_epoch", {"chosen_by": "auc"}, False),
        ("cross_validation", {"epoch": "best_on_test"}, True),
    ],
)
def test_test_labels_choose_nothing_except_under_the_reading_that_says_so(project, kind, keys, leaks, capsys):
    project.configure(paper(kind, GRID, **keys), seeds=[0])
    assert project.medattn("train") == 0
    assert project.medattn("measure") == 0
    before = measured_epochs(project)
    choices = project.results.tuned("tiny.phantom.net")
    chosen = choices.read_bytes()
    swap_test_labels(project)
    assert project.medattn("tune") == 0
    assert project.medattn("measure") == 0, capsys.readouterr().err
    assert choices.read_bytes() == chosen
    rows = pd.read_csv(project.results.measurements)
    if leaks:
        assert set(rows.leak) == {"the test images choose the epoch"}
        run = next(run.id for run in project.plan().runs.values() if run.stage == "train")
        assert project.record(run)["data"]["leak"] == "the test images choose the epoch"
    else:
        assert rows.leak.isna().all()
        assert measured_epochs(project) == before


def with_scores(project: Project, scores: np.ndarray, labels: np.ndarray) -> None:
    """Write the measured runs as if they had been trained, with these scores of their test images."""
    for run in project.plan().runs.values():
        files = project.files(run.id)
        files.folder.mkdir(parents=True)
        own = np.roll(scores, run.fold or 0, axis=0)
        save_file({"scores": own, "labels": labels, "images": np.arange(len(labels))}, files.scores)
        right = (own.argmax(2) == labels).sum(1)
        history = [EpochRow(e, 0.1, 0.5, 0.0, 1, 2, int(n), len(labels)) for e, n in enumerate(right, 1)]
        write_history(files.history, history, "test")
        outputs = {path.name: {"sha256": sha256_of_file(path)} for path in (files.scores, files.history)}
        record = {"status": "ok", "epochs": len(scores), "seconds": 1.0, "outputs": outputs}
        files.record.write_text(json.dumps(record))


def test_best_on_test_measures_the_best_epoch_of_each_fold_and_the_table_says_that_it_leaks(project):
    labels = np.array([0, 1, 0, 1])
    right = np.eye(2, dtype=np.float32)[labels]
    scores = np.stack([right[::-1], right, np.tile(right[:1], (4, 1))])  # 0 %, 100 %, 50 %
    changes = paper("cross_validation", epoch="best_on_test")
    changes["protocol"]["folds"] = 2
    project.configure({**changes, "tables": {"tiny-table": {"title": "A table"}}})
    with_scores(project, scores, labels)
    for command in ("measure", "compare", "render"):
        assert project.medattn(command) == 0
    assert measured_epochs(project) == [(0, 2), (1, 3)]
    rows = pd.read_csv(project.results.measurements).set_index("procedure")
    assert rows.loc["folds"].value == 100
    text = (project.results.tables / "tiny-table.md").read_text()
    assert "100.00 (1)<sup>†</sup>" not in text
    assert "<sup>‡</sup>" in text
    assert "Optimistic, because the protocol leaks test data: the test images choose the epoch." in text


def test_folds_have_a_mean_and_a_pooled_value_and_a_lost_fold_leaves_neither(project):
    labels = np.array([0, 0, 0, 1])
    scores = np.eye(2, dtype=np.float32)[np.array([[0, 0, 0, 1], [0, 0, 0, 0]])]
    changes = paper("cross_validation")
    changes["protocol"]["folds"] = 2
    changes["tables"] = {"tiny-table": {"title": "A table", "metrics": ["recall"], "class_columns": True}}
    project.configure(changes)
    with_scores(project, scores, labels)
    assert project.medattn("measure") == 0
    rows = pd.read_csv(project.results.measurements, keep_default_na=False)
    values: dict[tuple[str, ...], list[float]] = {}
    for row in rows.itertuples():
        values.setdefault((row.metric, row.class_name, row.procedure), []).append(float(row.value))
    assert sorted(values["accuracy", "", "fold"]) == [75, 100]
    assert [values["accuracy", "", procedure] for procedure in ("folds", "pooled", "runs")] == [[87.5]] * 3
    assert values["recall", "ill", "folds"] == values["recall", "ill", "pooled"] == [50]
    lost = next(run for run in project.plan().runs.values() if run.fold == 1)
    record = json.loads(project.files(lost.id).record.read_text())
    record.update(status="diverged", reason="loss is NaN")
    project.files(lost.id).record.write_text(json.dumps(record))
    assert project.medattn("measure", "--allow-fewer") == 0
    rows = pd.read_csv(project.results.measurements)
    for procedure in ("folds", "pooled", "runs"):
        found = rows[(rows.procedure == procedure) & (rows.metric == "accuracy")].iloc[0]
        assert (found.status, found.reason) == ("not measured", "fold 1: diverged: loss is NaN")


def test_the_best_validation_epoch_is_measured_once(project):
    project.configure(
        paper("best_validation_epoch", ties="earliest"),
        datasets={"phantom": {"source": {"counts": {"val": [4, 4]}}}},
    )
    assert project.medattn("train") == 0
    assert project.medattn("measure") == 0
    (run,) = project.plan().runs
    arrays = load_file(project.files(run).scores)
    assert arrays["validation_scores"].shape == (3, 8, 2)
    assert sorted(arrays["validation_images"]) == list(range(20, 28)), "the official split val"
    right = (arrays["validation_scores"].argmax(2) == arrays["validation_labels"]).sum(1)
    history = read_history(project.files(run).history)
    assert [row.validation_correct for row in history] == list(right)
    assert measured_epochs(project) == [(-1, int(right.argmax()) + 1)]
