"""Bounds of the mean accuracy over k folds, given mean sensitivity and specificity, for all ways to spread the classes.

In fold i with a share p_i of positives, accuracy = p_i sensitivity_i + (1 - p_i) specificity_i. Only the means over
the folds are published, so each fold's rates are free between 0 and 1 as long as their mean is the published one: the
greatest mean accuracy gives the sensitivity to the folds with the largest shares first, and so on.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import accumulate
from math import comb, factorial, prod

Bounds = tuple[float, float]
_MOST_COUNTED = 100_000


@cache
def spreads(minority: int, folds: int, size: int) -> tuple[tuple[int, ...], ...]:
    """Return all ways to spread `minority` equal images over unordered folds of `size` images."""
    return tuple(_partitions(minority, folds, min(minority, size)))


def spread_count(minority: int, folds: int, size: int) -> int | None:
    """Return how many ways `spreads` would return; None where even counting them takes long."""
    if minority * folds > _MOST_COUNTED:
        return None
    # The coefficient of q^minority in the Gaussian binomial coefficient of folds + size over folds.
    ways = [1] + [0] * minority
    for i in range(1, folds + 1):
        for total in range(minority, size + i - 1, -1):
            ways[total] -= ways[total - size - i]
        for total in range(i, minority + 1):
            ways[total] += ways[total - i]
    return ways[minority]


def _partitions(total: int, parts: int, largest: int) -> Iterator[tuple[int, ...]]:
    if parts == 0:
        if total == 0:
            yield ()
        return
    for first in range(min(total, largest), -1, -1):
        if first * parts < total:
            return
        for rest in _partitions(total - first, parts - 1, first):
            yield (first, *rest)


@cache
def likely_spreads(minority: int, folds: int, size: int, share: float) -> tuple[tuple[int, ...], ...]:
    """Return the fewest most probable spreads of randomly dealt images that together have at least this probability."""
    weighed = sorted(((_weight(spread, size), spread) for spread in spreads(minority, folds, size)), reverse=True)
    total = comb(folds * size, minority)
    reached = accumulate(weight for weight, _ in weighed)
    return tuple(
        spread for (weight, spread), sum_ in zip(weighed, reached, strict=True) if sum_ - weight < share * total
    )


def _weight(spread: Sequence[int], size: int) -> int:
    """Return in how many ways random dealing leads to a spread."""
    orders = factorial(len(spread)) // prod(factorial(spread.count(n)) for n in set(spread))
    return orders * prod(comb(size, n) for n in spread)


def even_spread(minority: int, folds: int) -> tuple[int, ...]:
    """Return the spread of stratified folds."""
    each, more = divmod(minority, folds)
    return tuple(each + (i < more) for i in range(folds))


def accuracy_bounds(shares: Sequence[float], sensitivity: Bounds, specificity: Bounds) -> Bounds:
    """Return the least and the greatest mean accuracy.

    Args:
        shares: share of positives in each fold.
        sensitivity: bounds of the mean sensitivity.
        specificity: bounds of the mean specificity.
    """
    negatives = [1 - share for share in shares]
    least = _mean(sorted(shares), sensitivity[0]) + _mean(sorted(negatives), specificity[0])
    most = _mean(sorted(shares, reverse=True), sensitivity[1]) + _mean(sorted(negatives, reverse=True), specificity[1])
    return least, most


def _mean(weights: Sequence[float], rate: float) -> float:
    """Return the mean of weight x rate over the folds, with the rates as high as they can be in the first folds."""
    left, total = rate * len(weights), 0.0
    for weight in weights:
        given = min(1.0, max(0.0, left))
        total += weight * given
        left -= given
    return total / len(weights)
