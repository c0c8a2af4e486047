"""The verdict of the answer: helps, hurts, no practical difference, or open."""

from math import isnan
from typing import Literal

AnswerVerdict = Literal["helps", "hurts", "no practical difference", "open"]
ANSWER_VERDICTS: tuple[AnswerVerdict, ...] = ("helps", "hurts", "no practical difference", "open")


def answer_verdict(
    difference: float, interval: tuple[float, float], p: float, margin: float, alpha: float, higher_is_better: bool
) -> AnswerVerdict:
    """Return the verdict on an effect.

    Args:
        difference: mean difference between the arm and the other arm.
        interval: its interval.
        p: p of no effect, corrected for the number of arms.
        margin: greatest difference without practical importance, in the unit of the difference.
        alpha: significance level.
        higher_is_better: whether a positive difference is good.
    """
    if any(isnan(bound) for bound in interval):
        return "open"
    if max(map(abs, interval)) <= margin:
        return "no practical difference"
    if not p < alpha:
        return "open"
    return "helps" if (difference > 0) == higher_is_better else "hurts"
