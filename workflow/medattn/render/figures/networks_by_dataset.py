"""Figures with a panel for each data set and, in each panel, a line for each network and part of it."""

from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from medattn.compare.pairs import arms_of
from medattn.config.models.figure import Figure as Declared
from medattn.config.resolved import ResolvedPaper
from medattn.plan.finished_run import FinishedRun
from medattn.render.figures.style import TWO_COLUMNS
from medattn.render.inputs import Inputs
from medattn.render.run_lookup import SkippedCell, chosen, chosen_datasets, network_label, successful_runs
from medattn.result_tables import rows_of

_MARGINS, _LINE, _PANEL = 0.8, 0.2, 2.2


def runs_of_networks(
    inputs: Inputs, paper: ResolvedPaper, declared: Declared, *, with_images: bool = False
) -> Iterator[tuple[dict[str, Any], FinishedRun] | SkippedCell]:
    """Yield the successful runs of all networks of a figure with the columns that name them, or the skipped cells."""
    for dataset in chosen_datasets(paper, declared.datasets):
        for backbone in [declared.backbone] if declared.backbone else list(paper.backbones):
            for arm in chosen(arms_of(paper, backbone) if backbone in paper.backbones else [], declared.arms):
                found = successful_runs(inputs, paper, dataset, backbone, arm, with_images=with_images)
                if isinstance(found, SkippedCell):
                    yield found
                    continue
                place = {"dataset": dataset, "backbone": backbone, "arm": arm}
                yield from (({**place, "run": run.run.id, "seed": run.run.seed}, run) for run in found)


def draw_networks(
    inputs: Inputs,
    paper: ResolvedPaper,
    numbers: pd.DataFrame,
    part: str,
    axis: str,
    line: Callable[[Axes, pd.DataFrame, int, str], None],
) -> Figure:
    """Draw a panel for each data set.

    Args:
        inputs: results of the earlier stages.
        paper: the paper that declares the figure.
        numbers: rows with the columns `dataset`, `backbone`, `arm` and `part`.
        part: column that names the part of a network.
        axis: label of the horizontal axis.
        line: draws the rows of one line, given the axes, the rows, the place of the line, and the arm.
    """
    shown = list(dict.fromkeys(numbers["dataset"]))
    lines = list(dict.fromkeys(zip(numbers["backbone"], numbers["arm"], numbers[part], strict=True)))
    size = (min(TWO_COLUMNS, _PANEL * (1 + len(shown))), _MARGINS + _LINE * len(lines))
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots(1, len(shown), squeeze=False, sharey=True)[0]
    for ax, dataset in zip(axes, shown, strict=True):
        of_dataset = rows_of(numbers, dataset=dataset)
        for place, (backbone, arm, name) in enumerate(lines):
            rows = rows_of(of_dataset, backbone=backbone, arm=arm, **{part: name})
            if len(rows):
                line(ax, rows, place, arm)
        ax.tick_params(axis="y", length=0)
        ax.set_title(inputs.marked_title(dataset), fontweight="bold", loc="left")
        ax.set_xlabel(axis)
    names = [f"{network_label(paper, backbone, arm)}, {name}" for backbone, arm, name in lines]
    axes[0].set_yticks(range(len(lines)), names)
    axes[0].set_ylim(len(lines) - 0.5, -1)
    return figure
