"""Pairing replicates: the values of two arms with the same seed, or the same seed and fold."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Replicates:
    """The values of two arms, pair by pair.

    Attributes:
        first: (n,), of the arm.
        second: (n,), of the other.
        notes: what was left out.
    """

    first: Floats
    second: Floats
    notes: tuple[str, ...] = ()

    @property
    def differences(self) -> Floats:
        """The arm minus the other, (n,)."""
        return self.first - self.second

    @property
    def n(self) -> int:
        """Number of pairs."""
        return len(self.first)


def pair_up(arm: Mapping[Any, float], against: Mapping[Any, float], unit: str = "seed", *notes: str) -> Replicates:
    """Return the pairs of two arms.

    Args:
        arm: a value of the first arm for each seed, or each seed and fold.
        against: the same of the other arm.
        unit: what the keys are, for the notes.
        notes: what else a reader must know.
    """
    keys = sorted(set(arm) & set(against))
    alone = sorted(set(arm) ^ set(against))
    said = [*notes] if keys else [f"no {unit} in common"]
    if alone:
        said.append(f"left out, as one arm lacks it: {unit} {', '.join(_name(key) for key in alone)}")
    first, second = ([float(values[key]) for key in keys] for values in (arm, against))
    return Replicates(np.array(first, dtype=np.float64), np.array(second, dtype=np.float64), tuple(said))


def _name(key: Hashable) -> str:
    return "/".join(str(part) for part in key) if isinstance(key, tuple) else str(key)
