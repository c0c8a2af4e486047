"""Difference of each arm from vanilla, paired by seed, a panel for each data set."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from medattn.compare.pairs import VANILLA
from medattn.compare.test_result import PRIMARY_TEST
from medattn.config.models.figure import Figure as Declared
from medattn.config.resolved import ResolvedPaper
from medattn.render.figures.drawing import Drawing, nothing_to_draw
from medattn.render.figures.panels import wrapped
from medattn.render.figures.style import GRAY, TWO_COLUMNS, Palette, arm_colors
from medattn.render.inputs import Inputs, arm_label, backbone_label
from medattn.render.run_lookup import chosen_datasets
from medattn.result_tables import PER_SEED, rows_of, rows_of_paper

OPTIONAL_KEYS = ("arm", "backbone")

# Vertical space of the arms of one backbone; the distance between two backbones is 1.
_SPREAD = 0.6
_MOST_ACROSS = 4
_TITLE_LENGTH = 22
# Dots are slightly below the interval of their arm, so that neither hides the other.
_BELOW, _BELOW_OF_ARM = 0.1, 0.5


def draw(inputs: Inputs, paper: ResolvedPaper, declared: Declared) -> Drawing:
    """Draw each paired difference from vanilla as a dot, the mean with its 95% interval, and a line at zero."""
    compared = rows_of_paper(
        inputs.comparisons, paper, against=VANILLA, procedure="runs", test=PRIMARY_TEST, metric="accuracy"
    )
    compared = compared[compared["difference"].notna()]
    if declared.arm:
        compared = rows_of(compared, arm=declared.arm)
    if declared.backbone:
        compared = rows_of(compared, backbone=declared.backbone)
    compared = compared[compared["dataset"].isin(chosen_datasets(paper, declared.datasets))]
    if compared.empty:
        return nothing_to_draw("No arm could be compared with vanilla.")
    shown = [dataset for dataset in paper.datasets if (compared["dataset"] == dataset).any()]
    dots = _differences(inputs, paper, compared)
    numbers = compared.drop(columns=["p", "p_adjusted"]).merge(dots, on=["dataset", "backbone", "arm"], how="left")
    facts = [
        "Dots: test accuracy of an arm minus that of vanilla with the same seed, in percentage points.",
        "Diamonds and lines: mean over seeds with its 95% t-interval, for at least two seeds.",
    ]
    return Drawing(_figure(inputs, paper, compared, dots, shown), numbers, datasets=shown, facts=facts)


def _differences(inputs: Inputs, paper: ResolvedPaper, compared: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each compared cell and seed that both arms have, with the difference."""
    runs = rows_of_paper(inputs.measurements, paper, status="measured", metric="accuracy")
    runs = runs[runs["procedure"].isin(PER_SEED)]
    keys = ["paper", "dataset", "backbone", "seed"]
    both = runs.merge(rows_of(runs, arm=VANILLA)[[*keys, "value"]], on=keys, suffixes=("", "_vanilla"))
    both = both.merge(compared[["paper", "dataset", "backbone", "arm"]], on=["paper", "dataset", "backbone", "arm"])
    both["seed_difference"] = both["value"] - both["value_vanilla"]
    return both[["dataset", "backbone", "arm", "seed", "seed_difference"]]


def _figure(
    inputs: Inputs, paper: ResolvedPaper, compared: pd.DataFrame, dots: pd.DataFrame, shown: list[str]
) -> Figure:
    backbones = [name for name in paper.backbones if (compared["backbone"] == name).any()]
    arms = [name for name in paper.arms if (compared["arm"] == name).any()]
    across = min(_MOST_ACROSS, len(shown))
    down = -(-len(shown) // across)
    height = down * (0.5 + 0.2 * len(backbones) * max(2, len(arms))) + 0.3
    palette = arm_colors(paper)
    figure = Figure(figsize=(min(TWO_COLUMNS, 1.2 + 2.0 * across), height), layout="constrained")
    grid = list(figure.subplots(down, across, squeeze=False, sharey=True).flat)
    for ax, dataset in zip(grid, shown, strict=False):
        _panel(ax, rows_of(compared, dataset=dataset), rows_of(dots, dataset=dataset), backbones, arms, palette)
        ax.set_title(wrapped(inputs.marked_title(dataset), _TITLE_LENGTH), fontweight="bold", loc="left")
    for ax in grid[len(shown) :]:
        ax.set_visible(False)
    grid[0].set_yticks(range(len(backbones)), [backbone_label(paper, name) for name in backbones])
    grid[0].set_ylim(len(backbones) - 0.5, -0.5)
    figure.supxlabel("difference in test accuracy from vanilla (percentage points)", fontsize=7)
    handles = [
        Line2D([], [], color=palette[arm], marker="D", markersize=3.5, label=arm_label(paper, arm)) for arm in arms
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=min(4, len(arms)))
    return figure


def _panel(
    ax: Axes, compared: pd.DataFrame, dots: pd.DataFrame, backbones: list[str], arms: list[str], palette: Palette
) -> None:
    ax.axvline(0, color=GRAY, linewidth=0.6, zorder=0)
    heights = {
        (backbone, arm): place + _SPREAD * ((number + 0.5) / len(arms) - 0.5)
        for place, backbone in enumerate(backbones)
        for number, arm in enumerate(arms)
    }

    y, colors = _placed(dots, heights, palette)
    below = min(_BELOW, _BELOW_OF_ARM * _SPREAD / len(arms))
    ax.scatter(dots["seed_difference"], [at + below for at in y], s=7, color=colors, alpha=0.5, linewidths=0)
    y, colors = _placed(compared, heights, palette)
    ax.hlines(y, compared["low"], compared["high"], colors=colors, linewidth=1.1)
    ax.scatter(compared["difference"], y, s=16, marker="D", color=colors, edgecolors="white", linewidths=0.5, zorder=3)
    ax.tick_params(axis="y", length=0)


def _placed(
    rows: pd.DataFrame, heights: Mapping[tuple[str, str], float], palette: Palette
) -> tuple[list[float], list[tuple[float, float, float]]]:
    """Return the height and color of each row."""
    places = zip(rows["backbone"], rows["arm"], strict=True)
    return [heights[place] for place in places], [palette[arm] for arm in rows["arm"]]
