"""Training images of several classes, a row for each data set."""

from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from medattn.config.models.figure import Figure as Declared
from medattn.config.resolved import ResolvedPaper
from medattn.plan.model import Cell
from medattn.render.figures.drawing import Drawing, nothing_to_draw
from medattn.render.figures.images import StoredImages, first_of_classes
from medattn.render.figures.panels import frame, show_image, wrapped
from medattn.render.figures.style import TWO_COLUMNS
from medattn.render.inputs import Inputs
from medattn.render.run_lookup import SkippedCell, chosen_datasets, sentences_on

OPTIONAL_KEYS = ("images",)

_SIDE = 1.45


def draw(inputs: Inputs, paper: ResolvedPaper, declared: Declared) -> Drawing:
    """Draw the first training image of each shown class; the shown classes are evenly spaced over all classes."""
    samples: dict[str, StoredImages] = {}
    skipped = []
    for dataset in chosen_datasets(paper, declared.datasets):
        cells = [cell for cell in inputs.plan.cells.values() if _shows(cell, paper, dataset)]
        available = [cell for cell in cells if not cell.missing]
        if available:
            samples[dataset] = first_of_classes(Path(available[0].prepared), declared.images)
        else:
            reason = (cells[0].missing if cells else None) or "not in this selection"
            skipped.append(SkippedCell(dataset, "", "", reason))
    unseen = sentences_on(inputs, paper, skipped)
    if not samples:
        return nothing_to_draw(" ".join(unseen) or "The selection has none of the data sets.")
    facts = ["First training image of each shown class; the shown classes are evenly spaced over all classes."]
    return Drawing(
        _figure(inputs, samples), _numbers(paper.name, samples), datasets=list(samples), facts=facts, unseen=unseen
    )


def _shows(cell: Cell, paper: ResolvedPaper, dataset: str) -> bool:
    return (cell.paper, cell.experiment, cell.dataset) == (paper.name, paper.experiment, dataset)


def _figure(inputs: Inputs, samples: dict[str, StoredImages]) -> Figure:
    across = max(len(sample.images) for sample in samples.values())
    width = min(TWO_COLUMNS, 0.4 + across * _SIDE)
    heights = [(width - 0.4) / across * s.images.shape[1] / s.images.shape[2] + 0.22 for s in samples.values()]
    figure = Figure(figsize=(width, sum(heights)), layout="constrained")
    grid = figure.subplots(len(samples), across, squeeze=False, height_ratios=heights)
    for (dataset, sample), axes in zip(samples.items(), grid, strict=True):
        for number, ax in enumerate(axes):
            if number >= len(sample.images):
                ax.set_visible(False)
                continue
            show_image(ax, sample.images[number])
            frame(ax)
            ax.set_title(wrapped(sample.class_name(number)), fontsize=6.5)
        axes[0].set_ylabel(wrapped(inputs.marked_title(dataset)), fontweight="bold")
    return figure


def _numbers(paper: str, samples: dict[str, StoredImages]) -> pd.DataFrame:
    """Return a row for each shown image: data set, class and size."""
    rows = [
        {
            "paper": paper,
            "dataset": dataset,
            "image": number + 1,
            "class": sample.class_name(number),
            "height": sample.images.shape[1],
            "width": sample.images.shape[2],
        }
        for dataset, sample in samples.items()
        for number in range(len(sample.images))
    ]
    return pd.DataFrame(rows)
