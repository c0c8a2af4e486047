"""Which arms are compared with which."""

from collections.abc import Iterator
from dataclasses import dataclass

from medattn.config.load import ResolvedPaper

VANILLA = "vanilla"


@dataclass(frozen=True)
class Pair:
    """Two arms of one backbone that are compared on every data set."""

    backbone: str
    arm: str
    against: str


def arms_of(paper: ResolvedPaper, backbone: str) -> list[str]:
    """Return the names of the arms that `paper` trains on `backbone`, in the paper's order."""
    allowed = paper.backbones[backbone].arms
    return [name for name, arm in paper.arms.items() if arm.classifier is None and (allowed is None or name in allowed)]


def declared_pairs(paper: ResolvedPaper) -> list[Pair]:
    """Return every pair that a table's mark names, and every mechanism against vanilla, each once."""
    return list(dict.fromkeys(pair for backbone in paper.backbones for pair in _of_backbone(paper, backbone)))


def _of_backbone(paper: ResolvedPaper, backbone: str) -> Iterator[Pair]:
    arms = arms_of(paper, backbone)
    marked = [(mark.arm, mark.against) for table in paper.paper.tables.values() for mark in table.marks]
    mechanisms = [(arm, VANILLA) for arm in arms if paper.arms[arm].mechanism != "none" and arm != VANILLA]
    for arm, against in [*marked, *mechanisms]:
        if arm in arms and against in arms:
            yield Pair(backbone, arm, against)
