"""What the seeds of a selection can find, comparison by comparison: the rows of `medattn power`."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, isnan, nan

from medattn.compare.test_result import CONFIDENCE
from medattn.config.models.seeds import MAX_SEEDS
from medattn.config.models.selection import Selection
from medattn.power.average_power import Design
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
    """Power of a published comparison, or of a question of the answer.

    Attributes:
        planned: the comparison.
        assumed: the assumed standard deviation of the difference between seeds.
        looks: what each look finds.
        seeds_for_published: seeds that find the published difference with 80% probability; infinity if more than 1000,
            NaN if unknown.
        seeds_for_equivalence: seeds that show with 80% probability that two equal arms differ by less than the margin.
        seeds_for_verdict: seeds that decide it with 80% probability: those for equality if the claim is that two arms
            do not differ, else those for the difference. Where no difference is published, the measured one takes its
            place. A question of the answer needs the fewer of both.
    """

    planned: PlannedClaim
    assumed: AssumedSpread
    looks: tuple[LookPower, ...]
    seeds_for_published: float
    seeds_for_equivalence: float
    seeds_for_verdict: float


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
        return ComparisonPower(planned, assumed, tuple(LookPower(n, nan, nan) for n in looks), nan, nan, nan)
    design = Design(planned.datasets, planned.tau / assumed.sd)
    effect = difference / assumed.sd
    margin = (selection.equivalence_margin if planned.answer else selection.verdicts.margin) / assumed.sd
    # The interval of a difference shares its error rate between the looks, but not between the pairs of a statement.
    error = (1 - CONFIDENCE) / max(1, len(selection.looks))

    def to_equal(reach: float) -> float:
        return inf if reach <= 0 else design.seeds_for_equivalence(reach, error, MAX_SEEDS)

    to_find = nan if isnan(effect) else design.seeds_for_difference(effect, alpha, MAX_SEEDS)
    if planned.answer and not isnan(effect):
        # The interval around the measured difference must lie within the margin.
        to_decide = max(selection.verdicts.min_runs, min(to_find, to_equal(margin - abs(effect))))
    else:
        to_decide = to_equal(margin) if planned.same else to_find
    found = tuple(
        LookPower(
            n,
            design.smallest_effect(n, alpha) * assumed.sd,
            nan if isnan(effect) else design.power_of_difference(effect, n, alpha),
        )
        for n in looks
    )
    return ComparisonPower(planned, assumed, found, to_find, to_equal(margin), to_decide)
