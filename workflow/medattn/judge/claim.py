"""A claim of a paper with its verdict: a row of claims.csv."""

from dataclasses import asdict, dataclass, replace
from math import isnan, nan
from typing import Any, Literal, get_args

from medattn.judge.rule import Judgment, Verdict

State = Literal[
    "judged",
    "another recipe",
    "stand-in images",
    "outside this selection",
    "unavailable",
    "failed",
    "waiting",
]
STATES: tuple[State, ...] = get_args(State)
"""Whether a claim has a verdict, or why it has none:

- judged: it has a verdict.
- another recipe: measured, but the selection changes the paper's procedure.
- stand-in images: measured, but not on the paper's images.
- outside this selection: the selection leaves it out.
- unavailable: the cell cannot be run, for example because its images are not public.
- failed: its runs ended without a result.
- waiting: its runs are not trained, or its network is not counted yet.
"""


@dataclass(frozen=True)
class Claim:
    """A published value, or a published comparison of two arms, with the measured value and the verdict.

    Attributes:
        claim: name of the claim, unique in the file.
        paper: the paper.
        table: the table with the published value, or with the two compared values.
        kind: `number` or `comparison`.
        dataset: the data set, as named in the table.
        backbone: the backbone.
        arm: the arm; for a comparison, the arm that the paper calls better.
        against: the arm that it is compared with; empty for a number.
        metric: the metric, as named in measurements.csv.
        class_name: its class, as in measurements.csv.
        statement: the statement of the paper, with its source.
        published: the published value, digit for digit; for a comparison, the difference of two published values.
        published_spread: the published standard deviation.
        unit: unit of `published`, `measured`, `spread`, `low` and `high`.
        measured: mean over runs, mean difference over pairs of runs, or count.
        spread: sample standard deviation over runs, or over pairs.
        low: lower end of the interval that the verdict is based on.
        high: upper end of that interval.
        n: number of runs, or of pairs of runs.
        procedure: `runs` or `count`; empty if nothing was measured.
        p: p of a comparison, corrected within its statement unless the statement is that all pairs hold.
        verdict: the verdict.
        state: whether there is a verdict, or why there is none.
        reason: reason of the verdict, and remarks.
        stand_in: whether the measured images are stand-ins.
        runs: ids of the runs.
        readings: number of readings that the paper leaves open and under which test images choose nothing.
        same_verdict: share of these readings that give the same verdict.
        lowest: lowest measured value over these readings.
        highest: highest measured value over these readings.
        fragile: whether these readings give different verdicts.
    """

    claim: str
    paper: str
    table: str
    kind: Literal["number", "comparison"]
    dataset: str = ""
    backbone: str = ""
    arm: str = ""
    against: str = ""
    metric: str = ""
    class_name: str = ""
    statement: str = ""
    published: str = ""
    published_spread: str = ""
    unit: str = ""
    measured: float = nan
    spread: float = nan
    low: float = nan
    high: float = nan
    n: int = 0
    procedure: str = ""
    p: float = nan
    verdict: Verdict = "not measured"
    state: State = "waiting"
    reason: str = ""
    stand_in: bool = False
    runs: tuple[str, ...] = ()
    readings: int = 0
    same_verdict: float = nan
    lowest: float = nan
    highest: float = nan
    fragile: bool = False

    def with_judgment(self, judgment: Judgment, points: float, *notes: str) -> "Claim":
        """Return the claim with its verdict.

        Args:
            judgment: the verdict with its interval in percentage points.
            points: percentage points per unit of the claim.
            notes: further remarks for the reason.
        """
        reason = "; ".join(part for part in (judgment.reason, *notes) if part)
        low, high = judgment.low / points, judgment.high / points
        verdict = judgment.verdict
        return replace(self, low=low, high=high, p=judgment.p, verdict=verdict, state="judged", reason=reason)

    def row(self) -> dict[str, Any]:
        """Return the row of claims.csv; NaN becomes an empty field."""
        values = {
            key: None if isinstance(value, float) and isnan(value) else value for key, value in asdict(self).items()
        }
        return {**values, "n": self.n or None, "readings": self.readings or None, "runs": ";".join(self.runs)}


def not_measured(claim: Claim, reason: str, state: State) -> Claim:
    """Return the claim with the verdict `not measured`, the reason and the state."""
    return replace(claim, verdict="not measured", state=state, reason=reason)


def in_points(unit: str) -> float:
    """Return the percentage points per unit: 100 for fractions, 1 for percent and for units that are not shares."""
    return 100.0 if unit == "fraction" else 1.0
