"""The standard deviation between seeds that a plan of runs assumes for each comparison."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import isnan, nan, sqrt
from pathlib import Path
from statistics import median

import pandas as pd
from scipy.special import stdtrit

from medattn.compare.permutation_test import TEST as PERMUTATION
from medattn.compare.test_result import CONFIDENCE
from medattn.config.models.seeds import SeedLooks
from medattn.config.resolved import Configuration
from medattn.judge.claim import in_points
from medattn.layout import ResultPaths
from medattn.metrics.registry import METRICS
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


PairKey = tuple[str, ...]
"""Data set, backbone, the two arms, metric and class of a comparison."""
_PAIR = ("dataset", "backbone", "arm", "against", "metric", "class_name")


@dataclass(frozen=True)
class AssumedSpreads:
    """The sources of assumed standard deviations.

    Attributes:
        stated: standard deviation that the user states; NaN if none.
        stated_by: the option or key that states it.
        pilot: upper bounds of the standard deviations of a pilot's comparisons, by the compared pair.
        measured: upper bounds of the measured standard deviations of this selection, by paper and compared pair.
    """

    stated: float = nan
    stated_by: str = ""
    pilot: Mapping[PairKey, float] = field(default_factory=dict)
    measured: Mapping[str, Mapping[PairKey, float]] = field(default_factory=dict)

    @property
    def of_user(self) -> AssumedSpread:
        """The stated assumption; NaN if there is none."""
        return AssumedSpread(self.stated, self.stated_by)

    def of(self, planned: PlannedClaim) -> AssumedSpread:
        """Return the assumption for a comparison.

        The first that exists of: the upper 80% bound of the measured one, the stated value, the bound of the same
        comparison in the pilot, the median bound of the pilot, and the median bound of other comparisons: of the paper
        or, if it has none, of the selection.
        """
        own = _own(planned)
        if not isnan(own):
            return AssumedSpread(own, f"upper 80% bound from {planned.claim.n} seeds")
        if not isnan(self.stated):
            return self.of_user
        if same := [bound for key, bound in self.pilot.items() if key in _pairs(planned)]:
            return AssumedSpread(median(same), "same comparison of the pilot")
        alike = [bound for key, bound in self.pilot.items() if planned.claim.metric in key]
        if bounds := alike or [*self.pilot.values()]:
            return AssumedSpread(median(bounds), f"median of {len(bounds)} comparisons of the pilot")
        of_paper = [*self.measured.get(planned.claim.paper, {}).values()]
        others = of_paper or [bound for bounds in self.measured.values() for bound in bounds.values()]
        if others:
            where = "paper" if of_paper else "selection"
            return AssumedSpread(median(others), f"median of {len(others)} measured comparisons of the {where}")
        return AssumedSpread()


def assumed_spreads(
    claims: Sequence[PlannedClaim], configuration: Configuration, sd: float | None, pilot: Path | None
) -> AssumedSpreads:
    """Collect the sources of assumed standard deviations.

    Args:
        claims: the claims and questions of the selection.
        configuration: the selection, which may state a `pilot_sd`.
        sd: standard deviation that the user states, in percentage points.
        pilot: folder of results of another selection, with its comparisons.csv.

    Raises:
        UserError: the pilot has no comparisons.csv, or a damaged file.
    """
    seeds = configuration.selection.seeds
    stated, by = (nan, "")
    if sd is not None:
        stated, by = sd, "option --sd"
    elif isinstance(seeds, SeedLooks) and seeds.pilot_sd is not None:
        stated, by = seeds.pilot_sd, "seeds.pilot_sd"
    measured: dict[str, dict[PairKey, float]] = {}
    for planned in claims:
        own = _own(planned)
        # A claim and a question of the answer on the same pair count once; an average is no further measurement.
        if planned.is_comparison and planned.datasets == 1 and not isnan(own):
            claim = planned.claim
            key = (claim.dataset, claim.backbone, claim.arm, claim.against, claim.metric, claim.class_name)
            measured.setdefault(claim.paper, {}).setdefault(key, own)
    return AssumedSpreads(stated, by, _of_pilot(pilot) if pilot else {}, measured)


def spread_of_finished_runs(results: ResultPaths) -> AssumedSpread:
    """Return the median, over the compared pairs of arms, of the upper 80% bounds of their SDs of accuracy.

    Stand-in images do not count. NaN if no pair has two seeds whose differences vary.
    """
    table = read_table(results.comparisons, COMPARISONS, optional=True)
    bounds = [bound for _, bound in _measured_bounds(rows_of(table, metric="accuracy"))]
    if not bounds:
        return AssumedSpread()
    word = "comparison" if len(bounds) == 1 else "comparisons"
    return AssumedSpread(median(bounds), f"median upper 80% bound of {len(bounds)} {word} of finished runs")


def _own(planned: PlannedClaim) -> float:
    """Return the upper bound of a measured standard deviation; NaN for stand-ins and for values that are all equal."""
    if planned.claim.stand_in or not planned.spread > 0:
        return nan
    return upper_sd(planned.spread, planned.claim.n if planned.degrees is None else planned.degrees + 1)


def _pairs(planned: PlannedClaim) -> list[PairKey]:
    """Return the compared pairs: one on each data set and backbone."""
    claim = planned.claim
    return [
        (dataset, backbone, claim.arm, claim.against, claim.metric, claim.class_name)
        for dataset in claim.dataset.split(";")
        for backbone in claim.backbone.split(";")
    ]


def _of_pilot(folder: Path) -> dict[PairKey, float]:
    """Return the bounds of a pilot: of all pairs that it compares and, of others, those of its published claims."""
    results = ResultPaths(folder)
    bounds = dict(_measured_bounds(read_table(results.comparisons, COMPARISONS, optional=results.claims.is_file())))
    claims = rows_of(read_table(results.claims, CLAIMS, optional=True), kind="comparison", procedure="runs")
    for row in claims[claims["spread"] > 0].to_dict("records"):
        bound = upper_sd(float(row["spread"]) * in_points(str(row["unit"])), int(row["n"]))
        if not isnan(bound):
            bounds.setdefault(tuple(str(row[name]) for name in _PAIR), bound)
    return bounds


def _measured_bounds(comparisons: pd.DataFrame) -> Iterator[tuple[PairKey, float]]:
    """Yield the upper 80% bound of each SD in comparisons.csv, in percentage points; stand-ins do not count."""
    rows = rows_of(comparisons, procedure="runs", test=PERMUTATION, stand_in=False)
    for row in rows[rows["high"] > rows["low"]].to_dict("records"):
        n = int(row["n"])
        if n > 1:
            # The interval of this test is the t-interval: its half-width is t SD / sqrt(n).
            sd = (row["high"] - row["low"]) / 2 * sqrt(n) / float(stdtrit(n - 1, (1 + CONFIDENCE) / 2))
            yield tuple(str(row[name]) for name in _PAIR), upper_sd(sd, n) * in_points(METRICS[str(row["metric"])].unit)
