"""Does a row show a classifier that always gives the same answer?

Method: a classifier that answers everything with one class of share q has accuracy q and weighted F1
2 q^2 / (1 + q), whatever the number of classes. A row is reported where both published values are rounded from one
such q, which is a number of images over all images where their number is known, and where no model on the same
images has a lower accuracy, as a model that learned something should not.

Source: definition of F1; weights are the classes' images.

No power: the F1 of arbitrary digits agrees in about one of the steps of its last digit around it, so a single
agreement proves little. It says nothing about rows that do not agree, so these are not listed.
"""

from collections.abc import Iterator
from fractions import Fraction

from medattn.consistency.check_context import CheckContext, model_cell
from medattn.consistency.check_result import CheckResult
from medattn.consistency.granularity import counts
from medattn.consistency.published import PublishedRow
from medattn.consistency.published_value import PublishedValue


def check(context: CheckContext) -> Iterator[CheckResult]:
    """Yield a result for each row that always gives the same answer."""
    for measured in context.test_sets:
        if measured.facts.averaged > 1 or not measured.accuracies:
            continue
        least = min(row.mean.value for row in measured.accuracies)
        for row in context.by_metric(measured.rows):
            if {"accuracy", "f1"} <= row.keys() and row["accuracy"].mean.value == least:
                yield from _result(row["accuracy"], row["f1"], measured.images)


def is_constant(accuracy: PublishedValue, f1: PublishedValue, images: int | None) -> bool:
    """Return whether one share q of a class gives both published values."""
    if images is not None:
        shares = [Fraction(k, images) for k in counts(accuracy, images)]
        return any(f1.is_rounded_from(_weighted_f1(q) * f1.whole) for q in shares)
    low, high = (_weighted_f1(edge / accuracy.whole) * f1.whole for edge in (accuracy.low, accuracy.high))
    return low <= f1.high and f1.low <= high


def _weighted_f1(share: Fraction) -> Fraction:
    return 2 * share * share / (1 + share)


def _result(accuracy: PublishedRow, f1: PublishedRow, images: int | None) -> Iterator[CheckResult]:
    if not (accuracy.mean.is_proportion and f1.mean.is_proportion and is_constant(accuracy.mean, f1.mean, images)):
        return
    share = accuracy.mean.value / accuracy.mean.whole
    note = "exactly what a classifier gives that always answers with one class"
    if images:
        note += f", which has {counts(accuracy.mean, images)[0]} of {images} images"
    yield CheckResult(
        accuracy.table,
        f"{model_cell(accuracy)}.f1",
        f"{f1.mean.text} (accuracy {accuracy.mean.text})",
        f1.mean.like(_weighted_f1(share) * f1.mean.whole),
        "consistent",
        note,
        True,
    )
