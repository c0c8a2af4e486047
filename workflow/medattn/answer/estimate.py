"""The estimate of one contrast for one metric: on each data set, and pooled."""

from collections.abc import Sequence
from dataclasses import dataclass

from medattn.answer.contrasts import Contrast
from medattn.answer.dataset_effects import DatasetEffect, dataset_effects
from medattn.answer.pooled import PooledEffect, moderated_variances, pool
from medattn.measure.measured_cells import MeasuredCells, MetricKey
from medattn.metrics.registry import METRICS


@dataclass(frozen=True)
class Estimate:
    """The effect of an arm for one metric.

    Attributes:
        contrast: the two arms.
        key: the metric.
        effects: the effect on each data set that enters the pooled one.
        pooled: the pooled effect; with one data set, its own effect.
        is_reliable: whether every data set has enough seeds for a verdict.
        left_out: data sets with measurements that do not enter: those with a single seed, and stand-ins next to real
            images.
    """

    contrast: Contrast
    key: MetricKey
    effects: tuple[DatasetEffect, ...]
    pooled: PooledEffect
    is_reliable: bool
    left_out: tuple[str, ...]

    @property
    def stand_in(self) -> bool:
        """Whether the images are stand-ins."""
        return any(effect.stand_in for effect in self.effects)

    @property
    def leak(self) -> str:
        """Which test images influenced a choice or training; empty if none did."""
        return next((effect.leak for effect in self.effects if effect.leak), "")

    @property
    def seeds(self) -> int:
        """Number of different seeds."""
        return len({seed for effect in self.effects for seed in effect.seeds})

    @property
    def runs(self) -> int:
        """Number of runs of both arms."""
        return len({run for effect in self.effects for run in effect.runs})

    @property
    def backbones(self) -> int:
        """Number of different backbones."""
        shown = {effect.dataset for effect in self.effects}
        return len({cell.backbone for cell, _ in self.contrast.pairs if cell.dataset in shown})


def estimate(
    contrast: Contrast, key: MetricKey, measured: MeasuredCells, confidence: float, min_seeds: int
) -> Estimate | None:
    """Estimate the effect of an arm; None if no data set has both arms.

    Real images are never pooled with stand-ins.

    Args:
        contrast: the two arms.
        key: the metric.
        measured: the measured values.
        confidence: confidence level of the intervals.
        min_seeds: least number of seeds on every data set for a verdict.
    """
    unit = 100.0 if METRICS[key.metric].unit == "percent" else 1.0
    found = dataset_effects(contrast, key, measured, unit)
    if not found:
        return None
    only_stand_ins = all(effect.stand_in for effect in found)
    eligible = [effect for effect in found if effect.stand_in == only_stand_ins]
    used = [effect for effect in eligible if effect.n > 1] or eligible[:1]
    names = {effect.dataset for effect in used}
    return Estimate(
        contrast,
        key,
        tuple(used),
        _pooled(used, confidence).within(unit - METRICS[key.metric].least),
        all(effect.n >= min_seeds for effect in used),
        tuple(effect.dataset for effect in found if effect.dataset not in names),
    )


def _pooled(effects: Sequence[DatasetEffect], confidence: float) -> PooledEffect:
    if len(effects) == 1:
        only = effects[0]
        low, high = only.interval(confidence)
        error = (only.variance / only.n) ** 0.5
        return PooledEffect(only.mean, error, low, high, only.p)
    variances = moderated_variances([effect.variance for effect in effects], [effect.n for effect in effects])
    return pool([effect.mean for effect in effects], [float(value) for value in variances], confidence)
