"""A published value, kept digit for digit because its digits are evidence."""

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

# Unit -> how many of it make one. A proportion has none: its unit says how it is written.
PROPORTIONS = {"percent": 100, "fraction": 1}
SCALES = {"K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
UNITS = (*PROPORTIONS, *SCALES, "count", "other")

_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,12})?")


@dataclass(frozen=True)
class PublishedValue:
    """A published value.

    Attributes:
        text: as it is published, "84.20": a last zero counts as a digit.
        unit: one of UNITS.
    """

    text: str
    unit: str = "other"

    def __post_init__(self) -> None:
        if not _NUMBER.fullmatch(self.text):
            shown = self.text if len(self.text) <= 40 else f"{self.text[:37]}..."
            raise ValueError(f"'{shown}' is not a number in plain digits, such as 84.20 (at most 15 before the point)")

    @cached_property
    def decimals(self) -> int:
        """Digits after the point."""
        return len(self.text.partition(".")[2])

    @cached_property
    def value(self) -> Fraction:
        """The number itself, in its unit."""
        return Fraction(self.text)

    @cached_property
    def units(self) -> int:
        """The number in units of its last digit."""
        return int(self.text.replace(".", ""))

    @property
    def half(self) -> Fraction:
        """Half a unit of the last digit, in the number's unit."""
        return Fraction(1, 2 * 10**self.decimals)

    @property
    def low(self) -> Fraction:
        """The least number that is rounded to this one, ties either way, in its unit."""
        return self.value - self.half

    @property
    def high(self) -> Fraction:
        """The greatest number that is rounded to this one, ties either way, in its unit."""
        return self.value + self.half

    @property
    def is_proportion(self) -> bool:
        """Whether it is a share of something, between 0 and 1."""
        return self.unit in PROPORTIONS

    @property
    def whole(self) -> int:
        """The value of a proportion of one in this unit: 100 for percent, 1 for fractions."""
        return PROPORTIONS[self.unit]

    @cached_property
    def steps(self) -> int:
        """Number of steps of the last digit in a proportion of one: 10,000 for percent with two decimals."""
        return self.whole * int(10**self.decimals)

    def is_rounded_from(self, number: Fraction | int) -> bool:
        """Return whether `number`, in this number's unit, is rounded to this one, ties either way."""
        return abs(self.value - number) <= self.half

    def like(self, value: float | Fraction) -> str:
        """Return another value written with as many decimals."""
        return f"{float(value):.{self.decimals}f}"
