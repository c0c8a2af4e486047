"""The open claims of a selection in the order of what deciding them costs: the rows of `medattn next`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf, isnan

import numpy as np
from scipy.special import stdtrit

from medattn.config.models.seeds import MAX_SEEDS
from medattn.config.models.selection import Selection
from medattn.config.models.verdicts import VerdictRule
from medattn.power.comparison_power import ComparisonPower, comparison_power
from medattn.power.planned_claims import PlannedClaim
from medattn.power.run_costs import RunCost, RunCosts
from medattn.power.spread import AssumedSpread, AssumedSpreads


@dataclass(frozen=True)
class NextClaim:
    """An open claim with the runs that should decide it.

    Attributes:
        planned: the claim.
        assumed: the assumed standard deviation; None for a published value.
        needed: seeds that decide it with 80% probability; infinity if more than 1000, NaN if unknown.
        seeds: the look, or the number of seeds, to train; None if the claim needs more than the maximum.
        step: the next look on the way there.
        reason: why these seeds, or why none.
        cost: the open runs up to `seeds`.
    """

    planned: PlannedClaim
    assumed: AssumedSpread | None
    needed: float
    seeds: int | None
    step: int | None
    reason: str
    cost: RunCost


@dataclass(frozen=True)
class NextRuns:
    """The open claims and the next round of runs.

    Attributes:
        claims: open claims that can be decided, cheapest first; with a budget, those that fit into it.
        beyond_budget: open claims that can be decided, but not within the budget; none without one.
        undecidable: open claims that need more than the maximum of seeds.
        seeds: number of seeds of the next round, by id of the cell, where it exceeds the current one.
        cost: the open runs of the next round: those of the selection and the added ones.
        most: maximum number of seeds.
        basis: the source of estimated hours.
        budget: hours that the runs may take; None for no limit.
    """

    claims: tuple[NextClaim, ...]
    beyond_budget: tuple[NextClaim, ...]
    undecidable: tuple[NextClaim, ...]
    seeds: Mapping[str, int]
    cost: RunCost
    most: int
    basis: str
    budget: float | None = None


def next_runs(
    claims: Sequence[PlannedClaim],
    selection: Selection,
    spreads: AssumedSpreads,
    costs: RunCosts,
    most: int,
    budget: float | None = None,
) -> NextRuns:
    """Return the open claims, cheapest first, and the next round of runs.

    Args:
        claims: all claims of the selection.
        selection: the selection.
        spreads: sources of assumed standard deviations.
        costs: the runs and their time.
        most: maximum number of seeds.
        budget: hours that the open runs of the selection, and those of the chosen claims, may take; None for no limit.
    """
    found = [_next_claim(planned, selection, spreads, costs, most) for planned in claims if planned.is_open]
    decidable = sorted((claim for claim in found if claim.seeds is not None), key=_order)
    chosen = decidable if budget is None else _within(budget, decidable, costs)
    undecidable = sorted((claim for claim in found if claim.seeds is None), key=lambda claim: claim.needed)
    seeds: dict[str, int] = {}
    for claim in chosen:
        for cell in claim.planned.cells:
            if claim.step is not None and claim.step > max(costs.current(cell), seeds.get(cell.id, 0)):
                seeds[cell.id] = claim.step
    runs = {run for cell in costs.cells for run in costs.of([cell], seeds.get(cell.id, 0)).runs}
    return NextRuns(
        tuple(chosen),
        tuple(claim for claim in decidable if claim not in chosen),
        tuple(undecidable),
        seeds,
        costs.of_runs(runs),
        most,
        costs.basis,
        budget,
    )


def _within(budget: float, claims: Sequence[NextClaim], costs: RunCosts) -> list[NextClaim]:
    """Return the claims, cheapest first, whose runs fit into the hours next to the open runs of the selection.

    A run that several claims share counts once. A claim with a run of unknown time fits into no budget.
    """
    runs = {run for cell in costs.cells for run in costs.of([cell], 0).runs}
    seconds = costs.known_seconds(runs)
    chosen = []
    for claim in claims:
        added = costs.of_runs(claim.cost.runs - runs).seconds
        if claim.cost.seconds is not None and added is not None and seconds + added <= 3600 * budget:
            chosen.append(claim)
            runs |= claim.cost.runs
            seconds += added
    return chosen


def _order(claim: NextClaim) -> tuple[float, int]:
    """Return the key that sorts claims by their hours, those with unknown hours last."""
    return (inf if claim.cost.seconds is None else claim.cost.seconds, len(claim.cost.runs))


def _next_claim(
    planned: PlannedClaim, selection: Selection, spreads: AssumedSpreads, costs: RunCosts, most: int
) -> NextClaim:
    claim = planned.claim
    current = min(costs.current(cell) for cell in planned.cells)
    numbers = selection.looks or range(current, max(current, most) + 1)
    judged = claim.n if claim.verdict == "inconclusive" and claim.n in numbers else 0
    ahead = [number for number in numbers if current <= number <= most and number > judged]
    assumed = None
    if planned.is_comparison:
        power = comparison_power(planned, selection, spreads)
        assumed, needed = power.assumed, power.seeds_for_verdict
        reason = _reason_of_comparison(planned, power)
    else:
        needed = _needed_for_value(planned, selection.verdicts)
        reason = "the interval becomes narrow enough" if claim.verdict == "inconclusive" else "not measured yet"
    enough = [number for number in ahead if isnan(needed) or number >= needed]
    if not enough:
        reason = _too_many(planned, needed, judged, most)
        return NextClaim(planned, assumed, needed, None, None, reason, costs.of_runs(()))
    return NextClaim(planned, assumed, needed, enough[0], ahead[0], reason, costs.of(planned.cells, enough[0]))


def _reason_of_comparison(planned: PlannedClaim, power: ComparisonPower) -> str:
    needed = power.seeds_for_verdict
    if isnan(needed):
        return (
            "the first look measures the spread"
            if isnan(power.assumed.sd)
            else "no difference is published or measured"
        )
    if planned.same or (planned.answer and needed < power.seeds_for_published):
        return "equal arms are shown to be equal with 80% probability"
    difference = "measured" if isnan(planned.published) else "published"
    return f"the {difference} difference is found with 80% probability"


def _too_many(planned: PlannedClaim, needed: float, judged: int, most: int) -> str:
    if needed == inf and planned.datasets > 1:
        return f"the average of {planned.datasets} data sets needs further data sets, not more seeds"
    if judged >= most:
        return f"open after {judged} seeds, the maximum"
    number = f"{needed:.0f}" if needed < inf else "more than 1000"
    return f"needs {number} seeds, the maximum is {most}"


def _needed_for_value(planned: PlannedClaim, rule: VerdictRule) -> float:
    """Return the smallest number of seeds at which the interval of a published value is narrow enough.

    Returns:
        Infinity if it is more than 1000; 0 if the value has no interval yet.
    """
    n, spread = planned.claim.n, planned.spread
    if isnan(planned.half_width) or n < 2:
        return 0.0
    numbers = np.arange(2, MAX_SEEDS + 1)
    of_runs = stdtrit(numbers - 1, (1 + rule.confidence) / 2) * spread * np.sqrt(1 + 1 / numbers)
    # The rest of the width, which is due to other test images, stays the same.
    of_images = max(0.0, planned.half_width**2 - float(of_runs[n - 2]) ** 2)
    narrow = numbers[of_images + of_runs**2 <= rule.max_half_width**2]
    return float(narrow[0]) if len(narrow) else inf
