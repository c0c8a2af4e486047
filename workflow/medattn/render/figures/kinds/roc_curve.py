"""ROC curve of each class, with micro- and macro-average, a panel for each data set."""

from collections.abc import Iterable
from dataclasses import replace
from math import ceil

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn.metrics import auc, roc_curve

from medattn.config.models.figure import Figure as Declared
from medattn.config.resolved import ResolvedPaper
from medattn.metrics.scored import Scored
from medattn.plan.finished_run import FinishedRun
from medattn.render.figures.drawing import Drawing
from medattn.render.figures.images import shown_classes
from medattn.render.figures.per_dataset import per_dataset
from medattn.render.figures.style import GRAY, ONE_COLUMN, TWO_COLUMNS
from medattn.render.inputs import Inputs
from medattn.render.run_lookup import SkippedCell, first_scores, run_words
from medattn.result_tables import rows_of

NEEDED_KEYS = ("arm",)
OPTIONAL_KEYS = ("backbone",)

MICRO, MACRO = "micro-average", "macro-average"
_MOST_NAMED = 12
Floats = NDArray[np.float64]


def draw(inputs: Inputs, paper: ResolvedPaper, declared: Declared) -> Drawing:
    """Draw the curves of the first seed's run at its last measured epoch, a panel for each data set."""

    def look_up(dataset: str, backbone: str, arm: str) -> tuple[FinishedRun, pd.DataFrame] | SkippedCell:
        seen = first_scores(inputs, paper, dataset, backbone, arm)
        if isinstance(seen, SkippedCell):
            return seen
        run, scored = seen
        points = curves(replace(scored, classes=shown_classes(scored.classes, is_stand_in=run.cell.stand_in)))
        return (
            SkippedCell(dataset, backbone, arm, "the test images have a single class")
            if points.empty
            else (run, points)
        )

    found = per_dataset(inputs, paper, declared, look_up)
    if isinstance(found, Drawing):
        return found
    numbers = pd.concat([points.assign(dataset=name) for name, points in found.by_dataset.items()], ignore_index=True)
    numbers = numbers[["dataset", "curve", "auc", "false_positive_rate", "true_positive_rate"]]
    shown = list(found.by_dataset)
    facts = [
        f"{found.network}, {run_words(found.runs)}, at the last measured epoch.",
        "Each class against all others. Micro-average: over all pairs of image and class. Macro-average: mean of the "
        "true positive rates of the classes at each false positive rate. In brackets: area under the curve.",
    ]
    return Drawing(_figure(inputs, numbers, shown), numbers, datasets=shown, facts=facts, unseen=found.unseen)


def curves(scored: Scored) -> pd.DataFrame:
    """Return the points of every curve with the area under it: of the classes that can have one, micro and macro."""
    truth = scored.labels[:, None] == np.arange(len(scored.classes))
    of_class = {
        name: _points(truth[:, label], scored.scores[:, label])
        for label, name in enumerate(scored.classes)
        if 0 < truth[:, label].sum() < len(truth)
    }
    if not of_class:
        return pd.DataFrame(columns=["curve", "auc", "false_positive_rate", "true_positive_rate"])
    averaged = {
        MICRO: _points(truth.ravel(), scored.scores.ravel()),
        MACRO: _mean_curve(of_class.values()),
    }
    parts = [
        pd.DataFrame({"curve": name, "auc": auc(fpr, tpr), "false_positive_rate": fpr, "true_positive_rate": tpr})
        for name, (fpr, tpr) in {**of_class, **averaged}.items()
    ]
    return pd.concat(parts, ignore_index=True)


def _points(truth: NDArray[np.bool_], scores: NDArray[np.floating]) -> tuple[Floats, Floats]:
    # Scores of a classifier on pixels may be infinite; ranks order as they do.
    _, ranks = np.unique(scores, return_inverse=True)
    false, true, _ = roc_curve(truth, ranks)
    return false, true


def _mean_curve(each: Iterable[tuple[Floats, Floats]]) -> tuple[Floats, Floats]:
    """Return the curve of the mean true positive rate; where curves step up, it has the rates below and above."""
    each = list(each)
    rates = np.unique(np.concatenate([false for false, _ in each]))
    below, above = np.mean([_around(rates, *points) for points in each], axis=0)
    return np.repeat(rates, 2), np.stack([below, above], axis=1).ravel()


def _around(rates: Floats, false: Floats, true: Floats) -> tuple[Floats, Floats]:
    """Return the true positive rates of a curve just below and just above each false positive rate."""
    between, stepped = np.interp(rates, false, true), np.isin(rates, false)
    first = np.minimum(np.searchsorted(false, rates, side="left"), len(false) - 1)
    last = np.searchsorted(false, rates, side="right") - 1
    return np.where(stepped, true[first], between), np.where(stepped, true[last], between)


def _figure(inputs: Inputs, numbers: pd.DataFrame, shown: list[str]) -> Figure:
    across = min(2, len(shown))
    down = ceil(len(shown) / across)
    width = ONE_COLUMN if across == 1 else TWO_COLUMNS
    figure = Figure(figsize=(width, (width / across - 0.2) * down), layout="constrained")
    grid = list(figure.subplots(down, across, squeeze=False).flat)
    for ax, dataset in zip(grid, shown, strict=False):
        _panel(ax, rows_of(numbers, dataset=dataset))
        ax.set_title(inputs.marked_title(dataset), fontweight="bold", loc="left")
    for ax in grid[len(shown) :]:
        ax.set_visible(False)
    return figure


def _panel(ax: Axes, numbers: pd.DataFrame) -> None:
    names = list(dict.fromkeys(numbers["curve"]))
    classes = [name for name in names if name not in (MICRO, MACRO)]
    colors = dict(zip(classes, sns.color_palette("colorblind", len(classes)), strict=True))
    ax.plot([0, 1], [0, 1], color=GRAY, linewidth=0.6, linestyle=(0, (4, 3)), zorder=0)
    for name in names:
        points = rows_of(numbers, curve=name)
        area = float(points["auc"].iloc[0])
        averaged = name in (MICRO, MACRO)
        named = averaged or len(classes) <= _MOST_NAMED
        ax.plot(
            points["false_positive_rate"],
            points["true_positive_rate"],
            color="black" if averaged else colors[name],
            linestyle={MICRO: ":", MACRO: "--"}.get(name, "-"),
            linewidth=1.3 if averaged else 1.0,
            label=f"{name} ({area:.3f})" if named else None,
        )
    ax.set(xlabel="false positive rate", ylabel="true positive rate", xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    ax.set_aspect("equal")
    ax.legend(loc="lower right", fontsize=6)
