"""Pooling of effects over data sets: a random-effects model, as in a meta-analysis of studies.

Sources: Paule and Mandel 1982 (variance between data sets); Hartung and Knapp 2001 (interval); Knapp and Hartung 2003
(a scale factor of at least 1, which keeps data sets that agree by chance from narrowing the interval); Higgins,
Thompson and Spiegelhalter 2009 (prediction interval); Smyth 2004 (moderated variances). The formulas are in
docs/answer.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import nan, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit
from statsmodels.stats.meta_analysis import combine_effects

Floats = NDArray[np.float64]
PRIOR_DEGREES = 4
"""Degrees of freedom that the mean variance over data sets adds to the variance of each."""


@dataclass(frozen=True)
class PooledEffect:
    """Mean effect over data sets, in the unit of the effects.

    Attributes:
        difference: mean effect.
        error: its standard error.
        low: lower end of its interval.
        high: upper end.
        p: two-sided p of no effect.
        prediction_low: lower end of the interval for the effect on a further data set; NaN for two data sets.
        prediction_high: upper end.
        tau2: variance of the effect between data sets.
        i2: share of the variation between data sets that chance does not explain, in percent.
        q: Cochran's Q.
        q_p: p of equal effects on all data sets.
    """

    difference: float
    error: float = nan
    low: float = nan
    high: float = nan
    p: float = nan
    prediction_low: float = nan
    prediction_high: float = nan
    tau2: float = nan
    i2: float = nan
    q: float = nan
    q_p: float = nan

    def within(self, reach: float) -> "PooledEffect":
        """Return the effect with its intervals cut to differences that are possible, -reach to reach."""
        return replace(
            self,
            low=max(self.low, -reach),
            high=min(self.high, reach),
            prediction_low=max(self.prediction_low, -reach),
            prediction_high=min(self.prediction_high, reach),
        )


def pool(effects: Sequence[float], variances: Sequence[float], confidence: float = 0.95) -> PooledEffect:
    """Pool effects on at least two data sets.

    Args:
        effects: mean effect on each data set.
        variances: variance of each mean.
        confidence: confidence level of both intervals.

    Returns:
        The pooled effect; without interval if the variances are 0.
    """
    k = len(effects)
    values, squared_errors = np.asarray(effects, dtype=float), np.asarray(variances, dtype=float)
    if not (squared_errors > 0).all():
        return PooledEffect(float(values.mean()))
    # Equal effects have Q = 0, by which statsmodels divides for I^2.
    with np.errstate(divide="ignore"):
        model = combine_effects(values, squared_errors, method_re="iterated")
    mean, tau2 = float(model.mean_effect_re), float(model.tau2)
    error = sqrt(float(model.var_eff_w_re) * max(1.0, float(model.scale_hksj_re)))
    half = float(stdtrit(k - 1, (1 + confidence) / 2)) * error
    # With k - 2 degrees of freedom, two data sets give no prediction.
    further = float(stdtrit(k - 2, (1 + confidence) / 2)) * sqrt(tau2 + error**2) if k > 2 else nan
    return PooledEffect(
        difference=mean,
        error=error,
        low=mean - half,
        high=mean + half,
        p=2 * float(stdtr(k - 1, -abs(mean) / error)),
        prediction_low=mean - further,
        prediction_high=mean + further,
        tau2=tau2,
        i2=100 * max(0.0, float(model.i2)),
        q=float(model.q),
        q_p=float(model.test_homogeneity().pvalue),
    )


def moderated_variances(variances: Sequence[float], counts: Sequence[int]) -> Floats:
    """Return the variances of the mean on each data set, moderated by those of the others.

    A variance over three or five seeds is itself uncertain, and one that is small by chance would give its data set
    nearly all of the weight. Each variance is averaged with the mean over data sets, which counts as PRIOR_DEGREES
    further degrees of freedom.

    Args:
        variances: variance of a single difference on each data set.
        counts: number of seeds of each.
    """
    values, seeds = np.asarray(variances, dtype=float), np.asarray(counts, dtype=float)
    degrees = seeds - 1
    moderated: Floats = (degrees * values + PRIOR_DEGREES * values.mean()) / (degrees + PRIOR_DEGREES) / seeds
    return moderated
