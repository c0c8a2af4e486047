"""The open claims and the next round of runs for the terminal, as CSV and as JSON."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from medattn.config.models.selection import Selection
from medattn.power.next_runs import NextClaim, NextRuns
from medattn.power.run_costs import RunCost
from medattn.power.show_power import facts_of_claim, number, plain

NEXT_COLUMNS = (
    "rank", "paper", "claim", "table", "kind", "dataset", "backbone", "arm", "against", "metric", "class_name",
    "verdict", "published", "measured", "sd", "sd_source", "seeds_measured", "seeds_needed", "seeds", "runs", "hours",
    "hours_estimated", "in_budget", "reason",
)  # fmt: skip
_SHOWN = 20


def next_lines(found: NextRuns, selection: Selection, everything: bool) -> Iterator[str]:
    """Yield the lines for the terminal. Claims that the same runs decide share a line.

    Args:
        found: the open claims.
        selection: the selection.
        everything: whether to show all lines, not only the first 20 of each part.
    """
    open_claims = len(found.claims) + len(found.beyond_budget) + len(found.undecidable)
    questions = sum(bool(claim.planned.answer) for claim in (*found.claims, *found.beyond_budget, *found.undecidable))
    of_answer = (
        f" ({questions} {'is a question' if questions == 1 else 'are questions'} of the answer)" if questions else ""
    )
    yield f"Open claims of the selection '{selection.selection}': {open_claims}{of_answer}"
    if found.claims:
        budget = "" if found.budget is None else f" within {found.budget:g} hours"
        yield f"  can be decided{budget}, cheapest first:"
        yield f"  {'hours':>8} {'runs':>5} {'seeds':>5}"
        groups = _groups(found.claims)
        for group in groups if everything else groups[:_SHOWN]:
            yield f"  {_hours(group[0].cost):>8} {len(group[0].cost.runs):>5} {group[0].seeds:>5}  {_title(group)}"
        yield from _more(groups, everything)
    if found.beyond_budget:
        claims = f"{len(found.beyond_budget)} {'claim' if len(found.beyond_budget) == 1 else 'claims'}"
        first = _hours(found.beyond_budget[0].cost).strip()
        yield f"  beyond the budget of {found.budget:g} hours: {claims}, the cheapest at {first} hours"
    if found.undecidable:
        yield f"  cannot be decided within {found.most} seeds:"
        groups = [[claim] for claim in found.undecidable]
        for (claim,) in groups if everything else groups[:_SHOWN]:
            yield f"  {number(claim.needed, 0):>20}  {_whose(claim)} {claim.planned.title}: {claim.reason}"
        yield from _more(groups, everything)
    if found.cost.runs:
        added = f", with more seeds for {len(found.seeds)} cells" if found.seeds else ""
        yield f"  next round: {len(found.cost.runs)} runs{added}, {_hours(found.cost).strip()} hours on one worker"
        if found.cost.estimated:
            yield f"  ~: {found.basis}"
    elif open_claims:
        yield "  next round: no runs are left within the maximum of seeds"


def next_rows(found: NextRuns) -> list[dict[str, Any]]:
    """Return a row for each open claim; the rank of claims that cannot be decided is None."""
    return [
        {
            "rank": rank if claim.seeds is not None else None,
            **facts_of_claim(claim.planned),
            "published": plain(claim.planned.published),
            "measured": plain(claim.planned.measured),
            "sd": plain(claim.assumed.sd if claim.assumed else claim.planned.spread),
            "sd_source": claim.assumed.source if claim.assumed else "between runs",
            "seeds_measured": claim.planned.claim.n,
            "seeds_needed": plain(claim.needed),
            "seeds": claim.seeds,
            "runs": len(claim.cost.runs),
            "hours": plain(claim.cost.hours),
            "hours_estimated": claim.cost.estimated,
            "in_budget": claim in found.claims,
            "reason": claim.reason,
        }
        for rank, claim in enumerate([*found.claims, *found.beyond_budget, *found.undecidable], start=1)
    ]


def next_json(found: NextRuns) -> str:
    """Return a JSON object with the claims and the next round."""
    value = {
        "max_seeds": found.most,
        "budget_hours": found.budget,
        "claims": next_rows(found),
        "next_round": {
            "cells": dict(found.seeds),
            "runs": sorted(found.cost.runs),
            "hours": plain(found.cost.hours),
            "hours_estimated": found.cost.estimated,
        },
    }
    return json.dumps(value, indent=2, ensure_ascii=False)


def _groups(claims: Sequence[NextClaim]) -> list[list[NextClaim]]:
    """Group the claims that the same runs decide, comparisons first."""
    groups: dict[tuple[frozenset[str], int | None], list[NextClaim]] = {}
    for claim in claims:
        groups.setdefault((claim.cost.runs, claim.seeds), []).append(claim)
    return [sorted(group, key=lambda claim: not claim.planned.is_comparison) for group in groups.values()]


def _title(group: Sequence[NextClaim]) -> str:
    first = group[0].planned
    published = f" ({first.published:+z.2f} published)" if first.is_comparison and first.claim.published else ""
    others = f"; {len(group) - 1} more by the same runs" if len(group) > 1 else ""
    return f"{_whose(group[0])} {first.title}{published}{others}"


def _whose(claim: NextClaim) -> str:
    """Return the paper of a published claim, or "answer" for a question of the answer."""
    return "answer" if claim.planned.answer else claim.planned.claim.paper


def _more(groups: Sequence[object], everything: bool) -> Iterator[str]:
    if len(groups) > _SHOWN and not everything:
        yield f"  {'...':>8} {len(groups) - _SHOWN} more lines; --all shows them"


def _hours(cost: RunCost) -> str:
    if cost.hours is None:
        return "unknown"
    return f"{'~' if cost.estimated else ''}{cost.hours:.2f}"
