"""The answer in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan

from medattn.answer.estimate import Estimate
from medattn.answer.verdict import ANSWER_VERDICTS, AnswerVerdict
from medattn.metrics.registry import METRICS

_STAND_IN = "† On stand-in images, which show only that the code runs:"
_LEAK = "‡ Test images influenced training or a choice, so the values may be too high."
_UNDECIDED = "it is undecided"
_MOST_LISTED = 4
"""Data sets that a sentence lists one by one."""
_AGAINST_VANILLA = {
    "helps": "helps",
    "hurts": "hurts",
    "no practical difference": "makes no practical difference",
    "open": "It is open whether {title} helps",
}
_AGAINST_PLACEBO = {
    "helps": "does more than its {placebo} placebo",
    "hurts": "does worse than its {placebo} placebo",
    "no practical difference": "does no more than its {placebo} placebo",
    "open": "It is open whether {title} does more than its {placebo} placebo",
}


@dataclass(frozen=True)
class DatasetVerdict:
    """The verdict on one data set, with its title, whether its images are synthetic, and its numbers."""

    title: str
    synthetic: bool
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
    parts = [_STAND_IN] if estimated.stand_in else []
    told_apart = verdict == "open" and len(datasets) > 1 and any(one.verdict != "open" for one in datasets)
    if told_apart:
        parts += [_by_dataset(estimated, confidence, datasets), _on_average(estimated, confidence, datasets)]
    else:
        parts.append(_whole(estimated, verdict, margin, confidence, datasets))
    return " ".join([*parts, *([_LEAK] if estimated.leak else [])])


def _whole(
    estimated: Estimate, verdict: AnswerVerdict, margin: float, confidence: float, datasets: Sequence[DatasetVerdict]
) -> str:
    """Return the sentence on the pooled effect, or on the only data set."""
    contrast, pooled = estimated.contrast, estimated.pooled
    words = (_AGAINST_PLACEBO if contrast.placebo else _AGAINST_VANILLA)[verdict]
    if verdict == "open":
        opening = words.format(title=_inside(contrast.title), placebo=contrast.placebo)
    else:
        opening = f"{contrast.title} {words.format(placebo=contrast.placebo)}"
    within = f", within ±{margin:g}" if verdict == "no practical difference" else ""
    where = f"on {datasets[0].title}" if len(datasets) == 1 else f"on average over {_counted(datasets)}"
    number = f"{signed(pooled.difference, _unit(estimated))}{_unit(estimated)}"
    interval = _interval(pooled.low, pooled.high, _unit(estimated), confidence)
    return f"{opening}: {_metric(estimated)} {number} {where} ({interval}{within})."


def _by_dataset(estimated: Estimate, confidence: float, datasets: Sequence[DatasetVerdict]) -> str:
    """Return the sentence on the single data sets, those with a verdict first."""
    contrast, unit = estimated.contrast, _unit(estimated)
    words = _AGAINST_PLACEBO if contrast.placebo else _AGAINST_VANILLA
    decided = [one for one in datasets if one.verdict != "open"]
    undecided = [one for one in datasets if one.verdict == "open"]
    clauses = [
        f"{words[verdict].format(placebo=contrast.placebo)} on {listed(titles)}"
        for verdict in ANSWER_VERDICTS
        if (titles := [one.title for one in decided if one.verdict == verdict])
    ]
    text = f"{contrast.title} {listed(clauses)}"
    if undecided:
        names = [one.title for one in undecided]
        where = listed(names) if len(names) < _MOST_LISTED else f"{len(names)} other data sets"
        text += f"; on {where} {_UNDECIDED}"
    shown = datasets if len(datasets) <= _MOST_LISTED else decided
    numbers = [
        f"{signed(one.difference, unit)}{unit} on {one.title} "
        f"({_interval(one.low, one.high, unit, confidence if number == 0 else None)})"
        for number, one in enumerate(shown)
    ]
    return f"{text}: {_metric(estimated)} {', '.join(numbers)}."


def _on_average(estimated: Estimate, confidence: float, datasets: Sequence[DatasetVerdict]) -> str:
    """Return the sentence on the average over data sets, which is open."""
    pooled, unit = estimated.pooled, _unit(estimated)
    why = ", because two data sets say little about others" if len(datasets) == 2 else ""
    return (
        f"The average over {len(datasets)} data sets is open ({signed(pooled.difference, unit)}{unit}, "
        f"{_interval(pooled.low, pooled.high, unit, None)}){why}."
    )


def _counted(datasets: Sequence[DatasetVerdict]) -> str:
    """Return the number of data sets, and which of them are synthetic."""
    synthetic = [one.title for one in datasets if one.synthetic]
    if not synthetic:
        return f"{len(datasets)} data sets"
    if len(synthetic) == len(datasets):
        return f"{len(datasets)} synthetic data sets"
    named = (
        f"among them {listed(synthetic)}" if len(synthetic) < _MOST_LISTED else f"{len(synthetic)} of them synthetic"
    )
    return f"{len(datasets)} data sets, {named}"


def _interval(low: float, high: float, unit: str, confidence: float | None) -> str:
    """Return an interval in words; without its level if that is None."""
    if isnan(low):
        return "no interval from a single seed"
    possible = 100.0 if unit else 1.0
    if low <= -possible and high >= possible:
        return "every value is possible"
    level = f"{100 * confidence:.3g}% interval " if confidence else ""
    return f"{level}{signed(low, unit)} to {signed(high, unit)}"


def listed(words: Sequence[str]) -> str:
    """Return words as "a, b and c"."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def signed(value: float, unit: str = " points") -> str:
    """Return a number with its sign: one decimal for points, three for fractions."""
    return f"{value:+z.{1 if unit else 3}f}".replace("-", "−")


def _unit(estimated: Estimate) -> str:
    return " points" if METRICS[estimated.key.metric].unit == "percent" else ""


def _metric(estimated: Estimate) -> str:
    return METRICS[estimated.key.metric].words.partition(",")[0]


def _inside(title: str) -> str:
    """Return a title as part of a sentence: in lower case unless it begins with an abbreviation."""
    return title if title[1:2].isupper() else title[0].lower() + title[1:]
