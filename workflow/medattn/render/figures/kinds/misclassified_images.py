"""A misclassified test image of each class, a row for each data set."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from medattn.config.models.figure import Figure as Declared
from medattn.config.resolved import ResolvedPaper
from medattn.datasets.store import check_store
from medattn.metrics.scored import Scored
from medattn.plan.finished_run import FinishedRun
from medattn.render.figures.drawing import Drawing
from medattn.render.figures.images import StoredImages, images_at, shown_classes
from medattn.render.figures.panels import frame, say, show_image, wrapped
from medattn.render.figures.per_dataset import per_dataset
from medattn.render.figures.style import TWO_COLUMNS
from medattn.render.inputs import Inputs
from medattn.render.run_lookup import SkippedCell, first_scores, run_words
from medattn.training.score_file import read_scores

NEEDED_KEYS = ("arm",)
OPTIONAL_KEYS = ("backbone",)

_SIDE = 1.45
_MOST_CLASSES = 8


@dataclass(frozen=True)
class _Misclassified:
    """The first misclassified image of each class, and the number of misclassified images.

    Attributes:
        images: the images that are drawn; None if no image is misclassified.
        classes: names of the classes that are shown.
        rows: for each class, the counts and the first misclassified image.
        number: index into `images` by class; a class without a misclassified image has none.
    """

    images: StoredImages | None
    classes: list[str]
    rows: list[dict[str, object]]
    number: dict[int, int]


def draw(inputs: Inputs, paper: ResolvedPaper, declared: Declared) -> Drawing:
    """Draw the first misclassified test image of each class."""

    def look_up(dataset: str, backbone: str, arm: str) -> tuple[FinishedRun, _Misclassified] | SkippedCell:
        seen = first_scores(inputs, paper, dataset, backbone, arm, with_images=True)
        return seen if isinstance(seen, SkippedCell) else (seen[0], _misclassified(*seen))

    found = per_dataset(inputs, paper, declared, look_up)
    if isinstance(found, Drawing):
        return found
    facts = [
        f"{found.network}, {run_words(found.runs)}, at the last measured epoch. First misclassified test image of "
        "each class in the order of the data set, with the predicted class and its probability.",
    ]
    if any(len(run.cell.classes) > _MOST_CLASSES for run in found.runs):
        facts.append(f"Only the first {_MOST_CLASSES} classes are shown.")
    shown = found.by_dataset
    numbers = pd.DataFrame([{"dataset": name, **row} for name, of in shown.items() for row in of.rows])
    return Drawing(_figure(inputs, shown), numbers, datasets=list(shown), facts=facts, unseen=found.unseen)


def _misclassified(found: FinishedRun, scored: Scored) -> _Misclassified:
    positions = read_scores(found.record, found.files.scores).evaluated.images
    predicted: NDArray[np.int64] = scored.scores.argmax(axis=1)
    names = shown_classes(scored.classes, is_stand_in=found.cell.stand_in)
    classes = names[:_MOST_CLASSES]
    rows: list[dict[str, object]] = []
    shown: list[int] = []
    number: dict[int, int] = {}
    for label, name in enumerate(classes):
        of_class = np.flatnonzero(scored.labels == label)
        wrong = of_class[predicted[of_class] != label]
        row: dict[str, object] = {"class": name, "test_images": len(of_class), "misclassified": len(wrong)}
        # Oversampled copies have positions beyond the stored images and cannot be read.
        stored = [place for place in wrong[np.argsort(positions[wrong])] if positions[place] < _stored(found)]
        if stored:
            first = int(stored[0])
            guess = int(predicted[first])
            row |= {"image": int(positions[first]), "predicted": names[guess]}
            row["probability"] = float(scored.scores[first, guess])
            number[label] = len(shown)
            shown.append(int(positions[first]))
        rows.append(row)
    return _Misclassified(images_at(Path(found.cell.prepared), shown) if shown else None, classes, rows, number)


def _stored(found: FinishedRun) -> int:
    splits = check_store(Path(found.cell.prepared), verify=False)["splits"]
    return sum(int(facts["images"]) for facts in splits.values())


def _figure(inputs: Inputs, found: dict[str, _Misclassified]) -> Figure:
    across = max(len(shown.classes) for shown in found.values())
    width = min(TWO_COLUMNS, 0.4 + across * _SIDE)
    figure = Figure(figsize=(width, len(found) * ((width - 0.4) / across + 0.45)), layout="constrained")
    grid = figure.subplots(len(found), across, squeeze=False)
    for (dataset, shown), axes in zip(found.items(), grid, strict=True):
        for label, ax in enumerate(axes):
            if label >= len(shown.classes):
                ax.set_visible(False)
            elif shown.images is None or label not in shown.number:
                say(ax, f"{wrapped(shown.classes[label])}:\nno image misclassified")
            else:
                show_image(ax, shown.images.images[shown.number[label]])
                frame(ax)
                row = shown.rows[label]
                ax.set_title(wrapped(shown.classes[label]), fontsize=6.5, fontweight="bold")
                label_text = wrapped(f"predicted: {row['predicted']} ({row['probability']:.2f})", 22)
                ax.set_xlabel(label_text, fontsize=6)
        figure_row = axes[0]
        figure_row.text(
            -0.08, 0.5, wrapped(inputs.marked_title(dataset)), transform=figure_row.transAxes,
            rotation=90, ha="right", va="center", fontweight="bold",
        )  # fmt: skip
    return figure
