"""Verdicts and marks only at declared looks: further ones would raise the error rate that the looks share."""

from collections.abc import Collection, Sequence

from medattn.measure.measured_cells import MeasuredMetric


def undeclared_look(seeds: Collection[int], looks: Sequence[int]) -> str:
    """Return why seeds are no declared look; empty if they are the seeds 0 to n - 1 of a look n, or without looks.

    Args:
        seeds: the seeds whose runs have a result. A diverged run is a result.
        looks: the declared numbers of seeds; empty if the selection declares no looks.
    """
    if not looks:
        return ""
    declared = ", ".join(map(str, looks))
    if len(seeds) not in looks:
        number = "1 seed is" if len(seeds) == 1 else f"{len(seeds)} seeds are"
        return f"{number} not one of the declared looks ({declared})"
    if set(seeds) != set(range(len(seeds))):
        missing = sorted(set(range(max(seeds))) - set(seeds))
        return f"a look of {len(seeds)} has the seeds 0 to {len(seeds) - 1}, but there is no seed {missing[0]}"
    return ""


def seeds_of_pair(first: MeasuredMetric, second: MeasuredMetric) -> set[int]:
    """Return the seeds whose runs of both arms have a result."""
    return first.ended & second.ended


def diverged_seeds(first: MeasuredMetric, second: MeasuredMetric) -> str:
    """Return which pairs are left out because a run diverged; empty if there are none."""
    lost = sorted(seeds_of_pair(first, second) - (first.by_seed.keys() & second.by_seed.keys()))
    if not lost:
        return ""
    return f"left out because a run diverged: {'seed' if len(lost) == 1 else 'seeds'} {', '.join(map(str, lost))}"
