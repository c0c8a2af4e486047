"""Numbers that were computed from data, rounded and published are never called inconsistent."""

from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from medattn.config.models.facts import Facts
from medattn.config.validation import validated
from medattn.consistency.check_paper import check_paper
from medattn.consistency.published import read_published
from medattn.consistency.show import records

from .conftest import HEADER, line

SIDES = ("blocks", "height", "width")
ROUNDINGS = st.sampled_from([ROUND_HALF_EVEN, ROUND_HALF_UP])


def published(value: Fraction | float, decimals: int, rounding: str) -> str:
    """Print a number exactly as rounded by hand."""
    exact = Fraction(value)
    with localcontext(prec=60):
        quotient = Decimal(exact.numerator) / Decimal(exact.denominator)
        return str(quotient.quantize(Decimal(1).scaleb(-decimals), rounding=rounding))


def inconsistent(lines: list[str], facts: dict[str, Any] | None = None) -> list[dict[str, str]]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "published.csv"
        path.write_text("\n".join([HEADER, *lines]) + "\n")
        rows = read_published(path)
    found = records(check_paper("p", rows, validated(Facts, facts or {}, "facts")))
    assert found
    return [row for row in found if row["verdict"] == "inconsistent"]


@settings(deadline=None, max_examples=40)
@given(st.data(), st.integers(3, 300), st.integers(1, 3), st.booleans(), ROUNDINGS)
def test_accuracies(data, images, decimals, stated, rounding):
    right = data.draw(st.lists(st.integers(0, images), min_size=1, max_size=12))
    lines = [
        line(
            "accuracy",
            published(Fraction(100 * k, images), decimals, rounding),
            arm=f"a{i}",
            n_test=f"{images}|{images + 1}" if stated else "",
        )
        for i, k in enumerate(right)
    ]
    facts = {"test_sets": {"d": {"rows": {}, "scan_to": 320}}}
    assert not inconsistent(lines, facts)


@settings(deadline=None, max_examples=40)
@given(st.data(), st.integers(20, 150), st.integers(2, 30), st.sampled_from([0, 1]), ROUNDINGS)
def test_means_with_deviations(data, images, measurements, ddof, rounding):
    lines = []
    for i in range(3):
        right = data.draw(st.lists(st.integers(0, images), min_size=measurements, max_size=measurements))
        mean = Fraction(100 * sum(right), images * measurements)
        std = float(np.std(100 * np.array(right) / images, ddof=ddof))
        lines.append(line("accuracy", published(mean, 2, rounding), std=f"{std:.2f}", arm=f"a{i}", n_test=str(images)))
    facts = {"test_sets": {"d": {"rows": {}, "averaged": measurements, "scan_to": 160}}}
    assert not inconsistent(lines, facts)


@settings(deadline=None, max_examples=25)
@given(st.data(), st.integers(2, 60), st.integers(2, 200), ROUNDINGS)
def test_accuracy_and_f1_of_two_classes(data, first, second, rounding):
    lines = []
    for i in range(4):
        hits = data.draw(st.integers(0, first)), data.draw(st.integers(0, second))
        named = hits[0] + second - hits[1], hits[1] + first - hits[0]
        f1 = [
            Fraction(2 * hit, size + name) if hit else Fraction(0)
            for hit, size, name in zip(hits, (first, second), named, strict=True)
        ]
        weighted = (first * f1[0] + second * f1[1]) / (first + second)
        accuracy = published(Fraction(100 * sum(hits), first + second), 2, rounding)
        lines += [
            line("accuracy", accuracy, arm=f"a{i}", n_test=str(first + second)),
            line("f1", published(100 * weighted, 2, rounding), arm=f"a{i}", n_test=str(first + second)),
        ]
    facts = {"test_sets": {"d": {"rows": {}, "scan_to": 260, "classes": {"ill": first, "well": second}}}}
    assert not inconsistent(lines, facts)


@settings(deadline=None, max_examples=25)
@given(st.data(), st.integers(2, 5), st.integers(1, 12), st.integers(20, 80), ROUNDINGS)
def test_rates_of_stratified_folds(data, folds, positives, negatives, rounding):
    lines = []
    for i in range(3):
        hits = [data.draw(st.integers(0, positives)) for _ in range(folds)]
        passes = [data.draw(st.integers(0, negatives)) for _ in range(folds)]
        values = {
            "accuracy": Fraction(sum(hits) + sum(passes), folds * (positives + negatives)),
            "sensitivity": Fraction(sum(hits), folds * positives),
            "specificity": Fraction(sum(passes), folds * negatives),
        }
        lines += [
            line(metric, published(value, 4, rounding), unit="fraction", arm=f"a{i}")
            for metric, value in values.items()
        ]
    known = {
        "rows": {},
        "images": [positives + negatives],
        "averaged": folds,
        "over": "folds",
        "scan_to": 100,
        "classes": {"ill": folds * positives, "well": folds * negatives},
    }
    assert not inconsistent(lines, {"test_sets": {"d": known}})


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10**6), st.integers(1, 3), ROUNDINGS)
def test_precision_and_recall_by_class(seed, decimals, rounding):
    generator = np.random.default_rng(seed)
    matrix = generator.integers(0, 6, (4, 4)) + np.diag(generator.integers(20, 250, 4))
    shares = {
        "recall": [Fraction(int(matrix[i, i]), int(matrix[i].sum())) for i in range(4)],
        "precision": [Fraction(int(matrix[i, i]), int(matrix[:, i].sum())) for i in range(4)],
    }
    lines = []
    for metric, values in shares.items():
        table = f"t-{metric}"
        lines.append(line(metric, published(25 * sum(values), decimals, rounding), table=table, class_name="mean"))
        lines += [
            line(metric, published(100 * value, decimals, rounding), table=table, class_name=f"c{i}")
            for i, value in enumerate(values)
        ]
    right, images = int(np.trace(matrix)), int(matrix.sum())
    f1 = [2 * p * r / (p + r) for p, r in zip(shares["precision"], shares["recall"], strict=True)]
    lines.append(line("accuracy", published(Fraction(100 * right, images), decimals, rounding)))
    lines.append(line("f1", published(25 * sum(f1), decimals, rounding)))
    classes = {f"c{i}": int(n) for i, n in enumerate(matrix.sum(axis=1))}
    assert not inconsistent(lines, {"test_sets": {"d": {"rows": {}, "classes": classes}}})


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10**6), ROUNDINGS)
def test_significance_that_was_computed(seed, rounding):
    from scipy import stats

    generator = np.random.default_rng(seed)
    arms = {name: generator.normal(80 + shift, generator.uniform(0.5, 4), 30) for name, shift in (("m", 1), ("b", 0))}
    p = stats.ttest_ind(arms["m"], arms["b"], equal_var=False).pvalue
    if p >= 0.01 or arms["m"].mean() <= arms["b"].mean():
        return
    lines = [
        line(
            "score",
            published(float(values.mean()), 2, rounding),
            std=published(float(values.std(ddof=1)), 2, rounding),
            arm=name,
        )
        for name, values in arms.items()
    ]
    facts = {
        "test_sets": {"d": {"rows": {}, "averaged": 30}},
        "significance": [{"says": "m beats b", "rows": {}, "arm": "m", "against": "b"}],
    }
    assert not inconsistent(lines, facts)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(10**6, 10**8), min_size=2, max_size=4), st.integers(1, 10**6), ROUNDINGS)
def test_parameters_over_several_tables(bases, added, rounding):
    lines = []
    for i, base in enumerate(bases):
        for arm, count in (("vanilla", base), ("m", base + added)):
            text = published(Fraction(count, 10**6), 2, rounding)
            lines.append(line("params_m", text, unit="M", arm=arm, table=f"t{i}", split="model"))
    facts = {
        "counts": [
            {"rows": {"table": [f"t{i}"], "arm": ["vanilla"]}, "count": base, "source": "made"}
            for i, base in enumerate(bases)
        ],
        "formulas": [
            {"says": "added", "rows": {"arm": ["m"]}, "weights": added, "stages": [dict.fromkeys(SIDES, 1)]},
        ],
    }
    assert not inconsistent(lines, facts)
