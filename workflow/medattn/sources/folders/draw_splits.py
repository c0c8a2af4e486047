"""Random splits, for data sets that have none or whose official splits are not used.

Names are ranked by a hash of (seed, name), so a split depends neither on the order of files nor on a library.
"""

from collections.abc import Mapping, Sequence

from medattn.seeding import derive_seed
from medattn.sources.base import SplitName


def draw_splits(
    names: Sequence[str], strata: Sequence[int] | None, shares: Mapping[SplitName, float], seed: int
) -> list[SplitName]:
    """Draw the split of each image.

    Args:
        names: a name for each image; images of the same name (a person's, a lesion's) stay together.
        strata: class of each image; the shares are drawn within each class, so images of one name need one class.
            None: the shares are drawn from all images.
        shares: share of the images of each split except train, which gets the rest. Of n images, a split gets n times
            its share, rounded; where names have several images, as near as whole names in their order allow.
        seed: seed of the draw.
    """
    drawn: list[SplitName] = ["train"] * len(names)
    strata = strata if strata is not None else [0] * len(names)
    for stratum in sorted(set(strata)):
        members: dict[str, list[int]] = {}
        for position, (name, own) in enumerate(zip(names, strata, strict=True)):
            if own == stratum:
                members.setdefault(name, []).append(position)
        ranked = sorted(members, key=lambda name: (derive_seed(seed, f"split/{name}"), name))
        total = sum(len(positions) for positions in members.values())
        for split, share in shares.items():
            open_places = round(share * total)
            while ranked and open_places >= len(members[ranked[0]]) / 2:
                positions = members[ranked.pop(0)]
                open_places -= len(positions)
                for position in positions:
                    drawn[position] = split
    return drawn
