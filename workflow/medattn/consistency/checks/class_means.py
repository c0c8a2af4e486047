"""Is a published mean over the classes the mean of the published class values?

Method: each class value is known up to half a unit of its last digit, so their mean lies in an interval; the published
mean must be rounded from a number in it. Where the classes' images are known, the mean weighted by them is tried, too.

Source: arithmetic.

No power: never; a difference within the rounding is called consistent, and the note reports it.
"""

from collections.abc import Iterator
from fractions import Fraction

from medattn.consistency.check_context import CheckContext
from medattn.consistency.check_result import CheckResult
from medattn.consistency.class_values import ClassValues, class_values
from medattn.consistency.published import PublishedRow


def check(context: CheckContext) -> Iterator[CheckResult]:
    """Yield a result for each published mean over classes."""
    for group in class_values(context):
        if group.mean is not None:
            yield _result(group, group.mean)


def _result(group: ClassValues, mean: PublishedRow) -> CheckResult:
    weights = [[1] * len(group.rows)]
    if group.images and len(set(group.images)) > 1:
        weights.append(list(group.images))
    centers = [_weighted([row.mean.value for row in group.rows], each) for each in weights]
    spreads = [_weighted([row.mean.half for row in group.rows], each) for each in weights]
    published = mean.mean
    fits = [
        abs(published.value - center) <= spread + published.half
        for center, spread in zip(centers, spreads, strict=True)
    ]
    exact = any(published.is_rounded_from(center) for center in centers)
    note = f"classes {group.text}"
    if any(fits) and not exact:
        note += "; agrees only through the rounding of the class values"
    return CheckResult(
        mean.table,
        mean.cell,
        published.text,
        " or ".join(f"{float(center):.{published.decimals + 2}f}" for center in centers),
        "consistent" if any(fits) else "inconsistent",
        note,
    )


def _weighted(values: list[Fraction], weights: list[int]) -> Fraction:
    return sum((value * weight for value, weight in zip(values, weights, strict=True)), Fraction(0)) / sum(weights)
