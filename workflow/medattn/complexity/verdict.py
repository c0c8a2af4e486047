"""What a count says about a printed number of parameters or of "GFLOPs".

The rule, for one printed number with d decimals. A count *fits* if it lies within half a unit of the last printed digit
(both ways of rounding a tie are allowed).

    matches                     what is there fits: all parameters, or the multiply-accumulates
    matches as C1 sees it       it does not, but the count by a rule of `counters` does; the rules are tried in the
                                order C1, C2, C3 and the first that fits is named. For parameters only C1 sees
                                others than there are.
    differs                     no count fits. A note says by how much, and, for parameters, with how many classes of
                                another data set of the paper the same network fits.
    not printed, not counted    nothing to compare; a note says why there is no count

A row with two printed numbers gets the worse verdict of the two, and names all rules that it needs.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from medattn.complexity.network import Counts

MATCHES, DIFFERS = "matches", "differs"
NOT_PRINTED, NOT_COUNTED = "not printed", "not counted"
_MILLION, _BILLION = 10**6, 10**9


@dataclass(frozen=True)
class Verdict:
    """The verdict on one printed number.

    Attributes:
        fits: whether any count fits.
        counter: the rule whose count fits; `parameters` or `macs` where that is all there is, empty where none fits.
        note: by how much the count differs, and what would fit; empty where one fits.
    """

    fits: bool
    counter: str
    note: str = ""


def fits(printed: str, count: int, unit: int) -> bool:
    """Return whether `count` gives the digits of `printed`, which is in millions or billions (`unit`)."""
    number = Decimal(printed)
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int), printed
    return abs(Decimal(count) / unit - number) <= Decimal(5).scaleb(exponent - 1)


def parameters_fit(printed: str, parameters: int) -> bool:
    """Return whether a number of parameters gives the printed millions."""
    return fits(printed, parameters, _MILLION)


def verdict_on_parameters(
    printed: str, counts: Counts, other_classes: Iterable[int], with_classes: Callable[[int], int]
) -> Verdict:
    """Judge a printed number of parameters.

    Args:
        printed: millions, digit for digit.
        counts: the counts of the network.
        other_classes: class counts of the paper's other data sets.
        with_classes: gives the number of parameters of the same network with so many classes.
    """
    if parameters_fit(printed, counts.parameters):
        return Verdict(True, "parameters")
    if parameters_fit(printed, counts.c1_parameters):
        return Verdict(True, "C1")
    note = f"{_signed(counts.parameters, printed, _MILLION)} M parameters"
    fitting = [classes for classes in other_classes if parameters_fit(printed, with_classes(classes))]
    if fitting:
        note += f", {printed} fits {' or '.join(map(str, fitting))} classes"
    return Verdict(False, "", note)


def verdict_on_gflops(printed: str, counts: Counts) -> Verdict:
    """Judge a printed number of "GFLOPs", which are multiply-accumulates wherever they can be checked."""
    tried: Mapping[str, int] = {"macs": counts.macs, **counts.rules}
    for rule, count in tried.items():
        if fits(printed, count, _BILLION):
            return Verdict(True, rule)
    nearest = min(tried, key=lambda rule: abs(Decimal(tried[rule]) / _BILLION - Decimal(printed)))
    return Verdict(False, "", f"{_signed(tried[nearest], printed, _BILLION)} G by {nearest}, the nearest count")


def in_words(verdicts: Iterable[Verdict]) -> str:
    """Return the verdict on all printed numbers of a row as a phrase."""
    judged = list(verdicts)
    if not judged:
        return NOT_PRINTED
    if not all(verdict.fits for verdict in judged):
        return DIFFERS
    rules = sorted({verdict.counter for verdict in judged} - {"parameters", "macs"})
    if not rules:
        return MATCHES
    return f"{MATCHES} as {' and '.join(rules)} {'sees' if len(rules) == 1 else 'see'} it"


def _signed(count: int, printed: str, unit: int) -> str:
    return f"{Decimal(count) / unit - Decimal(printed):+.4f}"
