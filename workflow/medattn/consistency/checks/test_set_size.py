"""How many test images were there, by the published accuracies alone?

Method: every number of images in a range is tried. Of each, the number of distinct accuracies that are possible
(GRIM) is compared with the number to be expected of arbitrary digits; the largest excess wins. The numbers that the
text states, and others worth a look (the whole data set, an official split), are tried, too.

Source: the test of Brown and Heathers 2017 turned round.

No power: few or round accuracies, many images, or means of many measurements. The winner counts where the
probability that any number of images in the range does as well by chance is below 0.01 (a bound: the tail for the
winner times the numbers tried), or where it is one of those stated.
"""

from collections.abc import Iterator

from medattn.consistency.check_context import CheckContext
from medattn.consistency.check_result import CheckResult, ConsistencyVerdict
from medattn.consistency.granularity import chance, is_possible
from medattn.consistency.shared_test_sets import SharedTestSet
from medattn.consistency.size_scan import SizeScan, fit_size


def check(context: CheckContext) -> Iterator[CheckResult]:
    """Yield a result for each test set with accuracies."""
    for measured in context.test_sets:
        if measured.scanned is not None:
            yield _powerless(measured) or _result(measured, measured.scanned)


def _powerless(measured: SharedTestSet) -> CheckResult | None:
    """Return a result without power if every value is possible on all stated numbers of images; else None."""
    averaged = measured.facts.averaged
    parts = [averaged * n for n in measured.stated]
    if not parts or any(chance(row.mean, n) < 1 for row in measured.accuracies for n in parts):
        return None
    sizes = " or ".join(map(str, measured.stated))
    published = f"{len(measured.accuracies)} accuracies, {sizes} images"
    note = f"no power: every accuracy is possible on {sizes} images"
    return CheckResult(measured.table, measured.cell, published, "", "undecidable", note, True)


def _result(measured: SharedTestSet, sizes: SizeScan) -> CheckResult:
    stated, best = measured.stated, sizes.best[0]
    impossible = [n for n in stated if fit_size(sizes.values, n, sizes.averaged).possible == 0]
    verdict: ConsistencyVerdict = "undecidable"
    if stated and len(impossible) == len(stated) and len(sizes.values) > 1:
        verdict = "inconsistent"
    elif best.images in stated or (sizes.is_significant and not stated):
        verdict = "consistent"
    elif sizes.is_significant and fit_size(sizes.values, stated[0], sizes.averaged).possible < len(sizes.values):
        verdict = "inconsistent"
    published = f"{len(sizes.values)} distinct accuracies"
    if stated:
        published += f", {' or '.join(map(str, stated))} images"
    return CheckResult(
        measured.table, measured.cell, published, _expected(measured, sizes), verdict, _note(measured, sizes), True
    )


def _expected(measured: SharedTestSet, sizes: SizeScan) -> str:
    if sizes.is_significant or sizes.best[0].images in measured.stated:
        return f"n = {sizes.best[0].images}"
    fitting = [f"{n} ({what})" for what, n in measured.facts.known.items() if n in sizes.all_possible]
    return f"n = {' or '.join(fitting)}" if fitting else ""


def _note(measured: SharedTestSet, sizes: SizeScan) -> str:
    facts, best, total = measured.facts, sizes.best[0], len(sizes.values)
    first = f"n = {best.images} allows {best.possible} of {total} ({best.by_chance:.1f} by chance)"
    parts = [f"of {facts.scan_from} to {facts.scan_to} images {first}"]
    if len(measured.accuracies) > total:
        again = sum(is_possible(row.mean, sizes.averaged * best.images) for row in measured.accuracies)
        parts.append(f"{again} of {len(measured.accuracies)} with the repeated ones")
    if sizes.all_possible and sizes.are_multiples and sizes.is_significant:
        parts.append(f"all {total} are possible on multiples of {best.images} only")
    elif sizes.all_possible and not sizes.is_significant:
        shown = ", ".join(map(str, sizes.all_possible[:5])) + (", ..." if len(sizes.all_possible) > 5 else "")
        parts.append(f"all {total} are possible on {shown}")
    else:
        others = ", ".join(f"{size.images}: {size.possible} ({size.by_chance:.1f})" for size in sizes.best[1:3])
        parts.append(f"next {others}")
    named = {**{f"stated {n}": n for n in measured.stated if n != best.images}, **facts.known}
    for what, images in named.items():
        failing = sum(not is_possible(value, sizes.averaged * images) for value in sizes.values)
        parts.append(
            f"on {images} ({what})" + (f" {failing} of {total} are impossible" if failing else " all are possible")
        )
    if facts.batch_size and best.images % facts.batch_size == 0 and sizes.is_significant:
        parts.append(f"{best.images} = {best.images // facts.batch_size} batches of {facts.batch_size}")
    if not sizes.is_significant and best.images not in measured.stated:
        parts.append("chance explains the best size as well")
    return "; ".join(parts)
