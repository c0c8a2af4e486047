"""Test accuracy by epoch for the arms of one backbone, a panel for each data set."""

from math import ceil

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from medattn.compare.pairs import arms_of
from medattn.config.arms import arm_settings
from medattn.config.models.figure import Figure as Declared
from medattn.config.resolved import ResolvedPaper
from medattn.render.figures.drawing import Drawing, nothing_to_draw
from medattn.render.figures.style import GRAY, ONE_COLUMN, TWO_COLUMNS, Palette, arm_colors
from medattn.render.inputs import Inputs, arm_label, backbone_label
from medattn.render.run_lookup import chosen_datasets
from medattn.result_tables import rows_of, rows_of_paper

OPTIONAL_KEYS = ("arm", "backbone")

# Hyper-parameter for the epoch after which an arm no longer trains its attention map.
_CUTOFF = "cutoff_epoch"
_RUG_HEIGHT = 0.02
_HEADROOM = 0.08
"""Room above the curves for the label of the cut-off epoch."""


def draw(inputs: Inputs, paper: ResolvedPaper, declared: Declared) -> Drawing:
    """Draw the mean over seeds with a band of one standard deviation, and mark the measured epochs at the bottom."""
    backbone = declared.backbone or next(iter(paper.backbones), "")
    epochs = rows_of_paper(inputs.epochs, paper, backbone=backbone)
    arms = [declared.arm] if declared.arm else (arms_of(paper, backbone) if backbone in paper.backbones else [])
    epochs = _over_folds(epochs[epochs["arm"].isin(arms) & epochs["value"].notna()])
    datasets = chosen_datasets(paper, declared.datasets)
    shown = [dataset for dataset in datasets if (epochs["dataset"] == dataset).any()]
    if not shown:
        return nothing_to_draw(f"No epochs of the backbone '{backbone}' were measured.")
    drawn = [arm for arm in arms if (epochs["arm"] == arm).any()]
    return Drawing(
        _figure(inputs, paper, epochs, shown, drawn),
        epochs.reset_index(drop=True),
        datasets=shown,
        facts=_facts(paper, backbone, epochs, _cutoffs(paper, drawn)),
    )


def _over_folds(epochs: pd.DataFrame) -> pd.DataFrame:
    """Return the mean over the folds of each seed; runs without folds stay unchanged."""
    if epochs["fold"].isna().all():
        return epochs
    keys = [column for column in epochs.columns if column not in ("fold", "value", "measured")]
    return epochs.groupby(keys, sort=False, as_index=False).agg({"value": "mean", "measured": "any"})


def _figure(inputs: Inputs, paper: ResolvedPaper, epochs: pd.DataFrame, shown: list[str], arms: list[str]) -> Figure:
    across = min(2, len(shown))
    down = ceil(len(shown) / across)
    width = ONE_COLUMN if across == 1 else TWO_COLUMNS
    palette = arm_colors(paper)
    figure = Figure(figsize=(width, 2.1 * down + 0.3), layout="constrained")
    grid = list(figure.subplots(down, across, squeeze=False, sharex=True).flat)
    for ax, dataset in zip(grid, shown, strict=False):
        _panel(ax, rows_of(epochs, dataset=dataset), arms, palette, _cutoffs(paper, arms))
        ax.set_title(inputs.marked_title(dataset), fontweight="bold", loc="left")
    for ax in grid[len(shown) :]:
        ax.set_visible(False)
    for ax in grid[max(0, len(shown) - across) : len(shown)]:
        ax.tick_params(labelbottom=True)  # also above a hidden panel
        ax.xaxis.label.set_visible(True)
    handles = [Line2D([], [], color=palette[arm], label=arm_label(paper, arm)) for arm in arms]
    figure.legend(handles=handles, loc="outside upper center", ncols=min(4, len(arms)))
    return figure


def _panel(ax: Axes, epochs: pd.DataFrame, arms: list[str], palette: Palette, cutoffs: dict[str, int]) -> None:
    sns.lineplot(
        epochs, x="epoch", y="value", hue="arm", hue_order=arms, palette={arm: palette[arm] for arm in arms},
        errorbar="sd", legend=False, err_kws={"linewidth": 0, "alpha": 0.2}, ax=ax,
    )  # fmt: skip
    for place, arm in enumerate(arms):
        # Ticks at the bottom, one row for each arm; heights are fractions of the panel's height.
        measured = rows_of(epochs, arm=arm, measured=True)["epoch"].unique()
        bottom = _RUG_HEIGHT * 1.3 * (len(arms) - 1 - place)
        ax.vlines(
            measured, bottom, bottom + _RUG_HEIGHT, colors=[palette[arm]], linewidth=0.7,
            transform=ax.get_xaxis_transform(),
        )  # fmt: skip
    _room_for_rug(ax, len(arms))
    first, last = epochs["epoch"].min(), epochs["epoch"].max()
    for epoch in sorted(set(cutoffs.values())):
        if first <= epoch <= last:
            ax.axvline(epoch, color=GRAY, linewidth=0.6, linestyle=(0, (4, 3)), zorder=0)
            # Toward the middle, so that a line at the edge keeps its label within the panel.
            is_left = epoch <= (first + last) / 2
            ax.annotate(
                f"E = {epoch}", (epoch, 1), xycoords=ax.get_xaxis_transform(), xytext=(2 if is_left else -2, -1),
                textcoords="offset points", ha="left" if is_left else "right", va="top", color=GRAY, fontsize=6,
            )  # fmt: skip
    ax.set(xlabel="epoch", ylabel="test accuracy (%)")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.margins(x=0.01)


def _room_for_rug(ax: Axes, arms: int) -> None:
    """Make room for the ticks of the measured epochs, below the possible values of an accuracy."""
    low, high = ax.get_ylim()
    low, high = max(low, 0.0), min(high, 100.0)
    ax.set_yticks([tick for tick in MaxNLocator(6).tick_values(low, high) if low <= tick <= high])
    ax.spines["left"].set_bounds(low, high)
    ax.set_ylim(low - (high - low) * _RUG_HEIGHT * 1.3 * (arms + 0.5), high + (high - low) * _HEADROOM)


def _cutoffs(paper: ResolvedPaper, arms: list[str]) -> dict[str, int]:
    """Return the cut-off epoch of each arm that has one."""
    options = {arm: arm_settings(paper.arms[arm], paper.recipe, {}, paper.name)[1] for arm in arms}
    return {arm: int(of_arm[_CUTOFF]) for arm, of_arm in options.items() if _CUTOFF in of_arm}


def _facts(paper: ResolvedPaper, backbone: str, epochs: pd.DataFrame, cutoffs: dict[str, int]) -> list[str]:
    n = epochs["seed"].nunique()
    drawn = f"mean over {n} runs, with a band of one standard deviation" if n > 1 else "one run"
    sentences = [f"{backbone_label(paper, backbone)}; {drawn}."]
    sentences.append("Ticks at the bottom: epochs that the paper's procedure measures.")
    if cutoffs:
        named = ", ".join(f"'{arm_label(paper, arm)}'" for arm in cutoffs)
        sentences.append(f"Dashed line, E: cut-off epoch, after which the attention map stays fixed ({named}).")
    return sentences
