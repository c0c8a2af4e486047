"""Pairing replicates: the values of two arms with the same seed, or the same seed and fold."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
DIGITS = 9
"""Decimals of compared values: equal values that are computed in different ways differ after them."""


@dataclass(frozen=True)
class Replicates:
    """Paired values of two arms.

    Attributes:
        first: (n,) values of the first arm.
        second: (n,) values of the second arm.
        notes: remarks, such as which pairs are left out.
    """

    first: Floats
    second: Floats
    notes: tuple[str, ...] = ()

    @property
    def differences(self) -> Floats:
        """First arm minus second arm, (n,), rounded to `DIGITS`."""
        return np.round(self.first - self.second, DIGITS)

    @property
    def n(self) -> int:
        """Number of pairs."""
        return len(self.first)


def pair_up(arm: Mapping[Any, float], against: Mapping[Any, float], unit: str = "seed", *notes: str) -> Replicates:
    """Pair the values of two arms by their keys.

    Args:
        arm: value of the first arm for each seed, or each seed and fold.
        against: the same values for the second arm.
        unit: name of the keys, for the notes.
        notes: further notes.
    """
    keys = sorted(set(arm) & set(against))
    unpaired = sorted(set(arm) ^ set(against))
    remarks = [*notes] if keys else [f"no {unit} in common"]
    if unpaired:
        remarks.append(f"left out because one arm lacks it: {unit} {', '.join(_name(key) for key in unpaired)}")
    first, second = ([float(values[key]) for key in keys] for values in (arm, against))
    return Replicates(np.array(first, dtype=np.float64), np.array(second, dtype=np.float64), tuple(remarks))


def _name(key: Hashable) -> str:
    return "/".join(str(part) for part in key) if isinstance(key, tuple) else str(key)
