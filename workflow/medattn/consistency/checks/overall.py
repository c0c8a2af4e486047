"""Does a score over all classes fit the values of the classes?

Method: each class value is known up to half a unit of its last digit. The accuracy is the mean of the recalls, weighted
by the images of the classes, and a whole number of all images; where class counts are unknown it lies between the least
and the greatest recall. Values labeled recall are tried, then those labeled precision: where only the latter give the
accuracy, the labels contradict it. An F1 is tried as the plain mean of the classes' F1, as the mean weighted by images,
and as the harmonic mean of mean precision and mean recall; one that fits is enough.

Source: definitions of accuracy and F1. Scores that the text states are facts (`overall`); those of a table, rows
without a class, are found automatically.

No power: means over several measurements, of which the scores need not fit; class values that are not those of all
classes; coarse rounding, which lets every reading fit. An F1 is the same with precision and recall exchanged, so it
does not show which is which. A model without class values is not listed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from typing import Literal

from medattn.consistency.check_context import CheckContext
from medattn.consistency.check_result import CheckResult, ConsistencyVerdict
from medattn.consistency.class_values import ClassValues, class_values
from medattn.consistency.published import chosen
from medattn.consistency.published_value import PublishedValue

Bounds = tuple[Fraction, Fraction]


@dataclass(frozen=True)
class ScoreOverClasses:
    """A published score with the class values of its model.

    Attributes:
        cell: its name.
        published: the number.
        table: the table that shows it; empty for the text.
        source: where the text states it.
        groups: the model's class values by metric; those of the first model where the facts name several.
        models: how many models the class values are of.
    """

    cell: str
    metric: Literal["accuracy", "f1"]
    published: PublishedValue
    table: str
    source: str
    groups: dict[str, ClassValues]
    models: int = 1


def check(context: CheckContext) -> Iterator[CheckResult]:
    """Yield a result for each score over all classes of a model with class values."""
    for score in _scores(context):
        doubt = _doubt(context, score)
        if doubt:
            yield CheckResult(_tables(score), score.cell, score.published.text, "", "undecidable", doubt, True)
        elif score.metric == "accuracy" and score.groups:
            yield _accuracy(score)
        elif score.groups.keys() >= {"precision", "recall"} and _same_classes(score):
            yield _f1(score)
        else:
            needed = "precision or recall" if score.metric == "accuracy" else "precision and recall of the same classes"
            note = f"the model's {needed} of each class is not published"
            yield CheckResult(score.table, score.cell, score.published.text, "", "undecidable", note, True)


def _doubt(context: CheckContext, score: ScoreOverClasses) -> str:
    """Return why the class values do not constrain the score; empty if they do."""
    if score.models > 1:
        return f"its rows are of {score.models} models, where a score is of one"
    for group in score.groups.values():
        facts = context.measured_on(group.first).facts
        if facts.averaged > 1 or any(row.std for row in group.rows):
            return "class values that are means over several measurements do not bind it"
        if missing := set(facts.classes) - {row.class_name for row in group.rows}:
            return f"no {group.first.metric} of {', '.join(sorted(missing))} is published"
    return ""


def accuracies(values: Sequence[PublishedValue], images: Sequence[int]) -> Bounds | None:
    """Return the least and the greatest accuracy, as shares, that recalls allow; None if no number of images fits."""
    low, high = [value.low / value.whole for value in values], [value.high / value.whole for value in values]
    if not images:
        return min(low), max(high)
    total = sum(images)
    least = ceil(sum((n * max(each, Fraction(0)) for n, each in zip(images, low, strict=True)), Fraction(0)))
    most = floor(sum((n * min(each, Fraction(1)) for n, each in zip(images, high, strict=True)), Fraction(0)))
    return (Fraction(least, total), Fraction(most, total)) if least <= most else None


def f1_scores(
    precisions: Sequence[Fraction], recalls: Sequence[Fraction], images: Sequence[int]
) -> dict[str, Fraction]:
    """Return the F1 over all classes, as a share, for each way to average it."""
    classes = [_harmonic(p, r) for p, r in zip(precisions, recalls, strict=True)]
    readings = {
        "mean of the classes": _mean(classes),
        "of mean precision and mean recall": _harmonic(_mean(precisions), _mean(recalls)),
    }
    if len(set(images)) > 1:
        weighted = sum((n * f1 for n, f1 in zip(images, classes, strict=True)), Fraction(0)) / sum(images)
        readings["weighted by images"] = weighted
    return readings


def _scores(context: CheckContext) -> Iterator[ScoreOverClasses]:
    groups = [group for group in class_values(context) if group.first.metric in ("precision", "recall")]
    for stated in context.facts.overall:
        rows = set(map(id, chosen(context.rows, stated.rows)))
        named = [group for group in groups if id(group.first) in rows]
        models = list(dict.fromkeys((*group.model, group.first.split) for group in named))
        own = {group.first.metric: group for group in named if (*group.model, group.first.split) == models[0]}
        published = PublishedValue(stated.published, stated.unit)
        yield ScoreOverClasses(stated.says, stated.metric, published, "", stated.source, own, len(models))
    for row in context.rows:
        if row.metric not in ("accuracy", "f1") or row.class_name or not row.mean.is_proportion:
            continue
        model = (row.dataset, row.backbone, row.arm)
        own = {group.first.metric: group for group in groups if group.model == model and group.first.split == row.split}
        if own:
            yield ScoreOverClasses(
                row.cell, "accuracy" if row.metric == "accuracy" else "f1", row.mean, row.table, "", own
            )


def _accuracy(score: ScoreOverClasses) -> CheckResult:
    fits = {metric: _fit(score.published, group) for metric, group in score.groups.items()}
    right = next((metric for metric in ("recall", "precision") if fits.get(metric)), None)
    verdict: ConsistencyVerdict = "consistent" if right == "recall" else "inconsistent"
    notes = [f"values labeled {metric} {group.text}: {_said(score, group)}" for metric, group in score.groups.items()]
    if right == "precision" and "recall" not in score.groups:
        verdict = "undecidable"
        notes.append("what is labeled precision may be recall, or agree by chance")
    elif right is None and "recall" not in score.groups:
        verdict = "undecidable"
        notes.append("precisions alone do not bind an accuracy")
    elif right == "precision":
        notes.append("the labels contradict the accuracy")
    shown = score.groups.get("recall") or score.groups["precision"]
    return CheckResult(
        _tables(score),
        score.cell,
        score.published.text,
        _expected(score.published, shown),
        verdict,
        _note(score, notes),
        True,
    )


def _fit(published: PublishedValue, group: ClassValues) -> range | bool:
    """Return the numbers of right answers that give the accuracy; without class counts whether it is possible."""
    found = accuracies([row.mean for row in group.rows], group.images)
    if found is None:
        return False
    low, high = max(found[0], published.low / published.whole), min(found[1], published.high / published.whole)
    if not group.images:
        return low <= high
    total = sum(group.images)
    return range(ceil(low * total), floor(high * total) + 1)


def _said(score: ScoreOverClasses, group: ClassValues) -> str:
    fit = _fit(score.published, group)
    if not fit:
        return "impossible"
    if isinstance(fit, bool):
        return "possible"
    total = sum(group.images)
    return f"{total - fit[-1]}{'' if len(fit) == 1 else f' to {total - fit[0]}'} of {total:,} images misclassified"


def _expected(published: PublishedValue, group: ClassValues) -> str:
    found = accuracies([row.mean for row in group.rows], group.images)
    if found is None:
        return "no whole number of images"
    ends = [f"{float(end * published.whole):.{published.decimals + 1}f}" for end in found]
    return " to ".join(dict.fromkeys(ends))


def _f1(score: ScoreOverClasses) -> CheckResult:
    precision, recall = score.groups["precision"], score.groups["recall"]
    ends = [
        f1_scores(
            [_share(row.mean, end) for row in precision.rows],
            [_share(row.mean, end) for row in recall.rows],
            recall.images,
        )
        for end in (-1, 0, 1)
    ]
    low, middle, high = ends
    published = score.published
    fits = [
        name
        for name in middle
        if low[name] * published.whole <= published.high and published.low <= high[name] * published.whole
    ]
    shown = ", ".join(
        f"{name} {float(value * published.whole):.{published.decimals + 1}f}" for name, value in middle.items()
    )
    return CheckResult(
        _tables(score),
        score.cell,
        published.text,
        " or ".join(dict.fromkeys(published.like(middle[name] * published.whole) for name in fits or middle)),
        "consistent" if fits else "inconsistent",
        _note(score, [shown, "the same with precision and recall exchanged"]),
        True,
    )


def _share(published: PublishedValue, end: int) -> Fraction:
    """Return a published share, or its least (-1) or greatest (1) before rounding."""
    return min(Fraction(1), max(Fraction(0), (published.value + end * published.half) / published.whole))


def _same_classes(score: ScoreOverClasses) -> bool:
    names = [[row.class_name for row in score.groups[metric].rows] for metric in ("precision", "recall")]
    return names[0] == names[1]


def _tables(score: ScoreOverClasses) -> str:
    return ";".join(dict.fromkeys(filter(None, (score.table, *(g.first.table for g in score.groups.values())))))


def _note(score: ScoreOverClasses, notes: list[str]) -> str:
    return "; ".join(filter(None, (*notes, score.source)))


def _harmonic(one: Fraction, other: Fraction) -> Fraction:
    return 2 * one * other / (one + other) if one + other else Fraction(0)


def _mean(values: Sequence[Fraction]) -> Fraction:
    return sum(values, Fraction(0)) / len(values)
