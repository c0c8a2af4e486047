"""Every metric against values computed by hand and against scikit-learn; what is undefined says so."""

import math

import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

from medattn.metrics.calibration_error import BINS
from medattn.metrics.evaluate import Value, measure, measure_epochs
from medattn.metrics.registry import METRICS
from medattn.metrics.scored import Scored, ScoredEpochs

CLASSES = ["a", "b", "c"]


def scored(labels: list[int], predictions: list[int], classes: list[str] = CLASSES) -> Scored:
    """Images whose scores say `predictions` for certain."""
    return Scored(np.eye(len(classes))[predictions], np.array(labels), classes)


def random_scores(classes: int, seed: int = 0, images: int = 200) -> Scored:
    random = np.random.default_rng(seed)
    raw = random.random((images, classes)) ** 3
    scores = (raw / raw.sum(1, keepdims=True)).astype(np.float32)
    return Scored(scores, random.integers(0, classes, images), [f"c{i}" for i in range(classes)])


def values(metric: str, given: Scored) -> dict[str, float]:
    return {value.class_name: value.value for value in measure(metric, given)}


# Three images of a, two of b, one of c; a: 2 right, 1 taken for b; b: 1 right, 1 taken for a; c: right.
HAND = scored([0, 0, 0, 1, 1, 2], [0, 0, 1, 1, 0, 2])


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        ("accuracy", {"": 400 / 6}),
        ("precision", {"a": 200 / 3, "b": 50, "c": 100, "mean": 650 / 9}),
        ("recall", {"a": 200 / 3, "b": 50, "c": 100, "mean": 650 / 9}),
        ("f1_macro", {"": 650 / 9}),
        ("f1_weighted", {"": (3 * 200 / 3 + 2 * 50 + 100) / 6}),
        ("sensitivity", {"a": 200 / 3, "b": 50, "c": 100}),
        ("specificity", {"a": 200 / 3, "b": 75, "c": 100}),
        ("balanced_accuracy", {"": 650 / 9}),
        # Expected disagreement (rows 3,2,1, columns 3,2,1): squares 0,1,4 -> 36 / 6; observed 2 off by one.
        ("kappa_quadratic", {"": 1 - 2 / ((3 * (2 + 4) + 2 * (3 + 1) + 1 * (4 * 3 + 2)) / 6)}),
        ("calibration_error", {"": 200 / 6}),
    ],
)
def test_values_by_hand(metric, expected):
    assert values(metric, HAND) == pytest.approx(expected)


def test_auc_of_two_classes_by_hand():
    given = Scored(np.array([[0.9, 0.1], [0.6, 0.4], [0.65, 0.35], [0.2, 0.8]]), np.array([0, 0, 1, 1]), ["a", "b"])
    assert values("auc", given) == {"": pytest.approx(75)}
    tie = Scored(np.full((4, 2), 0.5), np.array([0, 0, 1, 1]), ["a", "b"])
    assert values("auc", tie) == {"": pytest.approx(50)}


def test_calibration_error_by_hand():
    # Confidence 0.95 in one bin (one of two right), 0.55 in another (right): (|1 - 1.9| + |1 - 0.55|) / 3.
    scores = np.array([[0.95, 0.05], [0.05, 0.95], [0.55, 0.45]])
    given = Scored(scores, np.array([0, 0, 0]), ["a", "b"])
    assert BINS == 15
    assert values("calibration_error", given) == {"": pytest.approx(100 * (0.9 + 0.45) / 3)}


@pytest.mark.parametrize("classes", [2, 3, 5])
@pytest.mark.parametrize("seed", range(3))
def test_values_are_those_of_scikit_learn(classes, seed):
    given = random_scores(classes, seed)
    labels, predictions = given.labels, given.scores.argmax(1)
    score = given.scores[:, 1] if classes == 2 else given.scores
    assert values("auc", given)[""] == pytest.approx(
        100 * sklearn_metrics.roc_auc_score(labels, score, multi_class="ovr", average="macro")
    )
    for metric, function, average in [
        ("f1_weighted", sklearn_metrics.f1_score, "weighted"),
        ("f1_macro", sklearn_metrics.f1_score, "macro"),
    ]:
        assert values(metric, given)[""] == pytest.approx(100 * function(labels, predictions, average=average))
    for metric, function in [
        ("precision", sklearn_metrics.precision_score),
        ("recall", sklearn_metrics.recall_score),
    ]:
        each = values(metric, given)
        assert each.pop("mean") == pytest.approx(100 * function(labels, predictions, average="macro"))
        assert list(each.values()) == pytest.approx(100 * function(labels, predictions, average=None))
    assert values("accuracy", given)[""] == pytest.approx(100 * sklearn_metrics.accuracy_score(labels, predictions))
    assert values("balanced_accuracy", given)[""] == pytest.approx(
        100 * sklearn_metrics.balanced_accuracy_score(labels, predictions)
    )
    assert values("kappa_quadratic", given)[""] == pytest.approx(
        sklearn_metrics.cohen_kappa_score(labels, predictions, weights="quadratic")
    )
    for positive in range(classes):
        name, others = given.classes[positive], labels != positive
        assert values("specificity", given)[name] == pytest.approx(
            100 * sklearn_metrics.recall_score(others, predictions != positive)
        )


def test_a_class_that_is_never_predicted_has_no_precision_and_an_f1_of_0():
    given = scored([0, 1, 2], [0, 1, 1])
    each = {value.class_name: value for value in measure("precision", given)}
    assert math.isnan(each["c"].value)
    assert each["c"].note == "undefined: never predicted"
    assert each["mean"].value == pytest.approx(75), "over a and b"
    assert each["mean"].note == "the mean leaves out c (never predicted)"
    assert values("recall", given)["c"] == 0
    assert values("f1_macro", given)[""] == pytest.approx(100 * (1 + 2 / 3 + 0) / 3)


def test_an_absent_class_has_no_recall_no_auc_and_no_weight():
    given = Scored(random_scores(3).scores[:4], np.array([0, 0, 1, 1]), CLASSES)
    each = {value.class_name: value for value in measure("recall", given)}
    assert math.isnan(each["c"].value)
    assert each["mean"].note == "the mean leaves out c (no test image)"
    (auc,) = measure("auc", given)
    one_against_rest = [sklearn_metrics.roc_auc_score(given.labels == c, given.scores[:, c]) for c in (0, 1)]
    assert auc == Value(pytest.approx(100 * np.mean(one_against_rest)), "", "the mean leaves out c (no test image)")
    assert math.isnan({v.class_name: v.value for v in measure("sensitivity", given)}["c"])


def test_what_has_no_value_at_all_says_why():
    alone = scored([1, 1], [1, 1])
    (auc,) = measure("auc", alone)
    (kappa,) = measure("kappa_quadratic", alone)
    assert math.isnan(auc.value)
    assert auc.note == "undefined: the test images have a single class"
    assert math.isnan(kappa.value)
    assert kappa.note.startswith("undefined")
    specificity = {value.class_name: value for value in measure("specificity", alone)}
    assert specificity["b"].note == "undefined: no negative test image"


def test_scores_that_are_no_probabilities_have_an_auc_and_no_calibration_error():
    margins = Scored(np.array([[-2.0, 2.0], [1.0, -1.0], [3.0, -math.inf]]), np.array([1, 0, 0]), ["a", "b"])
    assert values("auc", margins) == {"": 100}
    (error,) = measure("calibration_error", margins)
    assert math.isnan(error.value)
    assert error.note == "undefined: the scores are no probabilities"


def test_among_equal_scores_the_first_class_is_predicted():
    given = Scored(np.array([[0.5, 0.5], [0.5, 0.5], [0.2, 0.8]]), np.array([0, 1, 1]), ["a", "b"])
    assert values("accuracy", given)[""] == pytest.approx(200 / 3)


def test_every_measured_metric_is_named_with_its_classes():
    given = random_scores(3)
    for name, facts in METRICS.items():
        if facts.measured:
            names = [value.class_name for value in measure(name, given)]
            extra = {"none": [""], "each": [*given.classes, "mean"], "positive": list(given.classes)}
            assert names == extra[facts.classes], name


@pytest.mark.parametrize("metric", [name for name, facts in METRICS.items() if facts.measured])
@pytest.mark.parametrize(("classes", "decimals"), [(2, 1), (2, 7), (3, 1), (5, 7)])
def test_values_at_many_epochs_are_those_of_each_epoch(metric, classes, decimals):
    random = np.random.default_rng(classes)
    scores = random.random((6, 50, classes), dtype=np.float32).round(decimals)  # one decimal: many equal scores
    labels, names = random.integers(0, classes, 50), [f"c{number}" for number in range(classes)]
    at_once = measure_epochs(metric, ScoredEpochs(scores, labels, names))
    each = [measure(metric, Scored(epoch, labels, names)) for epoch in scores]
    assert set(at_once) == {value.class_name for value in each[0]}
    for found in zip(*each, strict=True):
        np.testing.assert_array_equal(at_once[found[0].class_name], [value.value for value in found])


@pytest.mark.parametrize("classes", [2, 3])
def test_other_averages_over_the_classes_are_those_of_scikit_learn(classes):
    given = random_scores(classes, seed=classes)
    epochs = ScoredEpochs(given.scores[None], given.labels, given.classes)
    predicted = given.scores.argmax(axis=1)

    def f1(**how):
        return 100 * sklearn_metrics.f1_score(given.labels, predicted, **how)

    expected = {("f1_weighted", "macro"): f1(average="macro"), ("f1_macro", "weighted"): f1(average="weighted")}
    if classes == 2:
        expected["f1_weighted", "second_class"] = f1(pos_label=1)
        expected["f1_weighted", "first_class"] = f1(pos_label=0)
    else:
        area = sklearn_metrics.roc_auc_score(given.labels, given.scores, multi_class="ovr", average="weighted")
        expected["auc", "weighted"] = 100 * area
    for (metric, averaging), value in expected.items():
        assert METRICS[metric].averagings[averaging].fits(classes)
        assert measure_epochs(metric, epochs, averaging)[""][0] == pytest.approx(value)
    assert not METRICS["auc"].averagings["weighted"].fits(2)
    assert not METRICS["f1_weighted"].averagings["first_class"].fits(3)
