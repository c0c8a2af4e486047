"""Which arms are compared with which."""

from collections.abc import Iterator
from dataclasses import dataclass

from medattn.config.resolved import ResolvedPaper

VANILLA = "vanilla"


@dataclass(frozen=True)
class Pair:
    """Two arms of one backbone that are compared on a data set."""

    backbone: str
    arm: str
    against: str


def arms_of(paper: ResolvedPaper, backbone: str) -> list[str]:
    """Return the names of the arms that `paper` trains with `backbone` on any data set, in the paper's order."""
    return [name for name in paper.arms if any(paper.trains(dataset, backbone, name) for dataset in paper.datasets)]


def declared_pairs(paper: ResolvedPaper, dataset: str) -> list[Pair]:
    """Return every pair that a table's mark names, and every mechanism against vanilla, each once, on a data set."""
    pairs = (pair for backbone in paper.backbones for pair in _of_backbone(paper, dataset, backbone))
    return list(dict.fromkeys(pairs))


def _of_backbone(paper: ResolvedPaper, dataset: str, backbone: str) -> Iterator[Pair]:
    arms = [name for name in paper.arms if paper.trains(dataset, backbone, name)]
    marked = [(mark.arm, mark.against) for table in paper.tables.values() for mark in table.marks]
    mechanisms = [(arm, VANILLA) for arm in arms if paper.arms[arm].mechanism != "none" and arm != VANILLA]
    for arm, against in [*marked, *mechanisms]:
        if arm in arms and against in arms:
            yield Pair(backbone, arm, against)
