"""The contrasts that the answer estimates: each mechanism against vanilla and, where it has placebos, against these."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from medattn.compare.pairs import VANILLA
from medattn.config.mechanisms import mechanism_title
from medattn.config.models.paper import Arm
from medattn.config.resolved import Configuration, ResolvedPaper
from medattn.files import sha256_of_value
from medattn.plan.model import CellKey

SELECTION = "selection"
"""Scope of the answer over all papers of a selection."""


@dataclass(frozen=True)
class Contrast:
    """An arm with a mechanism and the arm that it is compared with, in a paper or in the whole selection.

    Attributes:
        scope: `selection`, or the name of the paper.
        arm: the arm.
        mechanism: name of its mechanism.
        title: the mechanism in words, with the arm's label.
        against: the other arm: vanilla, or a placebo of the arm.
        placebo: kind of the placebo; empty for vanilla.
        is_variant: whether the paper compares the arm only within a declared family, such as a sensitivity analysis.
        pairs: cells of the arm and of the other arm, on the same data set and backbone.
    """

    scope: str
    arm: str
    mechanism: str
    title: str
    against: str
    placebo: str
    is_variant: bool
    pairs: tuple[tuple[CellKey, CellKey], ...]

    @property
    def datasets(self) -> list[str]:
        """Names of the data sets, each once."""
        return list(dict.fromkeys(cell.dataset for cell, _ in self.pairs))

    def on(self, dataset: str) -> list[tuple[CellKey, CellKey]]:
        """Return the pairs of cells on a data set."""
        return [pair for pair in self.pairs if pair[0].dataset == dataset]


@dataclass(frozen=True)
class _Declared:
    """An arm of one experiment of a paper with the arm that it is compared with."""

    paper: ResolvedPaper
    arm: str
    against: str
    placebo: str

    @property
    def identity(self) -> str:
        """Hash of everything that makes two arms of different papers the same variant of a mechanism."""
        arm = self.paper.arms[self.arm]
        return sha256_of_value(
            [arm.mechanism, arm.options, arm.placement.model_dump(mode="json"), arm.grid, self.placebo]
        )

    def pairs(self) -> Iterator[tuple[CellKey, CellKey]]:
        """Yield the cells of both arms on every data set and backbone that train both."""
        for dataset in self.paper.datasets:
            for backbone in self.paper.backbones:
                if all(self.paper.trains(dataset, backbone, arm) for arm in (self.arm, self.against)):
                    start = (self.paper.name, self.paper.experiment, dataset, backbone)
                    yield CellKey(*start, self.arm), CellKey(*start, self.against)


def contrasts(configuration: Configuration) -> list[Contrast]:
    """Return every contrast: over the whole selection and, with several papers, also paper by paper.

    In a paper, arms of the same name belong together. Over papers, arms belong together if they have the same
    mechanism, options, placement and grid. Other hyper-parameter variants are separate arms.
    """
    declared = [one for paper in configuration.papers for one in _of_paper(paper)]
    by_paper: dict[tuple[str, ...], list[_Declared]] = {}
    for one in declared:
        by_paper.setdefault((one.paper.name, one.arm, one.against), []).append(one)
    papers = {paper.name for paper in configuration.papers}
    if len(papers) == 1:
        return [_contrast(SELECTION, members) for members in by_paper.values()]
    by_identity: dict[str, list[_Declared]] = {}
    for one in declared:
        by_identity.setdefault(one.identity, []).append(one)
    return [
        *(_contrast(SELECTION, members) for members in by_identity.values()),
        *(_contrast(members[0].paper.name, members) for members in by_paper.values()),
    ]


def _of_paper(paper: ResolvedPaper) -> Iterator[_Declared]:
    """Yield the contrasts of a paper: every arm with a mechanism against vanilla, then against its placebos."""
    for name, arm in paper.arms.items():
        if arm.mechanism == "none" or arm.placebo_of:
            continue
        against = {VANILLA: ""} | {other: placebo.placebo or "" for other, placebo in _placebos(name, paper.arms)}
        for other, kind in against.items():
            one = _Declared(paper, name, other, kind)
            if other in paper.arms and any(one.pairs()):
                yield one


def _placebos(name: str, arms: Mapping[str, Arm]) -> Iterator[tuple[str, Arm]]:
    yield from ((other, arm) for other, arm in arms.items() if arm.placebo_of == name)


def _contrast(scope: str, members: list[_Declared]) -> Contrast:
    first = members[0]
    arm = first.paper.arms[first.arm]
    pairs = dict.fromkeys(pair for member in members for pair in member.pairs())
    return Contrast(
        scope=scope,
        arm=first.arm,
        mechanism=arm.mechanism,
        title=_title(arm, first.arm),
        against=first.against,
        placebo=first.placebo,
        is_variant=all(
            any(member.arm in family.arms for family in member.paper.paper.families.values()) for member in members
        ),
        pairs=tuple(pairs),
    )


def _title(arm: Arm, name: str) -> str:
    """Return a title such as "Squeeze and excitation (SE)"; without a known mechanism, the label."""
    label = (arm.label or name).removeprefix("with ")
    mechanism = mechanism_title(arm.mechanism)
    if not mechanism or mechanism.lower() == label.lower():
        return label[:1].upper() + label[1:]
    return f"{mechanism} ({label})"
