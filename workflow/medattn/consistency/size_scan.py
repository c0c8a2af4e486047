"""Scan over numbers of images for the size that explains more published proportions than chance would.

Of each size the number of proportions that are possible is set against the number to be expected of arbitrary digits;
the size with the largest excess explains them best, and its multiples explain them as well.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from medattn.consistency.granularity import chance, is_possible
from medattn.consistency.published_value import PublishedValue

_SIGNIFICANT = 0.01


@dataclass(frozen=True)
class SizeFit:
    """A number of images and how well it explains the values.

    Attributes:
        images: the number.
        possible: number of values that are possible.
        by_chance: expected number for arbitrary digits.
    """

    images: int
    possible: int
    by_chance: float

    @property
    def excess(self) -> float:
        """Number of possible values beyond those that chance explains."""
        return self.possible - self.by_chance


@dataclass(frozen=True)
class SizeScan:
    """Result of a scan over numbers of images.

    Attributes:
        values: the distinct values.
        averaged: how many measurements each value is the mean of.
        best: sizes by falling excess, the first few.
        all_possible: sizes at which every value is possible, rising.
        p: probability that arbitrary digits would have any size as good as the best, at most.
    """

    values: tuple[PublishedValue, ...]
    averaged: int
    best: tuple[SizeFit, ...]
    all_possible: tuple[int, ...]
    p: float

    @property
    def is_significant(self) -> bool:
        """Whether chance does not explain the best size."""
        return self.p < _SIGNIFICANT

    @property
    def are_multiples(self) -> bool:
        """Whether the sizes at which all values are possible are exactly the multiples of the best size."""
        first = self.best[0].images
        return bool(self.all_possible) and all(n % first == 0 for n in self.all_possible)


def fit_size(values: Sequence[PublishedValue], images: int, averaged: int) -> SizeFit:
    """Return how well a number of images explains published proportions, each the mean of `averaged` measurements."""
    possible = sum(is_possible(value, averaged * images) for value in values)
    return SizeFit(images, possible, sum(chance(value, averaged * images) for value in values))


def scan_sizes(values: Iterable[PublishedValue], averaged: int, sizes: Iterable[int], shown: int = 5) -> SizeScan:
    """Scan sizes. Equal values count once, because a copy is no evidence."""
    distinct = tuple(dict.fromkeys(values))
    tried = [fit_size(distinct, images, averaged) for images in sizes]
    best = sorted(tried, key=lambda size: (-size.excess, size.images))[:shown]
    chances = [chance(value, averaged * best[0].images) for value in distinct]
    return SizeScan(
        distinct,
        averaged,
        tuple(best),
        tuple(size.images for size in tried if size.possible == len(distinct)),
        min(1.0, len(tried) * at_least(best[0].possible, chances)),
    )


def at_least(successes: int, chances: Sequence[float]) -> float:
    """Return the probability of at least `successes` successes in independent trials with these chances."""
    exactly = [1.0]
    for p in chances:
        exactly = [
            (exactly[k] * (1 - p) if k < len(exactly) else 0.0) + (exactly[k - 1] * p if k else 0.0)
            for k in range(len(exactly) + 1)
        ]
    return sum(exactly[successes:])
