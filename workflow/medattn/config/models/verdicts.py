"""The rule for verdicts on published values and comparisons."""

from pydantic import Field

from medattn.closed_model import Closed


class VerdictRule(Closed):
    """The rule for verdicts on published values and comparisons, fixed before any measurement.

    docs/verdicts.md derives it.
    """

    confidence: float = Field(
        0.95,
        gt=0.5,
        lt=1,
        description="confidence level of the interval around a measurement: the share of repetitions of the paper's "
        "procedure that it should cover",
    )
    min_runs: int = Field(
        3,
        ge=2,
        le=1000,
        description="minimum number of runs, or of pairs of runs, for a verdict; with "
        "fewer the verdict is `inconclusive`",
    )
    max_half_width: float = Field(
        5.0,
        gt=0,
        le=100,
        description="maximum half-width of an interval that can reproduce a published value, in percentage points; a "
        "wider "
        "interval would cover almost any value",
    )
    margin: float = Field(
        0.5,
        ge=0,
        le=100,
        description="maximum difference that counts as equal, in percentage points, in addition to the rounding",
    )
    alpha: float = Field(0.05, gt=0, lt=1, description="significance level: two arms differ if their p is lower")
