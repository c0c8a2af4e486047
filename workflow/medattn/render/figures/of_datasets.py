"""What a figure of one network shows, looked up data set by data set."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from medattn.config.models.figure import Figure as Declared
from medattn.config.resolved import ResolvedPaper
from medattn.plan.finished_run import FinishedRun
from medattn.render.figures.empty import nothing_to_draw
from medattn.render.figures.kinds import Drawing
from medattn.render.inputs import Inputs
from medattn.render.run_lookup import (
    SkippedCell,
    backbone_with,
    chosen_datasets,
    network_label,
    sentences_on,
)

T = TypeVar("T")


@dataclass(frozen=True)
class OfDatasets(Generic[T]):
    """What was found of a network.

    Attributes:
        network: its name.
        runs: the runs that are shown.
        by_dataset: what is shown of each, by data set; at least one.
        unseen: sentences on the data sets of which nothing can be shown, and why.
    """

    network: str
    runs: list[FinishedRun]
    by_dataset: dict[str, T]
    unseen: list[str]


def of_datasets(
    inputs: Inputs,
    paper: ResolvedPaper,
    declared: Declared,
    look: Callable[[str, str, str], tuple[FinishedRun, T] | SkippedCell],
) -> OfDatasets[T] | Drawing:
    """Return what `look` finds for data set, backbone and arm of a figure, or the figure that says why it is empty."""
    arm = str(declared.arm)
    backbone = backbone_with(paper, arm, declared.backbone)
    if backbone is None:
        return nothing_to_draw(f"The selection has no network with the arm '{arm}'.")
    seen = {name: look(name, backbone, arm) for name in chosen_datasets(paper, declared.datasets)}
    shown = {name: found for name, found in seen.items() if not isinstance(found, SkippedCell)}
    unseen = sentences_on(inputs, paper, [found for found in seen.values() if isinstance(found, SkippedCell)])
    if not shown:
        return nothing_to_draw(" ".join(unseen) or "The selection has none of the data sets.")
    return OfDatasets(
        network_label(paper, backbone, arm),
        [run for run, _ in shown.values()],
        {name: value for name, (_, value) in shown.items()},
        unseen,
    )
