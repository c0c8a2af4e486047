"""The standard deviation between seeds that a plan of runs assumes for each comparison."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isnan, nan, sqrt
from pathlib import Path
from statistics import median

from scipy.special import stdtrit

from medattn.compare.permutation_test import TEST as PERMUTATION
from medattn.compare.test_result import CONFIDENCE
from medattn.config.models.seeds import SeedLooks
from medattn.config.resolved import Configuration
from medattn.judge.claim import in_points
from medattn.layout import ResultPaths
from medattn.power.paired_t import upper_sd
from medattn.power.planned_claims import PlannedClaim
from medattn.result_tables import CLAIMS, COMPARISONS, read_table, rows_of


@dataclass(frozen=True)
class AssumedSpread:
    """An assumed standard deviation of the difference between seeds, in percentage points.

    Attributes:
        sd: the value; NaN if nothing is known.
        source: the source in words.
    """

    sd: float = nan
    source: str = "unknown: no two seeds are measured, and neither --sd nor --pilot is given"


@dataclass(frozen=True)
class AssumedSpreads:
    """The sources of assumed standard deviations.

    Attributes:
        stated: standard deviation that the user states; NaN if none.
        stated_by: the option or key that states it.
        pilot: upper bounds of the standard deviations of a pilot's comparisons, by claim.
        measured: upper bounds of the measured standard deviations of this selection, by paper.
    """

    stated: float = nan
    stated_by: str = ""
    pilot: Mapping[str, float] = field(default_factory=dict)
    measured: Mapping[str, Sequence[float]] = field(default_factory=dict)

    def of(self, planned: PlannedClaim) -> AssumedSpread:
        """Return the assumption for a comparison.

        The first that exists of: the upper 80% bound of the measured one, the stated value, the bound of the same
        comparison in the pilot, the median bound of the pilot, and the median bound of the paper's other comparisons.
        """
        own = _own(planned)
        if not isnan(own):
            return AssumedSpread(own, f"upper 80% bound from {planned.claim.n} seeds")
        if not isnan(self.stated):
            return AssumedSpread(self.stated, self.stated_by)
        if planned.claim.claim in self.pilot:
            return AssumedSpread(self.pilot[planned.claim.claim], "same comparison of the pilot")
        if self.pilot:
            return AssumedSpread(median(self.pilot.values()), f"median of {len(self.pilot)} comparisons of the pilot")
        others = self.measured.get(planned.claim.paper, ())
        if others:
            return AssumedSpread(median(others), f"median of {len(others)} measured comparisons of the paper")
        return AssumedSpread()


def assumed_spreads(
    claims: Sequence[PlannedClaim], configuration: Configuration, sd: float | None, pilot: Path | None
) -> AssumedSpreads:
    """Collect the sources of assumed standard deviations.

    Args:
        claims: the claims of the selection.
        configuration: the selection, which may state a `pilot_sd`.
        sd: standard deviation that the user states, in percentage points.
        pilot: folder of results of another selection, with its claims.csv.

    Raises:
        UserError: the pilot has no claims.csv, or a damaged one.
    """
    seeds = configuration.selection.seeds
    stated, by = (nan, "")
    if sd is not None:
        stated, by = sd, "option --sd"
    elif isinstance(seeds, SeedLooks) and seeds.pilot_sd is not None:
        stated, by = seeds.pilot_sd, "seeds.pilot_sd"
    measured: dict[str, list[float]] = {}
    for planned in claims:
        own = _own(planned)
        if planned.is_comparison and not isnan(own):
            measured.setdefault(planned.claim.paper, []).append(own)
    return AssumedSpreads(stated, by, _of_pilot(pilot) if pilot else {}, measured)


def spread_of_finished_runs(results: ResultPaths) -> AssumedSpread:
    """Return the median, over the compared pairs of arms, of the upper 80% bounds of their SDs of accuracy.

    Stand-in images do not count. NaN if no pair has two seeds whose differences vary.
    """
    rows = rows_of(
        read_table(results.comparisons, COMPARISONS, optional=True),
        procedure="runs", test=PERMUTATION, metric="accuracy", stand_in=False,
    )  # fmt: skip
    # The interval of this test is the t-interval: its half-width is t SD / sqrt(n).
    bounds = [
        upper_sd((row["high"] - row["low"]) / 2 * sqrt(n) / float(stdtrit(n - 1, (1 + CONFIDENCE) / 2)), n)
        for row in rows[rows["high"] > rows["low"]].to_dict("records")
        if (n := int(row["n"])) > 1
    ]
    if not bounds:
        return AssumedSpread()
    word = "comparison" if len(bounds) == 1 else "comparisons"
    return AssumedSpread(median(bounds), f"median upper 80% bound of {len(bounds)} {word} of finished runs")


def _own(planned: PlannedClaim) -> float:
    """Return the upper bound of a measured standard deviation; NaN for stand-ins and for values that are all equal."""
    if planned.claim.stand_in or not planned.spread > 0:
        return nan
    return upper_sd(planned.spread, planned.claim.n)


def _of_pilot(folder: Path) -> dict[str, float]:
    rows = rows_of(read_table(ResultPaths(folder).claims, CLAIMS), kind="comparison", procedure="runs")
    bounds = {
        str(row["claim"]): upper_sd(float(row["spread"]) * in_points(str(row["unit"])), int(row["n"]))
        for row in rows[rows["spread"] > 0].to_dict("records")
    }
    return {claim: bound for claim, bound in bounds.items() if not isnan(bound)}
