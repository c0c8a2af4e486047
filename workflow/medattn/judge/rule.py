"""The rule for verdicts, as pure functions: what a measurement says about a published value or comparison.

docs/verdicts.md derives it. It asks what one independent repetition of the paper's procedure would give, since that is
what a published value is: one training (or one cross-validation), not the mean of many.
"""

from dataclasses import dataclass
from math import isnan, nan, sqrt
from typing import Literal

from scipy.special import ndtri, stdtrit

from medattn.config.models.verdicts import VerdictRule

Verdict = Literal["reproduced", "not reproduced", "inconclusive", "not measured"]
VERDICTS: tuple[Verdict, ...] = ("reproduced", "not reproduced", "inconclusive", "not measured")


@dataclass(frozen=True)
class Repeated:
    """What repetitions of the paper's procedure gave, in percentage points or in any other unit of the rule.

    Attributes:
        mean: mean over runs.
        spread: sample standard deviation over runs; NaN for a single one.
        n: number of runs.
        images: test images, where the paper's own may be others; 0 where they are the very same.
        is_deterministic: whether every run gives the same, so that one is enough.
    """

    mean: float
    spread: float
    n: int
    images: int = 0
    is_deterministic: bool = False


@dataclass(frozen=True)
class Difference:
    """The difference between two arms over runs paired by seed.

    Attributes:
        mean: mean difference, of the arm minus the other.
        low: lower end of the 95% interval of the mean; NaN where there is none.
        high: upper end.
        n: pairs.
        p: two-sided p, corrected within the statement; NaN where there is none.
    """

    mean: float
    low: float
    high: float
    n: int
    p: float


@dataclass(frozen=True)
class Judgment:
    """A verdict with what led to it.

    Attributes:
        verdict: the verdict.
        reason: why, where a reader would ask.
        low: lower end of the interval that the verdict goes by; NaN where there is none.
        high: upper end.
        p: corrected p of a comparison; NaN where there is none.
    """

    verdict: Verdict
    reason: str = ""
    low: float = nan
    high: float = nan
    p: float = nan


def judge_number(published: float, half: float, measured: Repeated, rule: VerdictRule) -> Judgment:
    """Return what repetitions of its procedure say about a published value.

    The interval is that of one further repetition: mean m +- sqrt(t^2 s^2 (1 + 1/n) + z^2 v), where v = 2 m (100 - m) /
    images allows for other test images than ours, if the paper's may be others, and is 0 if they are the same.

    Args:
        published: the number, in percent.
        half: half a unit of its last digit.
        measured: the repetitions, in percent.
        rule: the thresholds.
    """
    if not measured.is_deterministic and (measured.n < rule.min_runs or isnan(measured.spread)):
        return Judgment("inconclusive", _too_few(measured.n, rule, "run"))
    reach = sqrt(_reach_of_runs(measured, rule) ** 2 + _reach_of_images(measured, rule) ** 2)
    low, high = measured.mean - reach, measured.mean + reach
    if abs(published - measured.mean) - half > reach + rule.margin:
        return Judgment("not reproduced", "outside of what a repetition would give", low, high)
    if reach > rule.max_half_width:
        reason = f"the interval reaches {reach:.2g} points to either side, more than {rule.max_half_width:g}"
        return Judgment("inconclusive", reason, low, high)
    return Judgment("reproduced", "", low, high)


def _reach_of_runs(measured: Repeated, rule: VerdictRule) -> float:
    """Return how far one further run may lie from the mean of the others."""
    if measured.is_deterministic:
        return 0.0
    quantile = float(stdtrit(measured.n - 1, (1 + rule.confidence) / 2))
    return quantile * measured.spread * sqrt(1 + 1 / measured.n)


def _reach_of_images(measured: Repeated, rule: VerdictRule) -> float:
    """Return how far the same network may lie on as many other images."""
    if not measured.images:
        return 0.0
    share = min(100.0, max(0.0, measured.mean))
    return float(ndtri((1 + rule.confidence) / 2)) * sqrt(2 * share * (100 - share) / measured.images)


def judge_higher(
    difference: Difference, rule: VerdictRule, least: float = 0.0, most: float | None = None, half: float = 0.0
) -> Judgment:
    """Return what the runs say about "the arm is better, by at least `least` and at most `most`".

    Args:
        difference: over runs paired by seed.
        rule: the thresholds.
        least: least difference that is stated; 0 where only the direction is.
        most: greatest difference that is stated; None where there is no limit.
        half: half a unit of the last digit of the stated difference.
    """
    found = _checked(difference, rule)
    if found is not None:
        return found
    low, high, p = difference.low, difference.high, difference.p
    if high < least - half:
        reason = "the arms differ the other way" if high < 0 else f"the difference is less than {least:g}"
        return Judgment("not reproduced", reason if least or high < 0 else "no difference", low, high, p)
    if most is not None and low > most + half:
        return Judgment("not reproduced", f"the difference is more than {most:g}", low, high, p)
    if max(abs(low), abs(high)) <= rule.margin:
        return Judgment("not reproduced", f"no difference of more than {rule.margin:g} points", low, high, p)
    if not (difference.mean > 0 and p < rule.alpha):
        return Judgment("inconclusive", f"the corrected p is not below {rule.alpha:g}", low, high, p)
    if most is None and low < least - half:
        return Judgment("inconclusive", f"better, but the interval holds less than {least:g}", low, high, p)
    if most is not None and (high - low) / 2 > rule.max_half_width:
        return Judgment(
            "inconclusive", f"the interval is wider than {rule.max_half_width:g} points to either side", low, high, p
        )
    return Judgment("reproduced", "", low, high, p)


def judge_same(difference: Difference, rule: VerdictRule) -> Judgment:
    """Return what the runs say about "the arms don't differ": the whole interval must lie within the margin."""
    found = _checked(difference, rule)
    if found is not None:
        return found
    low, high, p = difference.low, difference.high, difference.p
    if max(abs(low), abs(high)) <= rule.margin:
        return Judgment("reproduced", "", low, high, p)
    if p < rule.alpha or low > rule.margin or high < -rule.margin:
        return Judgment("not reproduced", "the arms differ", low, high, p)
    return Judgment("inconclusive", f"the interval holds more than {rule.margin:g} points", low, high, p)


def _checked(difference: Difference, rule: VerdictRule) -> Judgment | None:
    if difference.n < rule.min_runs or isnan(difference.low):
        return Judgment("inconclusive", _too_few(difference.n, rule, "pair of runs"), p=difference.p)
    return None


def judge_count(fits: bool, note: str) -> Judgment:
    """Return what an exact count says about a published value of parameters or operations."""
    return Judgment("reproduced" if fits else "not reproduced", note)


def _too_few(n: int, rule: VerdictRule, what: str) -> str:
    many = what.replace("pair ", "pairs ") if "pair " in what else f"{what}s"
    return f"{n} {what if n == 1 else many}, {rule.min_runs} are needed"
