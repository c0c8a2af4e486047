"""What a count says about a published value of parameters or of "GFLOPs".

The rule, for one published value with d decimals. A count *fits* if it lies within half a unit of the last published digit
(both ways of rounding a tie are allowed).

    matches                     what is there fits: all parameters, or the multiply-accumulates
    matches as C1 sees it       it does not, but the count by a rule of `counters` does; the rules are tried in the
                                order C1, C2, C3 and the first that fits is named. For parameters only C1 sees
                                others than there are.
    differs                     no count fits. A note says by how much, and, for parameters, with how many classes of
                                another data set of the paper the same network fits.
    not published, not counted    nothing to compare; a note says why there is no count

A row with two published values gets the worse verdict of the two, and names all rules that it needs.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from medattn.complexity.network import Counts

MATCHES, DIFFERS = "matches", "differs"
NOT_PUBLISHED, NOT_COUNTED = "not published", "not counted"
_MILLION, _BILLION = 10**6, 10**9


@dataclass(frozen=True)
class Verdict:
    """The verdict on one published value.

    Attributes:
        fits: whether any count fits.
        counter: the rule whose count fits; `parameters` or `macs` where that is all there is, empty where none fits.
        note: by how much the count differs, and what would fit; empty where one fits.
    """

    fits: bool
    counter: str
    note: str = ""


def fits(published: str, count: int, unit: int) -> bool:
    """Return whether `count` gives the digits of `published`, which is in millions or billions (`unit`)."""
    number = Decimal(published)
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int), published
    return abs(Decimal(count) / unit - number) <= Decimal(5).scaleb(exponent - 1)


def parameters_fit(published: str, parameters: int) -> bool:
    """Return whether a number of parameters gives the published millions."""
    return fits(published, parameters, _MILLION)


def verdict_on_parameters(
    published: str, counts: Counts, other_classes: Iterable[int], with_classes: Callable[[int], int]
) -> Verdict:
    """Judge a published value of parameters.

    Args:
        published: millions, digit for digit.
        counts: the counts of the network.
        other_classes: class counts of the paper's other data sets.
        with_classes: gives the number of parameters of the same network with so many classes.
    """
    if parameters_fit(published, counts.parameters):
        return Verdict(True, "parameters")
    if parameters_fit(published, counts.c1_parameters):
        return Verdict(True, "C1")
    note = f"{_signed(counts.parameters, published, _MILLION)} M parameters"
    fitting = [classes for classes in other_classes if parameters_fit(published, with_classes(classes))]
    if fitting:
        note += f", {published} fits {' or '.join(map(str, fitting))} classes"
    return Verdict(False, "", note)


def verdict_on_gflops(published: str, counts: Counts) -> Verdict:
    """Judge a published value of "GFLOPs", which are multiply-accumulates wherever they can be checked."""
    tried: Mapping[str, int] = {"macs": counts.macs, **counts.rules}
    for rule, count in tried.items():
        if fits(published, count, _BILLION):
            return Verdict(True, rule)
    nearest = min(tried, key=lambda rule: abs(Decimal(tried[rule]) / _BILLION - Decimal(published)))
    return Verdict(False, "", f"{_signed(tried[nearest], published, _BILLION)} G by {nearest}, the nearest count")


def in_words(verdicts: Iterable[Verdict]) -> str:
    """Return the verdict on all published values of a row as a phrase."""
    judged = list(verdicts)
    if not judged:
        return NOT_PUBLISHED
    if not all(verdict.fits for verdict in judged):
        return DIFFERS
    rules = sorted({verdict.counter for verdict in judged} - {"parameters", "macs"})
    if not rules:
        return MATCHES
    return f"{MATCHES} as {' and '.join(rules)} {'sees' if len(rules) == 1 else 'see'} it"


def _signed(count: int, published: str, unit: int) -> str:
    return f"{Decimal(count) / unit - Decimal(published):+.4f}"
