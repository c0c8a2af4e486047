"""Bound of the work of the checks on one paper: beyond it, what is left to try is undecidable."""

from dataclasses import dataclass

TOO_MANY = "too many possibilities to try"
"""Why a value is undecidable that more possibilities could explain than are tried."""


@dataclass
class Effort:
    """Possibilities that the checks of one paper may still try, of some ten microseconds each.

    A count, not a time, so that the results are the same on every machine.

    Attributes:
        left: how many.
    """

    left: int = 600_000

    def allows(self, possibilities: int) -> bool:
        """Take from what is left if it is enough, and return whether it was."""
        if possibilities > self.left:
            return False
        self.left -= possibilities
        return True
