"""Comparison of counted costs with published parameters and "GFLOPs".

A count *fits* a published value if it lies within half a unit of the last published digit. Both ways of rounding a tie
are allowed. The verdicts of complexity.csv:

    matches                   the plain count fits: all parameters, or the multiply-accumulates
    matches as C1 sees it     the plain count does not fit, but the count by a rule of `counters` does. The rules are
                              tried in the order C1, C2, C3, and the first that fits is named. Only C1 has a count of
                              parameters.
    differs                   no count fits. The note has the difference and, for parameters, the numbers of classes
                              of the paper's other data sets with which the same network fits.
    not published             there is no published value
    not counted               there is no count; the note has the reason

A row with two published values has the worse of the two verdicts, and names all rules that it needs.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from medattn.complexity.network import NetworkCounts

MATCHES, DIFFERS = "matches", "differs"
NOT_PUBLISHED, NOT_COUNTED = "not published", "not counted"
_MILLION, _BILLION = 10**6, 10**9


@dataclass(frozen=True)
class CostMatch:
    """Comparison of one published value with the counts.

    Attributes:
        fits: whether any count fits.
        counter: the rule whose count fits; `parameters` or `macs` for the plain count, empty if none fits.
        note: difference of the count, and what would fit; empty if a count fits.
    """

    fits: bool
    counter: str
    note: str = ""


def fits(published: str, count: int, unit: int) -> bool:
    """Return whether `count` rounds to `published`, which is in millions or billions (`unit`)."""
    number = Decimal(published)
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int), published
    return abs(Decimal(count) / unit - number) <= Decimal(5).scaleb(exponent - 1)


def parameters_fit(published: str, parameters: int) -> bool:
    """Return whether a number of parameters rounds to the published millions."""
    return fits(published, parameters, _MILLION)


def match_parameters(
    published: str, counts: NetworkCounts, other_classes: Iterable[int], with_classes: Callable[[int], int]
) -> CostMatch:
    """Compare a published value of parameters with the counts.

    Args:
        published: millions, digit for digit.
        counts: the counts of the network.
        other_classes: class counts of the paper's other data sets.
        with_classes: returns the number of parameters of the same network with a given number of classes.
    """
    if parameters_fit(published, counts.parameters):
        return CostMatch(True, "parameters")
    if parameters_fit(published, counts.c1_parameters):
        return CostMatch(True, "C1")
    note = f"{_signed(counts.parameters, published, _MILLION)} M parameters"
    fitting = [classes for classes in other_classes if parameters_fit(published, with_classes(classes))]
    if fitting:
        note += f", {published} fits {' or '.join(map(str, fitting))} classes"
    return CostMatch(False, "", note)


def match_gflops(published: str, counts: NetworkCounts) -> CostMatch:
    """Compare a published value of "GFLOPs" with the counts.

    The unit is the multiply-accumulate in every paper where it can be checked.
    """
    tried: Mapping[str, int] = {"macs": counts.macs, **counts.rules}
    for rule, count in tried.items():
        if fits(published, count, _BILLION):
            return CostMatch(True, rule)
    nearest = min(tried, key=lambda rule: abs(Decimal(tried[rule]) / _BILLION - Decimal(published)))
    return CostMatch(False, "", f"{_signed(tried[nearest], published, _BILLION)} G by {nearest}, the nearest count")


def in_words(matches: Iterable[CostMatch]) -> str:
    """Return the verdict on all published values of a row."""
    found = list(matches)
    if not found:
        return NOT_PUBLISHED
    if not all(match.fits for match in found):
        return DIFFERS
    rules = sorted({match.counter for match in found} - {"parameters", "macs"})
    if not rules:
        return MATCHES
    return f"{MATCHES} as {' and '.join(rules)} {'sees' if len(rules) == 1 else 'see'} it"


def _signed(count: int, published: str, unit: int) -> str:
    return f"{Decimal(count) / unit - Decimal(published):+.4f}"
