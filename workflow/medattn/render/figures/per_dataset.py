"""Look-up of the content of a figure that shows one network on several data sets."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from medattn.config.models.figure import Figure as Declared
from medattn.config.resolved import ResolvedPaper
from medattn.plan.finished_run import FinishedRun
from medattn.render.figures.drawing import Drawing, nothing_to_draw
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
class PerDataset(Generic[T]):
    """The content of a figure of one network.

    Attributes:
        network: label of the network.
        runs: the runs that are shown.
        by_dataset: what is shown of each data set; at least one.
        unseen: sentences that name the data sets that are not shown, with the reason.
    """

    network: str
    runs: list[FinishedRun]
    by_dataset: dict[str, T]
    unseen: list[str]


def per_dataset(
    inputs: Inputs,
    paper: ResolvedPaper,
    declared: Declared,
    look_up: Callable[[str, str, str], tuple[FinishedRun, T] | SkippedCell],
) -> PerDataset[T] | Drawing:
    """Collect the content of a figure, or return an empty figure that states why there is none.

    Args:
        inputs: results of the earlier stages.
        paper: the paper that declares the figure.
        declared: the figure, which names the arm.
        look_up: returns a run and what is shown of it, given data set, backbone and arm.
    """
    arm = str(declared.arm)
    backbone = backbone_with(paper, arm, declared.backbone)
    if backbone is None:
        return nothing_to_draw(f"The selection has no network with the arm '{arm}'.")
    found = {name: look_up(name, backbone, arm) for name in chosen_datasets(paper, declared.datasets)}
    shown = {name: one for name, one in found.items() if not isinstance(one, SkippedCell)}
    unseen = sentences_on(inputs, paper, [one for one in found.values() if isinstance(one, SkippedCell)])
    if not shown:
        return nothing_to_draw(" ".join(unseen) or "The selection has none of the data sets.")
    return PerDataset(
        network_label(paper, backbone, arm),
        [run for run, _ in shown.values()],
        {name: value for name, (_, value) in shown.items()},
        unseen,
    )
