"""The answer in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan

from medattn.answer.estimate import Estimate
from medattn.answer.verdict import AnswerVerdict
from medattn.metrics.registry import METRICS

_STAND_IN = "† On stand-in images, which show only that the code runs: "
_LEAK = "‡ Test images influenced training or a choice, so the values may be too high."
_AGAINST_VANILLA = {
    "helps": "{title} helps",
    "hurts": "{title} hurts",
    "no practical difference": "{title} makes no practical difference",
    "open": "It is open whether {title} helps",
}
_AGAINST_PLACEBO = {
    "helps": "{title} does more than its {placebo} placebo",
    "hurts": "{title} does worse than its {placebo} placebo",
    "no practical difference": "{title} does no more than its {placebo} placebo",
    "open": "It is open whether {title} does more than its {placebo} placebo",
}


@dataclass(frozen=True)
class DatasetVerdict:
    """The verdict on one data set, with its title and numbers."""

    title: str
    verdict: AnswerVerdict
    difference: float
    low: float
    high: float


def sentence(
    estimated: Estimate, verdict: AnswerVerdict, margin: float, confidence: float, datasets: Sequence[DatasetVerdict]
) -> str:
    """Return the answer for a contrast, for readers without statistics.

    Args:
        estimated: the estimate.
        verdict: its verdict.
        margin: greatest difference without practical importance.
        confidence: confidence level of the interval.
        datasets: the verdicts on its data sets.
    """
    contrast, pooled, unit = estimated.contrast, estimated.pooled, _unit(estimated)
    words = _AGAINST_PLACEBO if contrast.placebo else _AGAINST_VANILLA
    opening = words[verdict].format(title=_inside(contrast.title, words[verdict]), placebo=contrast.placebo)
    metric = METRICS[estimated.key.metric].words.partition(",")[0]
    number = f"{signed(pooled.difference, unit)}{unit}"
    interval = (
        "no interval from a single seed"
        if isnan(pooled.low)
        else f"{100 * confidence:g}% interval {signed(pooled.low, unit)} to {signed(pooled.high, unit)}"
    )
    within = f", within ±{margin:g}" if verdict == "no practical difference" else ""
    where = f"on {datasets[0].title}" if len(datasets) == 1 else f"on average over {len(datasets)} data sets"
    text = f"{opening}: {metric} {number} {where} ({interval}{within})."
    parts = [(_STAND_IN if estimated.stand_in else "") + text, *_by_dataset(verdict, datasets, unit)]
    return " ".join([*parts, *([_LEAK] if estimated.leak else [])])


def signed(value: float, unit: str = " points") -> str:
    """Return a number with its sign: one decimal for points, three for fractions."""
    return f"{value:+.{1 if unit else 3}f}".replace("-", "−")


def _unit(estimated: Estimate) -> str:
    return " points" if METRICS[estimated.key.metric].unit == "percent" else ""


def _by_dataset(verdict: AnswerVerdict, datasets: Sequence[DatasetVerdict], unit: str) -> list[str]:
    """Return a sentence on the data sets if the average decides nothing and a data set does."""
    decided = [one for one in datasets if one.verdict != "open"]
    if verdict != "open" or len(datasets) < 2 or not decided:
        return []
    words = {"helps": "helps", "hurts": "hurts", "no practical difference": "makes no practical difference"}
    listed = [
        f"it {words[one.verdict]} on {one.title} ({signed(one.difference, unit)}, {signed(one.low, unit)} to "
        f"{signed(one.high, unit)})"
        for one in decided
    ]
    text = "; ".join(listed)
    return [f"{text[0].upper()}{text[1:]}."]


def _inside(title: str, words: str) -> str:
    """Return a title as part of a sentence: in lower case unless it begins the sentence or with an abbreviation."""
    begins = words.startswith("{title}") or title[1:2].isupper()
    return title if begins else title[0].lower() + title[1:]
