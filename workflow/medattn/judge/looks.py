"""Verdicts only at declared looks: further verdicts would raise the error rate that the looks share."""

from collections.abc import Collection, Sequence

from medattn.judge.rule import Judgment


def undeclared_look(seeds: Collection[int], looks: Sequence[int]) -> Judgment | None:
    """Return the verdict `inconclusive` for seeds that are no declared look, with the reason.

    Args:
        seeds: the measured seeds.
        looks: the declared numbers of seeds; empty if the selection declares no looks.

    Returns:
        None if the seeds are 0 to n - 1 for a look n, or if no looks are declared.
    """
    if not looks:
        return None
    declared = ", ".join(map(str, looks))
    if len(seeds) not in looks:
        number = "1 seed is" if len(seeds) == 1 else f"{len(seeds)} seeds are"
        return Judgment("inconclusive", f"{number} not one of the declared looks ({declared})")
    if set(seeds) != set(range(len(seeds))):
        missing = sorted(set(range(max(seeds))) - set(seeds))
        reason = f"a look of {len(seeds)} has the seeds 0 to {len(seeds) - 1}, but there is no seed {missing[0]}"
        return Judgment("inconclusive", reason)
    return None
