"""Splits drawn at random where a data set has none, or not the ones that are wanted.

What is drawn is ranked by a hash of (seed, name): a split depends neither on the order of files nor on a library.
"""

from collections.abc import Mapping, Sequence

from medattn.config.sources.sources import SplitName
from medattn.seeding import derive_seed


def draw_splits(
    names: Sequence[str], strata: Sequence[int] | None, shares: Mapping[SplitName, float], seed: int
) -> list[SplitName]:
    """Draw which split each image belongs to.

    Args:
        names: what is drawn: a name for each image; images of the same name (a person's, a lesion's) stay together.
        strata: class of each image, in each of which the shares are drawn; images of one name then need one class.
            None: drawn from all images.
        shares: share of the images of each split but train, which takes the rest. Of n images, a split gets n times
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
