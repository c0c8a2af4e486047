"""A row of claims.csv."""

from dataclasses import asdict, dataclass, fields, replace
from math import isnan, nan
from typing import Any, Literal

from medattn.judge.rule import Judgment, Verdict


@dataclass(frozen=True)
class Claim:
    """A published value, or a published comparison between two arms, with what was measured and the verdict.

    Attributes:
        claim: name of the claim, unique in the file.
        paper: the paper.
        table: the table that prints it, or the numbers that it compares.
        kind: `number` or `comparison`.
        dataset: the data set, as the table has it.
        backbone: the backbone.
        arm: the arm; of a comparison the one that is said to be better.
        against: the arm that it is compared with; of a number empty.
        metric: the metric, as measurements.csv calls it.
        class_name: its class, as in measurements.csv.
        statement: what is published, in words, with its place.
        published: the published value, digit for digit; of a comparison the difference of the two published values.
        published_spread: the published standard deviation.
        unit: unit of `published`, `measured`, `spread`, `low` and `high`.
        measured: mean over runs, mean difference over pairs of runs, or count.
        spread: sample standard deviation over runs, or over pairs.
        low: lower end of the interval that the verdict goes by.
        high: its upper end.
        n: runs, or pairs of runs.
        procedure: `runs` or `count`; empty where nothing was measured.
        p: p of a comparison, corrected within its statement.
        verdict: the verdict.
        reason: why, and what a reader must know.
        stand_in: whether stand-in images were measured.
        runs: ids of the runs.
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
    reason: str = ""
    stand_in: bool = False
    runs: tuple[str, ...] = ()

    def judged(self, judgment: Judgment, points: float, *notes: str) -> "Claim":
        """Return the claim with its verdict.

        Args:
            judgment: the verdict, with its interval in percentage points.
            points: percentage points in one of the claim's unit.
            notes: what a reader must know besides.
        """
        reason = "; ".join(part for part in (judgment.reason, *notes) if part)
        low, high = judgment.low / points, judgment.high / points
        return replace(self, low=low, high=high, p=judgment.p, verdict=judgment.verdict, reason=reason)

    def row(self) -> dict[str, Any]:
        """Return the fields as claims.csv has them: what is not there is empty."""
        values = {key: None if _is_nothing(value) else value for key, value in asdict(self).items()}
        return {**values, "n": self.n or None, "runs": ";".join(self.runs)}


COLUMNS = [field.name for field in fields(Claim)]
"""The columns of claims.csv, in order."""


def _is_nothing(value: object) -> bool:
    return isinstance(value, float) and isnan(value)


def not_measured(claim: Claim, reason: str) -> Claim:
    """Return the claim without a verdict, and why there is none."""
    return replace(claim, verdict="not measured", reason=reason)


def in_points(unit: str) -> float:
    """Return how many percentage points one of a unit is; what is no share stays as it is."""
    return 100.0 if unit == "fraction" else 1.0
