"""Possible proportions: k of N, rounded to a number of decimals (GRIM).

Source: Brown and Heathers 2017, The GRIM test, Social Psychological and Personality Science 8:363-369.
"""

from math import ceil, floor, gcd

from medattn.consistency.published_value import PublishedValue


def counts(published: PublishedValue, parts: int) -> range:
    """Return every k for which k/parts is rounded to a published proportion, ties either way."""
    middle, reach = published.value * parts / published.whole, published.half * parts / published.whole
    return range(max(0, ceil(middle - reach)), min(parts, floor(middle + reach)) + 1)


def is_possible(published: PublishedValue, parts: int) -> bool:
    """Return whether some k/parts is rounded to a published proportion.

    Whole numbers only, because sizes are scanned by the thousand.
    """
    units, steps = published.units, published.steps
    least = max(0, -((-(2 * units - 1) * parts) // (2 * steps)))
    most = min(parts, (2 * units + 1) * parts // (2 * steps))
    return least <= most


def chance(published: PublishedValue, parts: int) -> float:
    """Return the share of all proportions with as many decimals that are possible; 1 leaves the check no power.

    With fewer parts than steps each k/parts makes one value possible, and two where it lies halfway between them,
    which happens `common` times, `common` the greatest common divisor, if parts/common is even.
    """
    common = gcd(published.steps, parts)
    ties = common if parts // common % 2 == 0 else 0
    return min(1.0, (parts + 1 + ties) / (published.steps + 1))


def neighbors(published: PublishedValue, parts: int) -> str:
    """Return the possible values on either side of an impossible one, as it would be published."""
    below = floor(published.value * parts / published.whole)
    return " or ".join(f"{k}/{parts} = {_finer(published, k, parts)}" for k in (below, below + 1) if 0 <= k <= parts)


def _finer(published: PublishedValue, k: int, parts: int) -> str:
    return f"{published.whole * k / parts:.{published.decimals}f}"
