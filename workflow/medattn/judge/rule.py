"""The rule for verdicts on published values and comparisons, as pure functions.

docs/verdicts.md derives the rule. A published value is the result of one training or one cross-validation, not a mean
of many. Therefore the rule compares it with the prediction for one independent repetition of the paper's procedure.
"""

from dataclasses import dataclass
from math import inf, isnan, nan, sqrt
from typing import Literal

from scipy.special import ndtri, stdtrit

from medattn.config.models.verdicts import VerdictRule

Verdict = Literal["reproduced", "not reproduced", "inconclusive", "not measured"]
VERDICTS: tuple[Verdict, ...] = ("reproduced", "not reproduced", "inconclusive", "not measured")


@dataclass(frozen=True)
class RunSummary:
    """Summary of repetitions of the paper's procedure, in percentage points or another unit of the rule.

    Attributes:
        mean: mean over runs.
        spread: sample standard deviation over runs; NaN for a single one.
        n: number of runs.
        images: number of test images if the paper's may be different images; 0 if they are the same.
        is_deterministic: whether every run has the same result, and one is enough.
        step: percentage points of one test image; 0 if unknown, or if the value is no share of images.
        least: least possible value.
        greatest: greatest possible value.
    """

    mean: float
    spread: float
    n: int
    images: int = 0
    is_deterministic: bool = False
    step: float = 0.0
    least: float = -inf
    greatest: float = inf


@dataclass(frozen=True)
class PairedDifference:
    """The difference between two arms over runs paired by seed.

    Attributes:
        mean: mean difference, first arm minus second arm.
        low: lower end of the 95% interval of the mean, wider if looks share the 5%; NaN if there is none.
        high: upper end.
        n: number of pairs.
        p: two-sided p, corrected within the statement unless every pair must hold; NaN if there is none.
        spread: sample standard deviation of the differences; NaN for fewer than two pairs.
        assumption: what a verdict assumes; empty if nothing.
    """

    mean: float
    low: float
    high: float
    n: int
    p: float
    spread: float = nan
    assumption: str = ""


@dataclass(frozen=True)
class Judgment:
    """A verdict with its reason and the numbers that it is based on.

    Attributes:
        verdict: the verdict.
        reason: the reason; empty if the claim is reproduced without remarks.
        low: lower end of the interval that the verdict is based on; NaN if there is none.
        high: upper end.
        p: p of a comparison, as in `PairedDifference`; NaN if there is none.
    """

    verdict: Verdict
    reason: str = ""
    low: float = nan
    high: float = nan
    p: float = nan


def judge_number(published: float, half: float, measured: RunSummary, rule: VerdictRule) -> Judgment:
    """Judge a published value by repetitions of its procedure.

    The interval predicts one further repetition: mean m +- sqrt(t^2 s^2 (1 + 1/n) + z^2 v). v = 2 m (100 - m) / images
    is the variance due to different test images; it is 0 if the paper's test images are the measured ones. s is at
    least half a test image. The interval ends at the least and the greatest possible value.

    Args:
        published: the published value, in percent.
        half: half a unit of its last digit.
        measured: the repetitions, in percent.
        rule: the thresholds.
    """
    if not measured.is_deterministic and (measured.n < rule.min_runs or isnan(measured.spread)):
        return Judgment("inconclusive", _too_few(measured.n, rule, "run", "runs"))
    half_width = sqrt(_half_width_of_runs(measured, rule) ** 2 + _half_width_of_images(measured, rule) ** 2)
    low = max(measured.mean - half_width, measured.least)
    high = min(measured.mean + half_width, measured.greatest)
    if abs(published - measured.mean) - half > half_width + rule.margin:
        return Judgment("not reproduced", "outside the prediction interval of a repetition", low, high)
    if half_width > rule.max_half_width:
        reason = f"the half-width of the interval is {half_width:.2g} points, more than {rule.max_half_width:g}"
        return Judgment("inconclusive", reason, low, high)
    return Judgment("reproduced", "", low, high)


def _half_width_of_runs(measured: RunSummary, rule: VerdictRule) -> float:
    """Return the half-width of the prediction interval of one further run."""
    if measured.is_deterministic:
        return 0.0
    quantile = float(stdtrit(measured.n - 1, (1 + rule.confidence) / 2))
    return quantile * resolved_spread(measured.spread, measured.step) * sqrt(1 + 1 / measured.n)


def resolved_spread(spread: float, step: float) -> float:
    """Return the spread between runs that a test set can show: at least half of the step that one image makes.

    A result between two counts of right images is measured as one of the two. The standard deviation of values at most
    one step apart is at most half a step (Popoviciu 1935), and n equal runs do not exclude it: their probability is
    2^(1-n).

    Args:
        spread: sample standard deviation over runs, or of paired differences.
        step: change of the value by one test image.
    """
    return max(spread, step / 2)


def _half_width_of_images(measured: RunSummary, rule: VerdictRule) -> float:
    """Return the half-width due to another sample of the same number of test images."""
    if not measured.images:
        return 0.0
    share = min(100.0, max(0.0, measured.mean))
    return float(ndtri((1 + rule.confidence) / 2)) * sqrt(2 * share * (100 - share) / measured.images)


def judge_higher(
    difference: PairedDifference, rule: VerdictRule, least: float = 0.0, most: float | None = None, half: float = 0.0
) -> Judgment:
    """Judge the claim that the first arm is better, by at least `least` and at most `most`.

    Args:
        difference: difference over runs paired by seed.
        rule: the thresholds.
        least: stated least difference; 0 if only the direction is stated.
        most: stated greatest difference; None if there is no limit.
        half: half a unit of the last digit of the stated difference.
    """
    undecided = _too_few_pairs(difference, rule)
    if undecided is not None:
        return undecided
    low, high, p = difference.low, difference.high, difference.p
    if high < least - half:
        reason = "the arms differ in the opposite direction" if high < 0 else f"the difference is less than {least:g}"
        return Judgment("not reproduced", reason if least or high < 0 else "no difference", low, high, p)
    if most is not None and low > most + half:
        return Judgment("not reproduced", f"the difference is more than {most:g}", low, high, p)
    if max(abs(low), abs(high)) <= rule.margin:
        return Judgment("not reproduced", f"no difference of more than {rule.margin:g} points", low, high, p)
    if not (difference.mean > 0 and p < rule.alpha):
        return Judgment("inconclusive", f"p is {p:.2g}, not below {rule.alpha:.3g}", low, high, p)
    if most is None and low < least - half:
        return Judgment("inconclusive", f"better, but the interval includes less than {least:g}", low, high, p)
    if most is not None and (high - low) / 2 > rule.max_half_width:
        return Judgment(
            "inconclusive", f"the half-width of the interval is more than {rule.max_half_width:g} points", low, high, p
        )
    return Judgment("reproduced", "", low, high, p)


def judge_same(difference: PairedDifference, rule: VerdictRule) -> Judgment:
    """Judge the claim that the arms do not differ: the whole interval must lie within the margin."""
    undecided = _too_few_pairs(difference, rule)
    if undecided is not None:
        return undecided
    low, high, p = difference.low, difference.high, difference.p
    if max(abs(low), abs(high)) <= rule.margin:
        return Judgment("reproduced", "", low, high, p)
    if p < rule.alpha or low > rule.margin or high < -rule.margin:
        return Judgment("not reproduced", "the arms differ", low, high, p)
    return Judgment("inconclusive", f"the interval includes more than {rule.margin:g} points", low, high, p)


def _too_few_pairs(difference: PairedDifference, rule: VerdictRule) -> Judgment | None:
    if difference.n < rule.min_runs or isnan(difference.low):
        return Judgment("inconclusive", _too_few(difference.n, rule, "pair of runs", "pairs of runs"), p=difference.p)
    return None


def judge_count(fits: bool, note: str) -> Judgment:
    """Judge a published value of parameters or operations by its exact count."""
    return Judgment("reproduced" if fits else "not reproduced", note)


def _too_few(n: int, rule: VerdictRule, one: str, several: str) -> str:
    return f"{n} {one if n == 1 else several}, {rule.min_runs} are needed"
