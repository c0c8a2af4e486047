"""Cross entropy by epoch on training and test images, a row for each data set."""

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from medattn.compare.pairs import arms_of
from medattn.config.models.figure import Figure as Declared
from medattn.config.resolved import ResolvedPaper
from medattn.plan.finished_run import FinishedRun
from medattn.provenance.records import check_output
from medattn.render.figures.drawing import Drawing, nothing_to_draw
from medattn.render.figures.style import TWO_COLUMNS, Palette, arm_colors
from medattn.render.inputs import Inputs, arm_label, backbone_label
from medattn.render.run_lookup import (
    SkippedCell,
    chosen,
    chosen_datasets,
    sentences_on,
    successful_runs,
)
from medattn.result_tables import rows_of
from medattn.training.history import read_history
from medattn.training.score_file import read_scores

OPTIONAL_KEYS = ("arms", "backbone")

_SPLITS = {"training": "training cross entropy", "test": "test cross entropy"}


def draw(inputs: Inputs, paper: ResolvedPaper, declared: Declared) -> Drawing:
    """Draw the mean over runs for the arms of one backbone, with a band of one standard deviation over several runs."""
    backbone = declared.backbone or next(iter(paper.backbones), "")
    arms = chosen(arms_of(paper, backbone) if backbone in paper.backbones else [], declared.arms)
    rows, skipped = [], []
    for dataset in chosen_datasets(paper, declared.datasets):
        for arm in arms:
            found = successful_runs(inputs, paper, dataset, backbone, arm)
            if isinstance(found, SkippedCell):
                skipped.append(found)
            else:
                rows += [{"dataset": dataset, "arm": arm, **row} for run in found for row in _losses(run)]
    unseen = sentences_on(inputs, paper, skipped)
    if not rows:
        return nothing_to_draw(" ".join(unseen) or f"The selection has no network '{backbone}' with these arms.")
    losses = pd.DataFrame(rows)
    shown = list(dict.fromkeys(losses["dataset"]))
    drawn = [arm for arm in arms if (losses["arm"] == arm).any()]
    several = losses.groupby(["dataset", "arm"]).agg({"run": "nunique"})["run"].max() > 1
    facts = [
        f"{backbone_label(paper, backbone)}; "
        + ("mean over runs, with a band of one standard deviation." if several else "one run."),
        "Training: mean over the augmented training images during the epoch, while the weights change. Test: from the "
        "class probabilities after the epoch; the test loss does not influence training or any choice.",
    ]
    return Drawing(_figure(inputs, paper, losses, shown, drawn), losses, datasets=shown, facts=facts, unseen=unseen)


def _losses(run: FinishedRun) -> list[dict[str, object]]:
    """Return a row for each epoch and split."""
    check_output(run.record, run.files.history)
    place = {"run": run.run.id, "seed": run.run.seed, "fold": run.run.fold}
    held_out = cross_entropy(read_scores(run.record, run.files.scores).evaluated.label_scores)
    rows: list[dict[str, object]] = []
    for row, test in zip(read_history(run.files.history), held_out, strict=True):
        rows.append({**place, "epoch": row.epoch, "images": "training", "loss": row.train_loss})
        rows.append({**place, "epoch": row.epoch, "images": "test", "loss": float(test)})
    return rows


def cross_entropy(label_scores: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the mean cross entropy of each epoch, in nats.

    Args:
        label_scores: probability of each image's own class, epochs x N; a probability that was rounded to 0 counts as
            the smallest normal float32.
    """
    right = label_scores.astype(np.float64)
    losses: NDArray[np.float64] = -np.log(np.maximum(right, np.finfo(np.float32).tiny)).mean(axis=1)
    return losses


def _figure(inputs: Inputs, paper: ResolvedPaper, losses: pd.DataFrame, shown: list[str], arms: list[str]) -> Figure:
    palette = arm_colors(paper)
    figure = Figure(figsize=(TWO_COLUMNS * 0.8, 1.9 * len(shown) + 0.3), layout="constrained")
    grid = figure.subplots(len(shown), len(_SPLITS), squeeze=False, sharex=True)
    for dataset, axes in zip(shown, grid, strict=True):
        for ax, (images, title) in zip(axes, _SPLITS.items(), strict=True):
            _panel(ax, rows_of(losses, dataset=dataset, images=images), arms, palette)
            ax.set(xlabel="epoch", ylabel=title)
        axes[0].set_title(inputs.marked_title(dataset), fontweight="bold", loc="left")
    handles = [Line2D([], [], color=palette[arm], label=arm_label(paper, arm)) for arm in arms]
    figure.legend(handles=handles, loc="outside upper center", ncols=min(4, len(arms)))
    return figure


def _panel(ax: Axes, losses: pd.DataFrame, arms: list[str], palette: Palette) -> None:
    sns.lineplot(
        losses, x="epoch", y="loss", hue="arm", hue_order=arms, palette={arm: palette[arm] for arm in arms},
        errorbar="sd", legend=False, err_kws={"linewidth": 0, "alpha": 0.2}, ax=ax,
        **({"marker": "o", "markersize": 3} if losses["epoch"].nunique() < 4 else {}),
    )  # fmt: skip
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_ylim(0, 1.05 * losses["loss"].max())
