"""What a mechanism costs: parameters and training time that it adds to the network without it."""

from dataclasses import dataclass
from math import nan

import pandas as pd

from medattn.answer.contrasts import Contrast
from medattn.plan.model import CellKey

_SPEED = "training_images_per_second"
"""Column of complexity.csv if speed was measured."""


@dataclass(frozen=True)
class ExtraCost:
    """Mean additional cost over the cells of a contrast; NaN where it is not known.

    Attributes:
        params: additional parameters.
        params_percent: the same, in percent of the network without the mechanism.
        time_percent: additional time of a training step, in percent.
    """

    params: float = nan
    params_percent: float = nan
    time_percent: float = nan


class CountedCosts:
    """The rows of complexity.csv by cell."""

    def __init__(self, costs: pd.DataFrame) -> None:
        columns = [name for name in ("params", _SPEED) if name in costs]
        keys = zip(
            costs["paper"], costs["experiment"], costs["counted_for"], costs["backbone"], costs["arm"], strict=True
        )
        values = costs[columns].apply(pd.to_numeric, errors="coerce").to_dict("records")
        # A cell can have several rows with equal counts: one for each published cost, and one without.
        self._by_cell = {CellKey(*map(str, key)): row for key, row in zip(keys, values, strict=True)}

    def added_by(self, contrast: Contrast) -> ExtraCost:
        """Return the cost that the arm of a contrast adds to the other arm."""
        rows = [(self._by_cell.get(arm, {}), self._by_cell.get(other, {})) for arm, other in contrast.pairs]
        params = pd.Series([arm.get("params", nan) - other.get("params", nan) for arm, other in rows], dtype=float)
        counts = pd.Series([other.get("params", nan) for _, other in rows], dtype=float)
        speeds = pd.Series([other.get(_SPEED, nan) / arm.get(_SPEED, nan) for arm, other in rows], dtype=float)
        return ExtraCost(
            float(params.mean()), float((100 * params / counts).mean()), float((100 * (speeds - 1)).mean())
        )
