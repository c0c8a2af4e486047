"""Scores over all classes, sizes of feature maps, and costs of a network: worked examples, and the four papers."""

from fractions import Fraction

import pytest

from medattn.config.models.facts import Convolution
from medattn.consistency.checks import costs, feature_maps, overall

from .conftest import line

RECALLS = {"ill": "90.0", "well": "70.0"}
SIZES = {"test_sets": {"d": {"rows": {}, "classes": {"ill": 100, "well": 50}}}}


def class_lines(**metrics: dict[str, str]) -> list[str]:
    return [
        line(metric, mean, table=f"t-{metric}", class_name=name)
        for metric, values in metrics.items()
        for name, mean in values.items()
    ]


def stated(metric: str, published: str, unit: str = "percent") -> dict[str, object]:
    return {"overall": [{"says": "overall", "rows": {}, "metric": metric, "published": published, "unit": unit}]}


# Scores over all classes


@pytest.mark.parametrize(
    ("published", "verdict"),
    # 90 of 100 and 35 of 50 are 125 of 150; the plain mean of the recalls, 80.0, is no accuracy of them.
    [("83.33", "consistent"), ("83.3", "consistent"), ("84.0", "inconsistent"), ("80.0", "inconsistent")],
)
def test_an_accuracy_is_the_mean_recall_weighted_by_images(in_lines, published, verdict):
    rows = in_lines(class_lines(recall=RECALLS), SIZES | stated("accuracy", published), checks=["overall"])
    assert [(row["verdict"], row["expected"].rstrip("3")) for row in rows] == [(verdict, "83.")]
    if verdict == "consistent":
        assert "25 of 150 images misclassified" in rows[0]["note"]


def test_an_accuracy_of_a_table_is_found_without_facts(in_lines):
    lines = [*class_lines(recall=RECALLS), line("accuracy", "91.00")]
    rows = in_lines(lines, checks=["overall"])
    assert [(row["cell"], row["verdict"]) for row in rows] == [("d.b.a.accuracy", "inconsistent")]
    assert [row["verdict"] for row in in_lines([*lines[:-1], line("accuracy", "88.00")], checks=["overall"])] == [
        "consistent"
    ]


def test_labels_that_contradict_the_accuracy(in_lines):
    lines = class_lines(precision=RECALLS, recall={"ill": "80.0", "well": "80.0"})
    row = in_lines(lines, SIZES | stated("accuracy", "83.33"), checks=["overall"])[0]
    assert row["verdict"] == "inconsistent"
    assert row["note"].endswith("the labels contradict the accuracy")


@pytest.mark.parametrize("metric", ["accuracy", "f1"])
def test_unrelated_class_values_leave_a_score_undecidable(in_lines, metric):
    fact = stated(metric, "50.0")
    for lines, known in (
        (class_lines(precision=RECALLS), SIZES),
        ([line("auc", "90.0")], {}),
        (class_lines(recall=RECALLS) + [line("recall", "90.0", arm="b", class_name=name) for name in RECALLS], SIZES),
        (class_lines(precision=RECALLS, recall=RECALLS), {"test_sets": {"d": {"rows": {}, "averaged": 5}}}),
        (
            class_lines(precision=RECALLS, recall=RECALLS),
            {"test_sets": {"d": {"rows": {}, "classes": {"ill": 9, "well": 9, "odd": 9}}}},
        ),
    ):
        assert [row["verdict"] for row in in_lines(lines, known | fact, checks=["overall"])] == ["undecidable"]


def test_f1_scores_agree_with_scikit_learn():
    from sklearn.metrics import f1_score, precision_score, recall_score

    truth, answers = [0] * 10 + [1] * 5 + [2] * 3, [0] * 7 + [1] * 3 + [1] * 4 + [2] + [2] * 2 + [0]
    sides = [
        [Fraction(share).limit_denominator(100) for share in score(truth, answers, average=None)]
        for score in (precision_score, recall_score)
    ]
    found = overall.f1_scores(*sides, images=[10, 5, 3])
    assert float(found["mean of the classes"]) == pytest.approx(f1_score(truth, answers, average="macro"))
    assert float(found["weighted by images"]) == pytest.approx(f1_score(truth, answers, average="weighted"))


def test_f1_of_class_values(in_lines):
    lines = class_lines(precision={"ill": "80.0", "well": "60.0"}, recall={"ill": "80.0", "well": "60.0"})
    for published, verdict in (("0.70", "consistent"), ("0.73", "consistent"), ("0.75", "inconsistent")):
        # 0.70 is the plain mean of the classes, 0.733 that weighted by 100 and 50 images.
        found = in_lines(lines, SIZES | stated("f1", published, "fraction"), checks=["overall"])
        assert [row["verdict"] for row in found] == [verdict]


def test_oct_accuracy_fits_the_values_labeled_precision(in_paper):
    accuracy, f1 = in_paper("oct", check="overall")
    assert (accuracy["published"], accuracy["expected"], accuracy["verdict"]) == ("99.5", "99.40", "inconsistent")
    assert "labeled precision 98.8 100 99.6 99.6: 5 of 1,000 images misclassified" in accuracy["note"]
    assert "labeled recall 99.3 99.0 99.7 99.7: impossible" in accuracy["note"]
    assert (f1["published"], f1["verdict"]) == ("0.995", "consistent")


# Sizes of feature maps


@pytest.mark.parametrize(
    ("size", "times", "kernels", "sizes"),
    [
        (8, 1, [2], [4, 5]),  # 5: with a pixel of padding on either side
        (224, 5, [3], [6, 7, 8]),  # 7: as in every network that halves 224 pixels five times
        (7, 1, [3], [3, 4]),
        (2, 1, [5], [1, 2]),  # the kernel fits with padding only
        (1, 1, [4], [1, 2]),
        (2, 2, [2], [1, 2]),
    ],
)
def test_sizes_of_feature_maps(size, times, kernels, sizes):
    assert feature_maps.reachable(size, times, 2, kernels) == sizes


def test_oct_35_pixels_do_not_become_7(in_paper):
    (row,) = in_paper("oct", check="feature-maps")
    assert (row["published"], row["expected"], row["verdict"]) == ("7", "8 or 9 or 10", "inconsistent")


def test_a_size_that_is_possible(in_lines):
    facts = {"feature_maps": [{"says": "35 pixels", "size": 35, "times": 2, "published": 9}]}
    assert [row["verdict"] for row in in_lines([line("auc", "90.0")], facts, checks=["feature-maps"])] == ["consistent"]


# Costs


def test_parameters_and_operations_of_layers():
    # The first convolution of ResNet: 64 filters of 7 x 7 x 3, no bias, 112 x 112 positions; then a linear layer.
    first = Convolution(kernel=7, inputs=3, outputs=64, bias=False, height=112, width=112)
    assert costs.parameters([first]) == 9408
    assert costs.operations([first]) == 118_013_952
    linear = Convolution(inputs=512, outputs=1000)
    assert (costs.parameters([linear]), costs.operations([linear])) == (513_000, 512_000)
    assert costs.training_operations([first]) == 3 * 118_013_952
    assert costs.training_operations([first.model_copy(update={"input_learns": False})]) == 2 * 118_013_952


def network(**more: object) -> dict[str, object]:
    return {"says": "tiny", "of": "head", "layers": [{"inputs": 99, "outputs": 1}], "levels": [0.1, 0.5]} | more


@pytest.mark.parametrize(
    ("against", "verdict"),
    [({"a": 1001}, "consistent"), ({"a": 500, "b": 2000}, "undecidable"), ({"a": 199, "b": 2000}, "inconsistent")],
)
def test_the_greatest_share_decides(in_lines, against, verdict):
    rows = in_lines([line("auc", "90.0")], {"costs": [network(against=against)]}, checks=["costs"])
    assert [row["verdict"] for row in rows] == [verdict]


def test_a_statement_about_several_networks_fails_only_with_all(in_lines):
    facts = {"costs": [network(against={"a": 150}), network(against={"a": 10_000})]}
    assert [row["verdict"] for row in in_lines([line("auc", "90.0")], facts, checks=["costs"])] == [
        *("inconsistent", "consistent", "undecidable")
    ]
    facts = {"costs": [network(against={"a": 150}), network(against={"a": 100})]}
    assert in_lines([line("auc", "90.0")], facts, checks=["costs"])[-1]["verdict"] == "inconsistent"


@pytest.mark.parametrize(("formula", "verdict"), [([[99, 1], [1]], "consistent"), ([[99]], "inconsistent")])
def test_a_formula_gives_the_parameters_of_the_layers(in_lines, formula, verdict):
    facts = {"costs": [network(formula=formula, against={"a": 10**6})]}
    row = in_lines([line("auc", "90.0")], facts, checks=["costs"])[0]
    assert (row["cell"], row["expected"], row["verdict"]) == ("formula for head", "100", verdict)


def test_gsa_pixel_cnn_is_not_always_small(in_paper):
    rows = {row["cell"]: row for row in in_paper("gsa", check="costs")}
    assert {row["verdict"] for cell, row in rows.items() if cell.startswith("formula")} == {"consistent"}
    largest = rows["pixel CNN on IDRiD, K = 256: parameters"]
    assert (largest["expected"], largest["verdict"]) == ("2.86 M", "inconsistent")
    assert shares(largest["note"]) == ["50.9 %", "2.13 %", "4.91 %", "10.8 %"]
    assert rows["pixel CNN on IDRiD, K = 32: parameters"]["verdict"] == "undecidable"
    for k, count in {32: "864 M", 256: "6.91 G"}.items():
        million = rows[f"pixel CNN on a million images, K = {k}: parameters"]
        assert (million["expected"], million["verdict"]) == (count, "inconsistent")


def test_gsa_operations_are_reported_without_a_verdict(in_paper):
    rows = in_paper("gsa", ": training operations", check="costs")
    assert [(row["expected"], row["verdict"]) for row in rows] == [("35.8 G", "undecidable"), ("287 G", "undecidable")]
    assert shares(rows[0]["note"]) == ["24.9 %", "2.41 %", "3.24 %", "4.83 %"]
    assert shares(rows[1]["note"])[0] == "199 %"


def shares(note: str) -> list[str]:
    return [part.rsplit(") ", 1)[1] for part in note.split(", ")]
