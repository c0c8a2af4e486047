"""Is there a confusion matrix with the published precision and recall of each class?

Method: recalls on known class counts give the right answers and the misses of each class; a precision then needs a
whole number of false positives. Every miss of one class is a false positive of another, so their sums are equal. Both
are tried with the labels as published, and with the two exchanged.

Source: definitions of precision and recall.

No power: class counts unknown, or so large that several numbers fit each value: then only the sums bind.
"""

from collections.abc import Iterator, Sequence
from math import ceil, floor

from medattn.consistency.check_context import CheckContext
from medattn.consistency.check_result import CheckResult
from medattn.consistency.class_values import ClassValues, class_values
from medattn.consistency.effort import TOO_MANY, Effort
from medattn.consistency.granularity import counts
from medattn.consistency.published_value import PublishedValue

_PAIRS_A_CASE = 20  # a pair takes less time than other possibilities


def check(context: CheckContext) -> Iterator[CheckResult]:
    """Yield a result for each model with precision and recall by class."""
    groups = [group for group in class_values(context) if group.images]
    for recall in groups:
        if recall.first.metric != "recall":
            continue
        for precision in groups:
            same = precision.model == recall.model and precision.first.split == recall.first.split
            if same and precision.first.metric == "precision" and _classes(precision) == _classes(recall):
                yield _result(precision, recall, context.effort)


def why_impossible(
    precisions: Sequence[PublishedValue], recalls: Sequence[PublishedValue], images: Sequence[int]
) -> str | None:
    """Return why no confusion matrix has these precisions and recalls, or None if one may."""
    right = [counts(recall, n) for recall, n in zip(recalls, images, strict=True)]
    if not all(right):
        return f"{sum(not k for k in right)} of {len(right)} recalls are impossible on the images of their class"
    # Of each class: pairs of misses and false positives that give both values.
    pairs = [
        {(n - k, false) for k in each for false in false_positives(precision, k)}
        for precision, each, n in zip(precisions, right, images, strict=True)
    ]
    if not all(pairs):
        return f"{sum(not p for p in pairs)} of {len(pairs)} precisions need a broken number of false positives"
    sums = {(0, 0)}
    for each in pairs:
        sums = {(missed + m, false + f) for missed, false in sums for m, f in each}
    if all(missed != false for missed, false in sums):
        missed, false = min(sums, key=lambda pair: abs(pair[0] - pair[1]))
        return f"the precisions need {false} false positives, the recalls {missed} misses"
    return None


def false_positives(precision: PublishedValue, right: int) -> range:
    """Return the numbers of false positives that give a published precision with `right` true positives."""
    low, high = precision.low / precision.whole, precision.high / precision.whole
    if right == 0 or low <= 0:
        # Nothing right: any number of false positives gives 0, and none at all is counted as 0, too.
        return range(1 if right else 2) if low <= 0 else range(0)
    least = max(0, ceil(right / high - right))
    return range(least, floor(right / low - right) + 1)


def _classes(group: ClassValues) -> list[str]:
    return [row.class_name for row in group.rows]


def _tried(precisions: Sequence[PublishedValue], recalls: Sequence[PublishedValue], images: Sequence[int]) -> int:
    """Return at most how many pairs of misses and false positives are tried, alone and in sums."""
    tried, sums, misses, false = 0, 1, 0, 0
    for precision, recall, n in zip(precisions, recalls, images, strict=True):
        right = counts(recall, n)
        widest = len(false_positives(precision, right[-1])) if right else 0
        misses, false = misses + len(right), false + (false_positives(precision, right[-1]).stop if right else 0)
        pairs = len(right) * widest
        tried += pairs + sums * pairs
        sums = min(sums * max(1, pairs), max(1, misses * false))
    return tried


def _result(precision: ClassValues, recall: ClassValues, effort: Effort) -> CheckResult:
    one = [row.mean for row in precision.rows]
    other = [row.mean for row in recall.rows]
    cell = ".".join(filter(None, (*recall.model, "precision+recall")))
    shown = f"precision {precision.text}, recall {recall.text}"
    if not effort.allows((_tried(one, other, recall.images) + _tried(other, one, recall.images)) // _PAIRS_A_CASE):
        table = f"{precision.first.table};{recall.first.table}"
        return CheckResult(table, cell, shown, "", "undecidable", f"confusion matrices: {TOO_MANY}")
    reason = why_impossible(one, other, recall.images)
    note = reason or "a confusion matrix with both may exist"
    if reason:
        exchanged = why_impossible(other, one, recall.images)
        note += f"; with the two exchanged {exchanged or 'it may exist'}"
    return CheckResult(
        f"{precision.first.table};{recall.first.table}",
        cell,
        shown,
        "",
        "inconsistent" if reason else "consistent",
        note,
    )
