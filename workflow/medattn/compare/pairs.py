"""The pairs of arms that are compared, and the families in which they are corrected."""

from collections.abc import Iterator
from dataclasses import dataclass

from medattn.config.models.paper import MAIN, PLACEBOS, Family
from medattn.config.resolved import ResolvedPaper

VANILLA = "vanilla"


@dataclass(frozen=True)
class ArmPair:
    """Two arms that are compared on a data set.

    Attributes:
        backbone: backbone of `arm`.
        arm: the arm.
        against: the arm that it is compared with.
        against_backbone: backbone of `against`, which can differ from `backbone`.
        family: name of the comparisons that are corrected together with this one.
    """

    backbone: str
    arm: str
    against: str
    against_backbone: str
    family: str


def arms_of(paper: ResolvedPaper, backbone: str) -> list[str]:
    """Return the names of the arms that `paper` trains with `backbone` on any data set, in the paper's order."""
    return [name for name in paper.arms if any(paper.trains(dataset, backbone, name) for dataset in paper.datasets)]


def declared_pairs(paper: ResolvedPaper, dataset: str) -> list[ArmPair]:
    """Return every pair of arms that is compared on a data set, once.

    A pair comes from a mark of a table; from a declared family, each of whose arms is compared with the arm that the
    family names; or from a mechanism without a family, which is compared with vanilla. A placebo gives two pairs: the
    arm that it belongs to is compared with it, and it is compared with vanilla.
    """
    pairs = (pair for backbone in paper.backbones for pair in _of_backbone(paper, dataset, backbone))
    return list(dict.fromkeys(pairs))


def families_of(paper: ResolvedPaper) -> dict[str, Family]:
    """Return the families of a paper by name; the last one has all arms without a declared family."""
    declared = paper.paper.families
    members = {arm for family in declared.values() for arm in family.arms}
    others = [
        name
        for name, arm in paper.arms.items()
        if name not in members and arm.classifier is None and arm.placebo is None
    ]
    return {**declared, MAIN: Family(arms=others)} if others else dict(declared)


def _of_backbone(paper: ResolvedPaper, dataset: str, backbone: str) -> Iterator[ArmPair]:
    arms = [name for name in paper.arms if paper.trains(dataset, backbone, name)]
    declared = paper.paper.families
    family_of = {arm: name for name, family in declared.items() for arm in family.arms}
    for mark in (mark for table in paper.tables.values() for mark in table.marks):
        if mark.arm in arms and mark.against in arms:
            yield ArmPair(backbone, mark.arm, mark.against, backbone, family_of.get(mark.arm, MAIN))
    for arm in arms:
        name = family_of.get(arm, MAIN)
        partner = paper.arms[arm].placebo_of
        if partner is not None and partner in arms:
            yield ArmPair(backbone, partner, arm, backbone, PLACEBOS)
        if name in declared:
            against, against_backbone = declared[name].against, declared[name].against_backbone or backbone
        elif paper.arms[arm].mechanism == "none":
            continue
        else:
            against, against_backbone = VANILLA, backbone
            name = name if partner is None else PLACEBOS
        is_itself = (arm, backbone) == (against, against_backbone)
        if not is_itself and _trained(paper, dataset, against_backbone, against):
            yield ArmPair(backbone, arm, against, against_backbone, name)


def _trained(paper: ResolvedPaper, dataset: str, backbone: str, arm: str) -> bool:
    return arm in paper.arms and backbone in paper.backbones and paper.trains(dataset, backbone, arm)
