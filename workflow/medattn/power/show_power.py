"""The power of comparisons for the terminal and as rows."""

from collections.abc import Iterator, Sequence
from math import inf, isnan
from typing import Any

from medattn.config.models.selection import Selection
from medattn.power.comparison_power import ComparisonPower
from medattn.power.paired_t import POWER, smallest_effect
from medattn.power.planned_claims import PlannedClaim
from medattn.power.spread import AssumedSpread

MORE = ">1000"
_ANSWER = "answer"


def number(value: float, decimals: int = 2) -> str:
    """Return a number for people: "-" for NaN, ">1000" for infinity."""
    return "-" if isnan(value) else MORE if value == inf else f"{value:.{decimals}f}"


def plain(value: float | None) -> float | str | None:
    """Return a number for programs: None for NaN, ">1000" for infinity."""
    if value is None or isnan(value):
        return None
    return MORE if value == inf else value


def facts_of_claim(planned: PlannedClaim) -> dict[str, Any]:
    """Return the columns that identify a claim."""
    claim = planned.claim
    names = ("paper", "claim", "table", "kind", "dataset", "backbone", "arm", "against", "metric", "class_name")
    return {**{name: getattr(claim, name) for name in names}, "verdict": planned.verdict}


def power_lines(powers: Sequence[ComparisonPower], selection: Selection, stated: AssumedSpread) -> Iterator[str]:
    """Yield the lines for the terminal: a line for each comparison, paper by paper, then the questions of the answer.

    Args:
        powers: the power of each comparison.
        selection: the selection.
        stated: the standard deviation that the user states; NaN if none.
    """
    looks = selection.looks or (max(2, len(selection.trained_seeds)),)
    alpha = selection.rule_at_a_look.alpha
    yield f"Differences that the seeds find with {POWER:.0%} probability, in percentage points"
    yield f"  {multiples_line(looks, alpha)}"
    if not powers:
        if not isnan(stated.sd):
            yield f"  {multiples_line(looks, alpha, stated.sd)}; SD {stated.sd:g} ({stated.source})"
        yield "  the selection has neither a mechanism next to vanilla nor published comparisons of its cells"
        return
    title = max(len(power.planned.title) for power in powers)
    columns = "".join(f"{f'{look} seeds':>9}" for look in looks)
    for group in dict.fromkeys(map(_group, powers)):
        yield ""
        difference = "measured" if group == _ANSWER else "published"
        yield f"  {group:<{title}}  {difference:>9} {'SD':>6}{columns}  {'to find':>8} {'to equal':>8}"
        for power in powers:
            if _group(power) == group:
                planned = power.planned
                value = planned.measured if planned.answer else planned.published
                found = "".join(f"{_difference(look.smallest):>9}" for look in power.looks)
                yield (
                    f"  {planned.title:<{title}}  {'-' if isnan(value) else f'{value:+z.2f}':>9} "
                    f"{number(power.assumed.sd):>6}{found}  "
                    f"{number(power.seeds_for_published, 0):>8} {number(power.seeds_for_equivalence, 0):>8}"
                )
    yield ""
    yield "  SD: assumed standard deviation of the difference between seeds"
    for source, count in _sources(powers).items():
        yield f"    {count} {'comparison' if count == 1 else 'comparisons'}: {source}"
    yield "  to find: seeds that find the published difference or, where none is published, the measured one"
    margins = f"{selection.verdicts.margin:g} points, in the answer {selection.equivalence_margin:g}"
    yield f"  to equal: seeds that show equal arms to differ by less than {margins}"


def multiples_line(looks: Sequence[int], alpha: float, sd: float | None = None) -> str:
    """Return the smallest difference that each number of seeds finds when one comparison is tested alone.

    Args:
        looks: numbers of seeds.
        alpha: significance level at each.
        sd: standard deviation of the difference between seeds, in percentage points; None: not known.
    """
    unit = "SD" if sd is None else "points"
    parts = ", ".join(f"{look}: {smallest_effect(look, alpha) * (sd or 1):.2f} {unit}" for look in looks)
    return f"a single comparison at alpha {alpha:.3g}, by number of seeds: {parts}"


def plan_line(selection: Selection, measured: AssumedSpread, stated: float | None) -> str:
    """Return the smallest differences that the seeds of a selection find, for `medattn plan`.

    Args:
        selection: the selection.
        measured: the SD of finished runs, which comes first.
        stated: the `pilot_sd` of the selection; None if it has none.
    """
    looks = selection.looks or (len(selection.trained_seeds),)
    if looks[-1] < 2:
        return "a single seed finds no difference"
    if isnan(measured.sd) and stated is None:
        return "unknown until two seeds are measured on the papers' own images; `pilot_sd` under `seeds` states an SD"
    sd, source = (stated, "seeds.pilot_sd") if isnan(measured.sd) else (measured.sd, measured.source)
    line = multiples_line(looks, selection.rule_at_a_look.alpha, sd)
    return f"{line}; SD {sd:.2f} ({source}); `medattn power` has those of the papers and of the answer"


def power_rows(powers: Sequence[ComparisonPower]) -> list[dict[str, Any]]:
    """Return a row for each comparison and number of seeds."""
    return [
        {
            **facts_of_claim(power.planned),
            "published": plain(power.planned.published),
            "measured": plain(power.planned.measured),
            "sd": plain(power.assumed.sd),
            "sd_source": power.assumed.source,
            "alpha": power.planned.alpha,
            "seeds": look.seeds,
            "smallest_difference": plain(look.smallest),
            "power_for_published": plain(look.power),
            "seeds_for_published": plain(power.seeds_for_published),
            "seeds_for_equivalence": plain(power.seeds_for_equivalence),
            "obstacle": power.planned.obstacle,
        }
        for power in powers
        for look in power.looks
    ]


POWER_COLUMNS = (
    "paper", "claim", "table", "kind", "dataset", "backbone", "arm", "against", "metric", "class_name", "verdict",
    "published", "measured", "sd", "sd_source", "alpha", "seeds", "smallest_difference", "power_for_published",
    "seeds_for_published", "seeds_for_equivalence", "obstacle",
)  # fmt: skip


def _sources(powers: Sequence[ComparisonPower]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for power in powers:
        counts[power.assumed.source] = counts.get(power.assumed.source, 0) + 1
    return counts


def _difference(points: float) -> str:
    """Return a difference for people; more than 100 points are not possible."""
    return ">100" if points > 100 else number(points)


def _group(power: ComparisonPower) -> str:
    """Return the heading of a comparison: its paper, or the answer."""
    return _ANSWER if power.planned.answer else power.planned.claim.paper
