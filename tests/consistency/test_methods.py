"""Each method against worked examples from the literature, and against brute force."""

import random
from fractions import Fraction
from itertools import combinations_with_replacement, product

import numpy as np
import pytest
from scipy import stats

from medattn.consistency.checks import false_positives, grimmer, majority_class, rates, significance
from medattn.consistency.confusion import ConfusionMatrix, matrices
from medattn.consistency.fold_bounds import accuracy_bounds, even_spread, likely_spreads, spreads
from medattn.consistency.granularity import chance, counts, is_possible, neighbors
from medattn.consistency.published_value import PublishedValue
from medattn.consistency.size_scan import at_least, scan_sizes


def percent(text: str) -> PublishedValue:
    return PublishedValue(text, "percent")


def fraction(text: str) -> PublishedValue:
    return PublishedValue(text, "fraction")


# GRIM. Means of whole numbers have the same grain as proportions, so their digits after the point are tested.


@pytest.mark.parametrize(
    ("mean", "n", "possible"),
    [
        # Brown and Heathers 2017: a mean of 5.19 of 28 whole numbers is impossible; 5.18 and 5.21 are not.
        ("0.19", 28, False),
        ("0.18", 28, True),
        ("0.21", 28, True),
        # The Economist, 18 June 2016, on the test: a mean of 5.93 of 49 participants.
        ("0.93", 49, False),
        ("0.92", 49, True),
        # The usual example of twenty throws of a die: the mean ends in 0 or 5, so is never 3.48.
        ("0.48", 20, False),
        ("0.45", 20, True),
    ],
)
def test_grim_on_published_examples(mean, n, possible):
    assert is_possible(fraction(mean), n) is possible
    assert bool(counts(fraction(mean), n)) is possible


def test_grim_counts_ties_either_way():
    # 1/8 = 12.5 %: published as 12 by some, as 13 by others.
    assert is_possible(percent("12"), 8)
    assert is_possible(percent("13"), 8)
    assert not is_possible(percent("11"), 8)


@pytest.mark.parametrize("unit", ["percent", "fraction"])
def test_grim_agrees_with_enumeration(unit):
    for decimals, n in product((0, 1, 2), (1, 7, 43, 119, 250)):
        whole = 100 if unit == "percent" else 1
        for units in range(0, whole * 10**decimals + 1, 41):
            text = f"{units / 10**decimals:.{decimals}f}"
            published = PublishedValue(text, unit)
            matching = [k for k in range(n + 1) if published.is_rounded_from(Fraction(whole * k, n))]
            assert list(counts(published, n)) == matching
            assert is_possible(published, n) is bool(matching)


def test_grim_chance_is_the_share_of_possible_values():
    for n in (43, 103, 192, 400, 992, 3570):
        possible = sum(is_possible(percent(f"{units / 100:.2f}"), n) for units in range(10001))
        assert possible / 10001 == pytest.approx(chance(percent("0.00"), n), rel=1e-9)
    assert chance(percent("50.00"), 10000) == 1


def test_neighbors_of_an_impossible_value():
    assert neighbors(percent("87.20"), 156) == "136/156 = 87.18 or 137/156 = 87.82"


# Sizes


def test_the_size_is_found_where_there_are_enough_digits():
    generator = random.Random(0)
    values = [percent(f"{100 * generator.randint(120, 190) / 192:.2f}") for _ in range(12)]
    found = scan_sizes(values, 1, range(10, 2001))
    assert found.best[0].images == 192
    assert found.is_significant
    assert found.are_multiples


def test_arbitrary_digits_have_no_size():
    generator = random.Random(1)
    trials = [[percent(f"{generator.uniform(60, 99):.2f}") for _ in range(10)] for _ in range(100)]
    assert sum(scan_sizes(values, 1, range(10, 301)).is_significant for values in trials) <= 4


def test_tail_of_unequal_chances_agrees_with_the_binomial():
    assert at_least(3, [0.2] * 10) == pytest.approx(stats.binom.sf(2, 10, 0.2))
    assert at_least(0, [0.2, 0.9]) == pytest.approx(1)


# GRIMMER. Whole percents on 100 images are whole numbers, so published examples can be used as they are.


@pytest.mark.parametrize(
    ("mean", "std", "n", "possible"),
    [
        # The example of the vignette "GRIMMER" of the R package scrutiny.
        ("7.3", "2.51", 12, False),
        # By hand: the sum is 87 or 88; of 88, the even sum of squares 716 gives 2.53.
        ("7.3", "2.53", 12, True),
        # 1, 2, 3, 4: deviation 1.29 as a sample, 1.12 as a population.
        ("2.5", "1.29", 4, True),
        ("2.5", "1.12", 4, False),
    ],
)
def test_grimmer_on_small_examples(mean, std, n, possible):
    assert grimmer.is_possible(percent(mean), percent(std), 100, n, 1) is possible


def test_grimmer_distinguishes_the_formulas():
    assert grimmer.is_possible(percent("2.5"), percent("1.12"), 100, 4, 0)
    assert not grimmer.is_possible(percent("2.5"), percent("1.29"), 100, 4, 0)


@pytest.mark.parametrize("ddof", [0, 1])
def test_grimmer_refuses_nothing_that_exists(ddof):
    images, measurements = 6, 4
    for right in combinations_with_replacement(range(images + 1), measurements):
        values = 100 * np.array(right) / images
        mean, std = percent(f"{values.mean():.2f}"), percent(f"{values.std(ddof=ddof):.2f}")
        assert grimmer.is_possible(mean, std, images, measurements, ddof)


def test_grimmer_refuses_what_does_not_exist():
    images, measurements = 6, 4
    existing = set()
    for right in combinations_with_replacement(range(images + 1), measurements):
        values = 100 * np.array(right) / images
        existing.add((f"{values.mean():.2f}", f"{values.std(ddof=1):.2f}"))
    for mean in sorted({mean for mean, _ in existing})[::6]:
        possible = {
            f"{units / 100:.2f}"
            for units in range(6001)
            if grimmer.is_possible(percent(mean), percent(f"{units / 100:.2f}"), images, measurements, 1)
        }
        assert len(possible) < 30, "of 2,001 deviations only those near a whole sum of squares are possible"


# Sensitivity and specificity


def test_bounds_agree_with_a_search_over_folds():
    generator = np.random.default_rng(2)
    shares = [0.1, 0.05, 0.05, 0.2, 0.0]
    low, high = accuracy_bounds(shares, (0.4, 0.4), (0.9, 0.9))
    found = []
    for _ in range(3000):
        rates_ = []
        for target in (0.4, 0.9):
            drawn = generator.uniform(0, 1, 5)
            drawn = np.clip(drawn + target - drawn.mean(), 0, 1)
            rates_.append(drawn if abs(drawn.mean() - target) < 1e-9 else np.full(5, target))
        p = np.array(shares)
        found.append(float((p * rates_[0] + (1 - p) * rates_[1]).mean()))
    assert low - 1e-9 <= min(found)
    assert max(found) <= high + 1e-9
    # Reached where the positives are found in the two folds that have most of them, and the negatives missed are half
    # of those of the fold with the fewest.
    assert high == pytest.approx((0.2 + 0.1) / 5 + (1 + 0.95 + 0.95 + 0.9 + 0.5 * 0.8) / 5)


def test_equal_folds_leave_no_freedom():
    assert accuracy_bounds([0.25] * 5, (0.6, 0.6), (0.8, 0.8)) == pytest.approx((0.75, 0.75))


def test_spreads_of_36_over_five_folds_of_97():
    ways = spreads(36, 5, 97)
    assert len(ways) == len(set(ways)) == 1226
    assert sum(min(way) > 0 for way in ways) == 748
    assert all(sum(way) == 36 and max(way) <= 97 for way in ways)
    assert even_spread(36, 5) in ways
    likely = likely_spreads(36, 5, 97, 0.999)
    assert even_spread(36, 5) in likely
    assert len(likely) < len(ways)


def test_likely_spreads_hold_what_random_dealing_gives():
    generator = random.Random(3)
    likely = set(likely_spreads(36, 5, 97, 0.999))
    images = [1] * 36 + [0] * 449
    inside = 0
    for _ in range(500):
        generator.shuffle(images)
        dealt = tuple(sorted((sum(images[i * 97 : (i + 1) * 97]) for i in range(5)), reverse=True))
        inside += dealt in likely
    assert inside >= 495


def test_implied_share():
    low, high = rates.implied_share(fraction("0.80"), fraction("0.60"), fraction("0.90"))
    assert low < 1 / 3 < high
    assert rates.implied_share(fraction("0.80"), fraction("0.80"), fraction("0.80")) is None


# Confusion matrices


def test_f1_agrees_with_scikit_learn():
    from sklearn.metrics import f1_score

    matrix = ConfusionMatrix((42, 114), (26, 107))
    truth = [0] * 42 + [1] * 114
    answers = [0] * 26 + [1] * 16 + [1] * 107 + [0] * 7
    assert float(matrix.weighted_f1) == pytest.approx(f1_score(truth, answers, average="weighted"))
    assert float(matrix.macro_f1) == pytest.approx(f1_score(truth, answers, average="macro"))
    assert float(matrix.f1(0)) == pytest.approx(f1_score(truth, answers, pos_label=0))


def test_matrices_are_all_with_the_number_of_right_answers():
    assert [m.right for m in matrices((2, 3), 4)] == [(1, 3), (2, 2)]
    assert [m.right for m in matrices((2, 3), 5)] == [(2, 3)]


def test_constant_classifier_agrees_with_scikit_learn():
    from sklearn.metrics import accuracy_score, f1_score

    truth = [0] * 769 + [1] * 120 + [2] * 103
    accuracy = percent(f"{100 * accuracy_score(truth, [0] * 992):.2f}")
    f1 = percent(f"{100 * f1_score(truth, [0] * 992, average='weighted'):.2f}")
    assert majority_class.is_constant(accuracy, f1, 992)
    assert majority_class.is_constant(accuracy, f1, None)
    assert not majority_class.is_constant(accuracy, percent("67.90"), 992)


def test_precision_needs_whole_false_positives():
    # 242 right and 16 false positives: 242/258 = 93.80 %.
    assert list(false_positives.false_positives(percent("93.8"), 242)) == [16]
    assert not false_positives.false_positives(percent("98.7"), 246)


def test_a_confusion_matrix_that_exists_is_not_refused():
    generator = np.random.default_rng(4)
    for _ in range(50):
        matrix = generator.integers(0, 9, (3, 3)) + np.diag(generator.integers(150, 250, 3))
        recalls = [percent(f"{100 * matrix[i, i] / matrix[i].sum():.1f}") for i in range(3)]
        precisions = [percent(f"{100 * matrix[i, i] / matrix[:, i].sum():.1f}") for i in range(3)]
        images = [int(n) for n in matrix.sum(axis=1)]
        assert false_positives.why_impossible(precisions, recalls, images) is None


# Significance


def test_p_values_agree_with_the_tests_on_raw_data():
    generator = np.random.default_rng(5)
    one, other = generator.normal(81, 2, 30), generator.normal(80, 5, 30)
    student, welch = significance.p_values(one.mean(), one.std(ddof=1), other.mean(), other.std(ddof=1), 30)
    assert student == pytest.approx(stats.ttest_ind(one, other).pvalue)
    assert welch == pytest.approx(stats.ttest_ind(one, other, equal_var=False).pvalue)


def test_corrections_on_holms_own_pattern():
    # Of 0.01, 0.02, 0.03 and 0.04 at 0.05 Bonferroni keeps the first only; Holm stops at 0.02 > 0.05 / 3.
    assert significance.remaining([0.04, 0.01, 0.03, 0.02], 0.05) == (1, 1)
    assert significance.remaining([0.012, 0.001, 0.02, 0.9], 0.05) == (2, 3)
