"""The rule for verdicts: what a measurement must be to say anything about a published value or comparison."""

from pydantic import Field

from medattn.closed_model import Closed


class VerdictRule(Closed):
    """The rule by which published values and comparisons are judged, fixed before anything is measured.

    docs/verdicts.md derives it.
    """

    confidence: float = Field(
        0.95,
        gt=0.5,
        lt=1,
        description="share of repetitions of the paper's procedure that the interval around a measurement should hold",
    )
    min_runs: int = Field(3, ge=2, description="runs, or pairs of runs, with fewer of which nothing is decided")
    max_half_width: float = Field(
        5.0,
        gt=0,
        description="largest half-width of an interval that can reproduce a number, in percentage points; a wider one "
        "would hold almost any number",
    )
    margin: float = Field(
        0.5, ge=0, description="largest difference that counts as none, in percentage points, beside the rounding"
    )
    alpha: float = Field(0.05, gt=0, lt=1, description="corrected p below which two arms count as different")
