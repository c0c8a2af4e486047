"""Is there a confusion matrix with the published accuracy and F1?

Method: on two classes of known size an accuracy fixes the number of right answers, and leaves one confusion matrix for
each way to divide them between the classes. An F1 is possible if one of these matrices gives it. It may be weighted
by class size, a plain mean, or that of one class: the reading that makes the most rows possible is used.

Source: definitions of accuracy and F1; enumeration of all matrices.

No power: unknown class counts, or more than two classes. Also undecidable: the accuracy itself is impossible and
the F1 does not fit the nearest one either; another reading of F1 makes the row possible; the F1 ends in 0 and is
possible without that digit.
"""

from collections.abc import Callable, Iterator
from fractions import Fraction

from medattn.consistency.check_context import CheckContext, model_cell
from medattn.consistency.check_result import CheckResult, ConsistencyVerdict
from medattn.consistency.confusion import ConfusionMatrix, averages, matrices
from medattn.consistency.effort import TOO_MANY
from medattn.consistency.granularity import counts
from medattn.consistency.published import PublishedRow
from medattn.consistency.published_value import PublishedValue

_COMPARED = 8  # times: under each reading, to choose one and then to judge

Average = Callable[[ConfusionMatrix], Fraction]


def check(context: CheckContext) -> Iterator[CheckResult]:
    """Yield a result for each model with accuracy and F1, and one for the reading of F1, on sets of two classes."""
    for measured in context.test_sets:
        classes = measured.facts.classes
        if len(classes) != 2 or measured.facts.averaged > 1:
            continue
        pairs = [
            (row["accuracy"], row["f1"])
            for row in context.by_metric(measured.rows)
            if {"accuracy", "f1"} <= row.keys() and row["accuracy"].mean.is_proportion and row["f1"].mean.is_proportion
        ]
        if not pairs:
            continue
        if context.effort.allows(sum(_matrices(accuracy.mean, [*classes.values()]) for accuracy, _ in pairs)):
            yield from _results(pairs, classes)
        else:
            for accuracy, f1 in pairs:
                published = f"{f1.mean.text} (accuracy {accuracy.mean.text})"
                cell = f"{model_cell(f1)}.f1"
                yield CheckResult(f1.table, cell, published, "", "undecidable", f"confusion matrices: {TOO_MANY}")


def _matrices(accuracy: PublishedValue, sizes: list[int]) -> int:
    """Return at most how many matrices are compared with the F1 of one model."""
    possible = max(1, len(counts(accuracy, sum(sizes))))
    return _COMPARED * possible * (min(sizes) + 1)


def right_answers(accuracy: PublishedValue, images: int) -> list[int]:
    """Return the numbers of right answers that an accuracy allows, or the nearest one where it allows none."""
    return list(counts(accuracy, images)) or [round(accuracy.value * images / accuracy.whole)]


def fitting(
    accuracy: PublishedValue, f1: PublishedValue, sizes: tuple[int, int], average: Average
) -> list[ConfusionMatrix]:
    """Return the confusion matrices that give both published values."""
    return [
        matrix
        for right in right_answers(accuracy, sum(sizes))
        for matrix in matrices(sizes, right)
        if f1.is_rounded_from(average(matrix) * f1.whole)
    ]


def _results(pairs: list[tuple[PublishedRow, PublishedRow]], classes: dict[str, int]) -> Iterator[CheckResult]:
    names = tuple(classes)
    sizes = (classes[names[0]], classes[names[1]])
    readings = averages((names[0], names[1]))
    explained = {
        name: sum(bool(fitting(acc.mean, f1.mean, sizes, average)) for acc, f1 in pairs)
        for name, average in readings.items()
    }
    best = max(explained, key=lambda name: explained[name])
    unique = 0
    for accuracy, f1 in pairs:
        unique += len(fitting(accuracy.mean, f1.mean, sizes, readings[best])) == 1
        yield _result(accuracy, f1, classes, best, readings[best])
    row = pairs[0][0]
    others = ", ".join(f"{name} {number}" for name, number in explained.items())
    yield CheckResult(
        ";".join(dict.fromkeys(accuracy.table for accuracy, _ in pairs)),
        f"{row.dataset}.*.*.f1",
        f"{len(pairs)} pairs of accuracy and F1",
        f"F1 {best}",
        "consistent" if 2 * explained[best] > len(pairs) else "undecidable",
        f"pairs with a confusion matrix by reading of F1: {others}; {unique} match exactly one",
        True,
    )


def _result(
    accuracy: PublishedRow, f1: PublishedRow, classes: dict[str, int], reading: str, average: Average
) -> CheckResult:
    names = list(classes)
    sizes = (classes[names[0]], classes[names[1]])
    table, cell = f1.table, f"{model_cell(f1)}.f1"
    published = f"{f1.mean.text} (accuracy {accuracy.mean.text})"
    right = right_answers(accuracy.mean, sum(sizes))
    possible = bool(counts(accuracy.mean, sum(sizes)))
    how = "" if possible else f"the accuracy is impossible, {right[0]}/{sum(sizes)} is the nearest"
    found = fitting(accuracy.mean, f1.mean, sizes, average)
    if found:
        shown = ", ".join(f"{r} of {n} {name}" for r, n, name in zip(found[0].right, sizes, names, strict=True))
        note = f"exactly one confusion matrix: {shown} right" if len(found) == 1 else f"{len(found)} confusion matrices"
        return CheckResult(table, cell, published, f"F1 {reading}", "consistent", "; ".join(filter(None, (note, how))))
    values = [average(matrix) * f1.mean.whole for k in right for matrix in matrices(sizes, k)]
    expected = f"{f1.mean.like(min(values))} to {f1.mean.like(max(values))}"
    doubt = _doubt(accuracy.mean, f1.mean, sizes, reading, (names[0], names[1]))
    if doubt:
        return CheckResult(table, cell, published, expected, "undecidable", "; ".join(filter(None, (doubt, how))))
    note = f"no confusion matrix with this accuracy gives this F1 ({reading}): {_where(f1.mean, values)}"
    verdict: ConsistencyVerdict = "inconsistent" if possible else "undecidable"
    return CheckResult(table, cell, published, expected, verdict, "; ".join(filter(None, (note, how))))


def _doubt(
    accuracy: PublishedValue, f1: PublishedValue, sizes: tuple[int, int], reading: str, names: tuple[str, str]
) -> str:
    """Return what else may explain an F1 that is impossible as it is read."""
    readings = averages(names)
    for other, average in readings.items():
        if fitting(accuracy, f1, sizes, average):
            return f"impossible for F1 {reading}, as in most rows, possible for F1 {other}"
    if f1.text.endswith("0") and f1.decimals > 1:
        short = PublishedValue(f1.text[:-1], f1.unit)
        if fitting(accuracy, short, sizes, readings[reading]):
            return f"possible as {short.text} only: the last 0 looks like padding"
    return ""


def _where(f1: PublishedValue, values: list[Fraction]) -> str:
    nearest = f"nearest {f1.like(min(values, key=lambda value: abs(value - f1.value)))}"
    if f1.value > max(values):
        return f"above the greatest, {nearest}"
    return f"{'below the least' if f1.value < min(values) else 'between two'}, {nearest}"
