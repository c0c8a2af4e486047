"""GRIM: is a published accuracy possible at all?

Method: on n images an accuracy is k/n, and the mean of m accuracies on the same images, or on m equal folds, is
k/(m n), with k whole. A published value is possible if one of these is rounded to it, ties either way. Where several
numbers of images are stated or possible, the one that explains the column best counts.

Source: Brown and Heathers 2017, The GRIM test, Social Psychological and Personality Science 8:363-369.

No power: where m n is at least the number of steps of the last digit (10,000 for percent with two decimals): then
every value is possible. Nor where the number of images is only inferred: a value that does not fit it may speak
against the inference.
"""

from collections.abc import Iterator

from medattn.consistency.check_context import CheckContext
from medattn.consistency.check_result import CheckResult
from medattn.consistency.granularity import chance, counts, is_possible, neighbors
from medattn.consistency.published import PublishedRow
from medattn.consistency.shared_test_sets import SharedTestSet

_MORE = 1_000


def check(context: CheckContext) -> Iterator[CheckResult]:
    """Yield a result for each accuracy."""
    for measured in context.test_sets:
        for row in measured.accuracies:
            yield _result(row, measured)


def _result(row: PublishedRow, measured: SharedTestSet) -> CheckResult:
    images, averaged = measured.images, measured.facts.averaged
    if measured.averages_unknown_many:
        return _of(row, "", "undecidable", "a mean with a deviation, but the number of measurements is unknown")
    if images is None:
        return _of(row, "", "undecidable", "the number of images is unknown, and the values do not show it")
    parts = averaged * images
    possible = f"k/{parts}"
    if chance(row.mean, parts) >= 1:
        note = f"every value with {row.mean.decimals} decimals is possible on {images} images"
        return _of(row, possible, "undecidable", note)
    if is_possible(row.mean, parts):
        numbers = counts(row.mean, parts)
        return _of(row, f"{numbers[0]}/{parts}", "consistent", _basis(measured))
    if not measured.stated:
        return _of(row, possible, "undecidable", f"impossible on {images} images, but that number is only inferred")
    return _of(row, neighbors(row.mean, parts), "inconsistent", _impossible(row, measured))


def _of(row: PublishedRow, expected: str, verdict: str, note: str) -> CheckResult:
    return CheckResult(row.table, row.cell, row.mean.text, expected, verdict, note)  # type: ignore[arg-type]


def _basis(measured: SharedTestSet) -> str:
    if measured.stated == (measured.images,):
        return ""
    return f"{measured.images} images, {'the better of those possible' if measured.stated else 'inferred'}"


def _impossible(row: PublishedRow, measured: SharedTestSet) -> str:
    images, facts = measured.images, measured.facts
    others = [n for n in measured.stated if n != images]
    sizes = " or ".join(str(n) for n in measured.stated if n == images or not is_possible(row.mean, facts.averaged * n))
    if facts.averaged == 1:
        return f"impossible on {sizes} images"
    kind = f"no mean of {facts.averaged} {facts.over} of {images} images"
    if others:
        kind += ", the number that explains the column best"
    if facts.over == "folds":
        return kind
    larger = range(facts.averaged + 1, facts.averaged + _MORE)
    more = next((m for m in larger if is_possible(row.mean, m * (images or 1))), None)
    return f"{kind}; {more} {facts.over} would fit" if more else kind
