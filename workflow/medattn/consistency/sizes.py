"""How many images were there? The size that explains more published proportions than chance would.

Of each size the number of proportions that are possible is set against the number to be expected of arbitrary digits;
the size with the largest excess explains them best, and its multiples explain them as well.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from medattn.consistency.granularity import chance, is_possible
from medattn.consistency.published_value import Published

_SIGNIFICANT = 0.01


@dataclass(frozen=True)
class Size:
    """A number of images.

    Attributes:
        images: the number.
        possible: how many of the values are possible.
        by_chance: how many would be, were the digits arbitrary.
    """

    images: int
    possible: int
    by_chance: float

    @property
    def excess(self) -> float:
        """How many more values are possible than chance explains."""
        return self.possible - self.by_chance


@dataclass(frozen=True)
class Sizes:
    """What a scan over sizes gives.

    Attributes:
        values: the distinct values.
        averaged: how many measurements each value is the mean of.
        best: sizes by falling excess, the first few.
        all_possible: sizes at which every value is possible, rising.
        p: probability that arbitrary digits would have any size as good as the best, at most.
    """

    values: tuple[Published, ...]
    averaged: int
    best: tuple[Size, ...]
    all_possible: tuple[int, ...]
    p: float

    @property
    def is_significant(self) -> bool:
        """Whether chance does not explain the best size."""
        return self.p < _SIGNIFICANT

    @property
    def are_multiples(self) -> bool:
        """Whether the sizes at which all is possible are the multiples of the best and nothing else."""
        first = self.best[0].images
        return bool(self.all_possible) and all(n % first == 0 for n in self.all_possible)


def size_of(values: Sequence[Published], images: int, averaged: int) -> Size:
    """Return how well a number of images explains published proportions, each the mean of `averaged` measurements."""
    possible = sum(is_possible(value, averaged * images) for value in values)
    return Size(images, possible, sum(chance(value, averaged * images) for value in values))


def scan(values: Iterable[Published], averaged: int, sizes: Iterable[int], shown: int = 5) -> Sizes:
    """Try sizes, equal values once, because a copy is no evidence."""
    distinct = tuple(dict.fromkeys(values))
    tried = [size_of(distinct, images, averaged) for images in sizes]
    best = sorted(tried, key=lambda size: (-size.excess, size.images))[:shown]
    chances = [chance(value, averaged * best[0].images) for value in distinct]
    return Sizes(
        distinct,
        averaged,
        tuple(best),
        tuple(size.images for size in tried if size.possible == len(distinct)),
        min(1.0, len(tried) * at_least(best[0].possible, chances)),
    )


def at_least(successes: int, chances: Sequence[float]) -> float:
    """Return the probability of at least so many successes in independent trials with these chances."""
    exactly = [1.0]
    for p in chances:
        exactly = [
            (exactly[k] * (1 - p) if k < len(exactly) else 0.0) + (exactly[k - 1] * p if k else 0.0)
            for k in range(len(exactly) + 1)
        ]
    return sum(exactly[successes:])
