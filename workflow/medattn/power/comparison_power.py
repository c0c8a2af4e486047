"""What the seeds of a selection can find, comparison by comparison: the rows of `medattn power`."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, isnan, nan

from medattn.compare.test_result import CONFIDENCE
from medattn.config.models.seeds import MAX_SEEDS
from medattn.config.models.selection import Selection
from medattn.power.paired_t import (
    power_of_difference,
    seeds_for_difference,
    seeds_for_equivalence,
    smallest_effect,
)
from medattn.power.planned_claims import PlannedClaim
from medattn.power.spread import AssumedSpread, AssumedSpreads


@dataclass(frozen=True)
class LookPower:
    """What a number of seeds finds.

    Attributes:
        seeds: number of seeds.
        smallest: smallest difference that they find with 80% probability, in percentage points; NaN if unknown.
        power: probability that they find the published difference; NaN if unknown.
    """

    seeds: int
    smallest: float
    power: float


@dataclass(frozen=True)
class ComparisonPower:
    """Power of a published comparison.

    Attributes:
        planned: the comparison.
        assumed: the assumed standard deviation of the difference between seeds.
        looks: what each look finds.
        seeds_for_published: seeds that find the published difference with 80% probability; infinity if more than 1000,
            NaN if unknown.
        seeds_for_equivalence: seeds that show with 80% probability that two equal arms differ by less than the margin.
    """

    planned: PlannedClaim
    assumed: AssumedSpread
    looks: tuple[LookPower, ...]
    seeds_for_published: float
    seeds_for_equivalence: float

    @property
    def seeds_for_verdict(self) -> float:
        """Seeds that the claim needs: to show equality for the claim that the arms do not differ, else its difference.

        Where no difference is published, the measured one takes its place.
        """
        return self.seeds_for_equivalence if self.planned.same else self.seeds_for_published


def comparison_powers(
    claims: Sequence[PlannedClaim], selection: Selection, spreads: AssumedSpreads
) -> list[ComparisonPower]:
    """Return the power of every comparison, in the order of the claims."""
    return [comparison_power(planned, selection, spreads) for planned in claims if planned.is_comparison]


def comparison_power(planned: PlannedClaim, selection: Selection, spreads: AssumedSpreads) -> ComparisonPower:
    """Return the power of a comparison."""
    assumed, alpha = spreads.of(planned), planned.alpha
    difference = planned.measured if isnan(planned.published) else planned.published
    looks = selection.looks or (max(2, len(selection.trained_seeds)),)
    if isnan(assumed.sd):
        return ComparisonPower(planned, assumed, tuple(LookPower(n, nan, nan) for n in looks), nan, nan)
    effect = difference / assumed.sd
    margin = selection.verdicts.margin / assumed.sd
    # The interval of a difference shares its error rate between the looks, but not between the pairs of a statement.
    error = (1 - CONFIDENCE) / max(1, len(selection.looks))
    return ComparisonPower(
        planned,
        assumed,
        tuple(
            LookPower(
                n,
                smallest_effect(n, alpha) * assumed.sd,
                nan if isnan(effect) else power_of_difference(effect, n, alpha),
            )
            for n in looks
        ),
        nan if isnan(effect) else seeds_for_difference(effect, alpha, MAX_SEEDS),
        inf if margin == 0 else seeds_for_equivalence(margin, error, MAX_SEEDS),
    )
