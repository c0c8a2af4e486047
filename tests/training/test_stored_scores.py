"""Large scores are stored at the epochs that a reading measures; every value is that of all epochs in full."""

import json
from fractions import Fraction
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from medattn.audit.checks.training import _choosing_values, check_training
from medattn.audit.context import AuditContext
from medattn.datasets.tensor_file import write_tensors
from medattn.errors import UserError
from medattn.files import sha256_of_file
from medattn.metrics.evaluate import measure, validation_values
from medattn.metrics.registry import METRICS
from medattn.metrics.scored import Scored
from medattn.protocols.registry import protocol_of
from medattn.training import score_file, stored_scores
from medattn.training.history import EpochRow
from medattn.training.score_file import ArraysInMemory, RunScores, as_scores, predicted_or_none, read_scores

EPOCHS, TESTS, VALIDATIONS = 30, 40, 24
BEST = {"kind": "best_validation_epoch"}


def arrays_of(classes: int, seed: int = 0, validations: int = VALIDATIONS) -> dict[str, np.ndarray]:
    """Return made-up probabilities with ties, zeros and an epoch with NaN."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, classes, TESTS + validations)
    logits = random.normal(0, 2, (EPOCHS, len(labels), classes))
    logits[:, np.arange(len(labels)), labels] += np.linspace(0, 3, EPOCHS)[:, None]
    scores = np.exp(logits - logits.max(axis=2, keepdims=True))
    scores = (scores / scores.sum(axis=2, keepdims=True)).astype(np.float32)
    scores[3, :5] = np.float32(1 / classes)  # equal scores
    scores[7, 2] = np.nan
    scores[9, -1], scores[9, -1, 0] = 0, 1
    found = {"scores": scores[:, :TESTS], "labels": labels[:TESTS], "images": np.arange(TESTS)}
    if validations:
        further = {"scores": scores[:, TESTS:], "labels": labels[TESTS:], "images": np.arange(validations) + 100}
        found |= {f"validation_{name}": array for name, array in further.items()}
    return found


def history_of(arrays: dict[str, np.ndarray]) -> list[EpochRow]:
    def correct(prefix: str) -> np.ndarray:
        scores = arrays.get(f"{prefix}scores", np.empty((EPOCHS, 0, 2)))
        right = scores.argmax(2) == arrays.get(f"{prefix}labels", np.empty(0))
        return (right & ~np.isnan(scores).any(2)).sum(1)

    tests, validations = correct(""), correct("validation_")
    count = len(arrays.get("validation_labels", ()))
    return [
        EpochRow(epoch + 1, 0.1, 0.5, 0.0, 1, 2, int(tests[epoch]), TESTS, int(validations[epoch]), count)
        for epoch in range(EPOCHS)
    ]


def stored(arrays, protocol=BEST, stage="train", whole_bytes=0):
    with mock.patch.object(stored_scores, "WHOLE_BYTES", whole_bytes):
        return stored_scores.stored_arrays(arrays, history_of(arrays), protocol_of(protocol), stage)


@pytest.fixture
def written(tmp_path: Path):
    """Return a function that writes arrays and opens them as a finished run's."""

    def write(arrays: dict[str, np.ndarray]) -> RunScores:
        path = tmp_path / "scores.safetensors"
        write_tensors(path, arrays)
        return read_scores({"outputs": {path.name: {"sha256": sha256_of_file(path)}}}, path)

    return write


class Results:
    """Results of a run at every epoch, in full."""

    epochs = EPOCHS

    def __init__(self, arrays) -> None:
        self.arrays, self.history = arrays, history_of(arrays)

    def on_validation(self, metric):
        if metric == "accuracy":
            return [row.validation_accuracy for row in self.history]
        prefix = "validation_" if "validation_scores" in self.arrays else ""
        return validation_values(metric, self.arrays[f"{prefix}scores"], self.arrays[f"{prefix}labels"])

    def on_test(self):
        return [Fraction(row.correct, row.images) for row in self.history]


def test_small_scores_are_stored_as_they_are():
    arrays = arrays_of(3)
    size = arrays["scores"].nbytes + arrays["validation_scores"].nbytes
    assert stored(arrays, whole_bytes=size) is arrays
    assert stored(arrays, whole_bytes=size - 1).keys() > arrays.keys()


@pytest.mark.parametrize("classes", [2, 7, 300])
@pytest.mark.parametrize(
    "protocol", [BEST, {"kind": "fixed_epoch"}, {**BEST, "chosen_by": "auc", "ties": "latest"}], ids=str
)
@pytest.mark.parametrize("in_memory", [0, 1 << 30])
def test_every_reading_and_every_metric_is_that_of_all_epochs(written, monkeypatch, classes, protocol, in_memory):
    monkeypatch.setattr(score_file, "_IN_MEMORY", in_memory)
    monkeypatch.setattr(score_file, "_PIECE", 1)  # two epochs at a time
    arrays = arrays_of(classes, seed=classes)
    found, results, rules = written(stored(arrays, protocol)), Results(arrays), protocol_of(protocol)
    readings = rules.epochs_by_reading(results)
    names = [f"c{number}" for number in range(classes)]
    assert len(found.evaluated.kept) < EPOCHS == found.evaluated.epochs
    for epoch in {epoch for epochs in readings.values() for epoch in epochs} | {
        EPOCHS,
        *rules.epochs_to_measure(results),
    }:
        scores = found.evaluated.scores(epoch)
        assert scores.dtype == np.float32 and np.array_equal(scores, arrays["scores"][epoch - 1], equal_nan=True)
        if not np.isnan(scores).any():
            for metric in (name for name, facts in METRICS.items() if facts.measured):
                expected = measure(metric, Scored(arrays["scores"][epoch - 1], arrays["labels"], names))
                again = measure(metric, Scored(scores, found.evaluated.labels, names))
                assert str(again) == str(expected)
    # What other epochs are needed for is there, too.
    assert found.evaluated.correct == [row.correct for row in results.history]
    assert found.of_validation.correct == [row.validation_correct for row in results.history]
    for metric in (*("loss", "f1_weighted", "kappa_quadratic"), *(["auc"] if protocol["kind"] == BEST["kind"] else [])):
        expected = results.on_validation(metric)
        assert found.of_validation.validation_values(metric) == pytest.approx(expected, abs=1e-12)


def test_the_same_arrays_are_read_whether_all_epochs_are_stored_or_some(written):
    arrays = arrays_of(5)
    whole, some = written(arrays), written(stored(arrays))
    for one, other in ((whole.evaluated, some.evaluated), (whole.validation, some.validation)):
        assert one.is_whole and not other.is_whole
        assert np.array_equal(one.label_scores, other.label_scores, equal_nan=True)
        assert np.array_equal(one.predicted(1, EPOCHS), other.predicted(1, EPOCHS))
        assert one.correct == other.correct and one.unscored.tolist() == other.unscored.tolist()
        assert one.unscored.sum() in (0, 1)


@pytest.mark.parametrize(("classes", "kind"), [(255, np.uint8), (256, np.uint16)])
def test_predicted_classes_leave_room_for_none(classes, kind):
    scores = np.zeros((1, 3, classes), np.float32)
    scores[0, 0, -1], scores[0, 1, 0], scores[0, 2, 5] = 1, 1, np.nan
    predicted = predicted_or_none(scores)
    assert predicted.dtype == kind and predicted.tolist() == [[classes - 1, 0, classes]]
    again = as_scores(predicted, classes)
    assert np.array_equal(predicted_or_none(again), predicted)


def test_where_other_runs_choose_the_epochs_all_are_stored():
    arrays = arrays_of(3, validations=0)
    assert stored(arrays, {"kind": "cross_validated_epochs", "measured_epochs": 2}) is arrays


def test_a_tuning_run_keeps_what_chooses_its_grid_point(written):
    arrays = arrays_of(4, validations=0)
    found = written(stored(arrays, {**BEST, "chosen_by": "auc"}, "tune"))
    expected = validation_values("auc", arrays["scores"], arrays["labels"])
    assert found.of_validation.validation_values("auc") == pytest.approx(expected, abs=1e-12)
    best = int(np.argmax(expected)) + 1
    assert best in found.evaluated.kept


def test_an_epoch_that_was_not_stored_is_one_line(written):
    found = written(stored(arrays_of(3), {"kind": "fixed_epoch"})).evaluated
    lost = next(epoch for epoch in range(1, EPOCHS) if epoch not in found.kept)
    with pytest.raises(UserError, match=f"the scores after epoch {lost} were not stored"):
        found.scores(lost)
    with pytest.raises(UserError, match="auc after every epoch was not stored"):
        found.validation_values("auc")


@pytest.mark.parametrize(
    "change",
    [
        lambda arrays: arrays.pop("labels"),
        lambda arrays: arrays.pop("label_scores"),
        lambda arrays: arrays.update(epochs=arrays["epochs"][::-1].copy()),
        lambda arrays: arrays.update(epochs=arrays["epochs"] + EPOCHS),
        lambda arrays: arrays.update(epochs=arrays["epochs"][:-1]),
        lambda arrays: arrays.update(predicted=arrays["predicted"][:, :-1]),
        lambda arrays: arrays.update(images=arrays["images"][:-1]),
        lambda arrays: arrays.update(scores=arrays["scores"][0]),
    ],
)
def test_arrays_that_do_not_fit_are_refused(tmp_path, change):
    arrays = stored(arrays_of(3))
    change(arrays)
    path = tmp_path / "run" / "scores.safetensors"
    path.parent.mkdir()
    save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, path)
    with pytest.raises(UserError, match="not the scores of a run"):
        read_scores({"outputs": {path.name: {"sha256": sha256_of_file(path)}}}, path)


def test_a_file_of_the_first_format_is_read(pytestconfig):
    for path in (pytestconfig.rootpath / "results/reference").glob("*/runs/*/*/scores.safetensors"):
        arrays, found = load_file(path), RunScores(ArraysInMemory(load_file(path)))
        assert found.evaluated.is_whole
        assert found.evaluated.correct == (arrays["scores"].argmax(2) == arrays["labels"]).sum(1).tolist()


def test_reading_takes_memory_for_a_few_epochs_only(written, monkeypatch):
    import tracemalloc

    monkeypatch.setattr(score_file, "_IN_MEMORY", 0)
    monkeypatch.setattr(score_file, "_PIECE", 1 << 16)
    labels = np.arange(1000) % 20
    peaks = []
    for epochs in (20, 80):
        scores = np.full((epochs, 1000, 20), 0.05, dtype=np.float32)
        found = written({"scores": scores, "labels": labels, "images": np.arange(1000)}).evaluated
        tracemalloc.start()
        assert len(found.correct) == epochs and len(found.computed_values("auc")) == epochs
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]


def test_a_stored_value_that_chose_an_epoch_is_checked_where_the_scores_are():
    arrays = stored(arrays_of(3))
    whole = RunScores(ArraysInMemory(arrays))
    assert list(_choosing_values(whole.of_validation)) == []
    arrays["values/auc"] = arrays["values/auc"] + np.eye(EPOCHS)[whole.evaluated.kept[0] - 1] / 100
    ((expected, _),) = _choosing_values(RunScores(ArraysInMemory(arrays)).of_validation)
    assert "values/auc as computed from the scores" in expected


@pytest.mark.heavy
def test_tables_and_audit_are_the_same_from_some_epochs(project_at, tmp_path, monkeypatch):
    metrics = ["accuracy", "auc", "f1_weighted", "calibration_error"]
    paper = {
        "recipe": {"epochs": 9},
        "protocol": {"kind": "fixed_epoch", "folds": None, "measured_epochs": None},
        "arms": {"gsa": None, "gate": {"mechanism": "ppcr", "placement": {"after": ["features.4"]}}},
        "tables": {"tiny-table": {"title": "A table", "metrics": metrics}},
        "figures": {
            "tiny-figure": None,
            "roc": {"title": "r", "kind": "roc_curve", "arm": "gate"},
            "loss": {"title": "l", "kind": "loss_curve"},
        },
    }
    found = []
    for name, limit in (("whole", 1 << 24), ("some", 0)):
        monkeypatch.setattr(stored_scores, "WHOLE_BYTES", limit)
        project = project_at(tmp_path / name)
        project.configure(paper, seeds=[0, 1])
        for command in ("train", "measure", "compare", "judge", "answer", "render"):
            assert project.medattn(command) == 0
        folder = project.results.folder
        tables = ("measurements", "epochs", "readings", "comparisons", "multiverse", "figures/roc", "figures/loss")
        found.append({table: (folder / f"{table}.csv").read_bytes() for table in tables})
        files = [load_file(path) for path in folder.glob("runs/*/*/scores.safetensors")]
        assert any("epochs" in arrays for arrays in files) == (name == "some")
    assert found[0] == found[1]
    assert list(check_training(AuditContext(folder))) == []
    break_predicted(project)
    errors = [finding.expected for finding in check_training(AuditContext(folder))]
    assert any("predicted classes from the scores" in expected for expected in errors)
    assert any("label_scores from the scores" in expected for expected in errors)


def break_predicted(project) -> None:
    """Change what one run stores of every epoch, and name the changed file in its record."""
    run = next(run for run in project.plan().runs if "epochs" in load_file(project.files(run).scores))
    files, record = project.files(run), project.record(run)
    arrays = load_file(files.scores)
    last = len(arrays["predicted"]) - 1
    arrays["predicted"][last] = 1 - arrays["predicted"][last]
    arrays["label_scores"][last] /= 2
    save_file(arrays, files.scores)
    record["outputs"]["scores.safetensors"]["sha256"] = sha256_of_file(files.scores)
    files.record.write_text(json.dumps(record))
