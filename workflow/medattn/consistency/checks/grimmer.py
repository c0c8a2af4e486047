"""GRIMMER: is a published standard deviation possible, given its mean?

Method: the m measurements behind a mean are whole numbers of images, so their sum and their sum of squares are whole,
of the same parity, and the latter lies between that of the most equal and the most unequal measurements. A published
deviation is possible if such a sum of squares gives it, with m - 1 (sample) or m (population) in the denominator.
The paper is taken to use the formula that makes more of its deviations possible. If the mean is impossible for the
stated number of measurements, the check names the numbers near it that make mean and deviation possible together.

Source: Anaya 2016, The GRIMMER test, PeerJ Preprints 4:e2400v1; the parity of the sum of squares after Allard 2018,
Analytic-GRIMMER.

No power: where the mean itself is impossible, where the number of images or of measurements is unknown, or where
every deviation near the published one is possible.
"""

from collections.abc import Iterator
from fractions import Fraction
from math import ceil, floor

from medattn.consistency.check_context import CheckContext
from medattn.consistency.check_result import CheckResult
from medattn.consistency.effort import TOO_MANY
from medattn.consistency.granularity import counts
from medattn.consistency.published import PublishedRow
from medattn.consistency.published_value import PublishedValue

_NEIGHBORS = 50
_OTHERS = (Fraction(2, 3), Fraction(21, 10))
"""Least and greatest number of measurements that is tried instead of the stated one, as a share of it."""
_NAMES = {1: "sample", 0: "population"}


def is_possible(mean: PublishedValue, std: PublishedValue, images: int, measurements: int, ddof: int) -> bool:
    """Return whether accuracies on a number of images can have this mean and deviation."""
    sums = counts(mean, measurements * images)
    return any(_square_exists(total, std, images, measurements, ddof) for total in sums)


def _square_exists(total: int, std: PublishedValue, images: int, measurements: int, ddof: int) -> bool:
    scale = Fraction(images, std.whole) ** 2 * (measurements - ddof)
    center = Fraction(total * total, measurements)
    even, rest = divmod(total, measurements)
    full, left = divmod(total, images)
    least = max(ceil(center + scale * max(std.low, Fraction(0)) ** 2), even * total + rest * (even + 1))
    most = min(floor(center + scale * std.high**2), full * images**2 + left**2)
    least += (least - total) % 2
    return least <= most


def power(mean: PublishedValue, std: PublishedValue, images: int, measurements: int, ddof: int) -> float:
    """Return the share of impossible deviations among those near the published one; 0 is no power."""
    near = range(max(1, std.units - _NEIGHBORS), std.units + _NEIGHBORS + 1)
    tried = [PublishedValue(f"{n / 10**std.decimals:.{std.decimals}f}", std.unit) for n in near]
    return sum(not is_possible(mean, value, images, measurements, ddof) for value in tried) / len(tried)


def check(context: CheckContext) -> Iterator[CheckResult]:
    """Yield a result for each deviation of an accuracy, and one for the formula that the paper used."""
    cells = [
        (row, row.std, measured.images, measured.facts.averaged)
        for measured in context.test_sets
        for row in measured.accuracies
        if row.std is not None and measured.images is not None and measured.facts.averaged > 1
    ]
    possible, cells = cells, []
    for cell in possible:
        if context.effort.allows(_tried(cell[0].mean, *cell[2:])):
            cells.append(cell)
        else:
            row, std = cell[:2]
            note = f"sums of squares: {TOO_MANY}"
            yield CheckResult(row.table, f"{row.cell}.std", std.text, "", "undecidable", note)
    fitting = [cell for cell in cells if counts(cell[0].mean, cell[2] * cell[3])]
    passed = {ddof: sum(is_possible(c[0].mean, *c[1:], ddof) for c in fitting) for ddof in (1, 0)}
    formula = max(passed, key=lambda ddof: passed[ddof])
    for row, std, images, measurements in cells:
        yield _result(row, std, images, measurements, formula)
    if fitting:
        shown = "; ".join(f"{name} formula: {passed[ddof]} of {len(fitting)}" for ddof, name in _NAMES.items())
        by_chance = sum(1 - power(c[0].mean, *c[1:], formula) for c in fitting)
        settled = passed[1] != passed[0] and passed[formula] == len(fitting)
        yield CheckResult(
            ";".join(dict.fromkeys(cell[0].table for cell in fitting)),
            "*.accuracy.std",
            f"{len(fitting)} deviations with possible means",
            f"{_NAMES[formula]} formula (ddof = {formula})" if settled else "",
            "consistent" if settled else "undecidable",
            f"possible deviations by the {shown}; about {by_chance:.0f} by chance",
            True,
        )


def _tried(mean: PublishedValue, images: int, measurements: int) -> int:
    """Return at most how many sums of squares are tried for a deviation."""
    sums = len(counts(mean, measurements * images))
    if sums:
        return sums * (4 * _NEIGHBORS + 4)
    numbers = round(measurements * _OTHERS[1])
    return numbers * (1 + len(counts(mean, numbers * images)))


def _result(row: PublishedRow, std: PublishedValue, images: int, measurements: int, formula: int) -> CheckResult:
    cell = f"{row.cell}.std"
    about = f"{measurements} measurements on {images} images"
    if not counts(row.mean, measurements * images):
        note = f"the mean itself is impossible for {about}; {_fitting(row, std, images, measurements, formula)}"
        return CheckResult(row.table, cell, std.text, "", "undecidable", note)
    verdicts = {ddof: is_possible(row.mean, std, images, measurements, ddof) for ddof in (1, 0)}
    if not any(verdicts.values()):
        note = f"no {about} with mean {row.mean.text} have this deviation, by either formula"
        return CheckResult(row.table, cell, std.text, "", "inconsistent", note)
    possible = " and ".join(name for ddof, name in _NAMES.items() if verdicts[ddof])
    if not verdicts[formula]:
        note = f"possible by the {possible} formula only, while most of the paper's fit the {_NAMES[formula]} formula"
        return CheckResult(row.table, cell, std.text, "", "undecidable", note)
    strength = power(row.mean, std, images, measurements, formula)
    if strength == 0:
        return CheckResult(row.table, cell, std.text, "", "undecidable", f"every deviation is possible for {about}")
    note = f"possible by the {possible} formula; {strength:.0%} of the deviations nearby are not"
    return CheckResult(row.table, cell, std.text, f"ddof = {formula}", "consistent", note)


def _fitting(row: PublishedRow, std: PublishedValue, images: int, stated: int, formula: int) -> str:
    """Return which numbers of measurements near the stated one make mean and deviation possible together."""
    least, most = (round(stated * share) for share in _OTHERS)
    fitting = [m for m in range(least, most + 1) if is_possible(row.mean, std, images, m, formula)]
    tried = f"of the numbers from {least} to {most}"
    if not fitting:
        return f"{tried}, none makes mean and deviation possible together"
    return f"{tried}, {', '.join(map(str, fitting))} {'makes' if len(fitting) == 1 else 'make'} both possible together"
