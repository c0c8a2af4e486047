"""Test accuracy against the cost of the networks, a panel for each data set."""

from math import ceil

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullFormatter, ScalarFormatter

from medattn.config.models.figure import Figure as Declared
from medattn.config.resolved import ResolvedPaper
from medattn.render.figures.drawing import Drawing, nothing_to_draw
from medattn.render.figures.style import GRAY, TWO_COLUMNS, Palette, arm_colors
from medattn.render.inputs import Inputs, arm_label, backbone_label
from medattn.render.run_lookup import chosen_datasets
from medattn.result_tables import rows_of, rows_of_paper

OPTIONAL_KEYS = ("arm", "arms", "backbone", "cost")
READS = ("complexity.csv",)

_COSTS = {
    "macs": ("macs", 1e9, "multiply-accumulate operations for one image (billions)"),
    "parameters": ("params", 1e6, "parameters (millions)"),
}
_MARKERS = "osD^vP"
_MOST_ACROSS = 2
# Distance between two labels, as a fraction of the panel's height, and from a dot to its label, of its width.
_LINE, _GAP = 0.062, 0.035
# Factor that darkens the color of a dot for its label, because yellow text is hard to read.
_DARKER = 0.6


def draw(inputs: Inputs, paper: ResolvedPaper, declared: Declared) -> Drawing:
    """Draw a dot for each network: filled if its accuracy was reproduced, hollow if only the published one is known."""
    numbers = _numbers(inputs, paper, declared)
    shown = [dataset for dataset in paper.datasets if (numbers["dataset"] == dataset).any()]
    if not shown:
        return nothing_to_draw("No network has both an accuracy and a cost.")
    facts = [
        "Filled: reproduced test accuracy, mean over runs. Hollow: published accuracy, if not reproduced.",
        "Costs are counted from the networks, not taken from the paper: multiply-accumulate operations of the "
        "convolutions, linear layers and matrix products for one image."
        if declared.cost == "macs"
        else "Costs are counted from the networks, not taken from the paper: all parameters.",
    ]
    return Drawing(_figure(inputs, paper, declared, numbers, shown), numbers, datasets=shown, facts=facts)


def _numbers(inputs: Inputs, paper: ResolvedPaper, declared: Declared) -> pd.DataFrame:
    """Return a row for each network and data set with both a cost and an accuracy."""
    costs = rows_of_paper(inputs.costs, paper)
    column, unit, _ = _COSTS[declared.cost]
    rows = []
    for dataset in chosen_datasets(paper, declared.datasets):
        of_dataset = rows_of(costs, dataset=dataset)
        for cost in of_dataset[of_dataset[column].notna()].to_dict("records"):
            backbone, arm = cost["backbone"], cost["arm"]
            drawn = arm in (declared.arms or [declared.arm or arm]) and backbone == (declared.backbone or backbone)
            found = None if not drawn else _accuracy(inputs, paper, dataset, backbone, arm)
            if found is not None:
                place = {"dataset": dataset, "backbone": backbone, "arm": arm}
                rows.append({**place, "cost": cost[column] / unit, "accuracy": found[0], "measured": found[1]})
    return pd.DataFrame(rows, columns=["dataset", "backbone", "arm", "cost", "accuracy", "measured"])


def _accuracy(inputs: Inputs, paper: ResolvedPaper, dataset: str, backbone: str, arm: str) -> tuple[float, bool] | None:
    """Return the accuracy of a cell in percent and whether it was measured; None if there is neither value."""
    place = {"dataset": dataset, "backbone": backbone, "arm": arm, "metric": "accuracy"}
    measured = rows_of_paper(inputs.measurements, paper, procedure="runs", status="measured", **place)
    if len(measured):
        return float(measured.iloc[0]["value"]), True
    tables = inputs.published(paper.name)
    published = rows_of(tables[tables["table"].isin(paper.tables)], **place)
    if published.empty:
        return None
    value = float(published.iloc[0]["mean"])
    return (value if published.iloc[0]["unit"] == "percent" else 100 * value), False


def _figure(
    inputs: Inputs, paper: ResolvedPaper, declared: Declared, numbers: pd.DataFrame, shown: list[str]
) -> Figure:
    across = min(_MOST_ACROSS, len(shown))
    down = ceil(len(shown) / across)
    figure = Figure(figsize=(TWO_COLUMNS * across / _MOST_ACROSS, 3.0 * down + 0.3), layout="constrained")
    palette, markers = arm_colors(paper), dict(zip(paper.backbones, _MARKERS * len(paper.backbones), strict=False))
    grid = list(figure.subplots(down, across, squeeze=False).flat)
    for ax, dataset in zip(grid, shown, strict=False):
        _panel(ax, paper, rows_of(numbers, dataset=dataset), palette, markers)
        ax.set(xlabel=_COSTS[declared.cost][2], ylabel="test accuracy (%)")
        ax.set_title(inputs.marked_title(dataset), fontweight="bold", loc="left")
    for ax in grid[len(shown) :]:
        ax.set_visible(False)
    handles = [
        Line2D([], [], color=GRAY, marker=markers[name], linestyle="", markersize=4, label=backbone_label(paper, name))
        for name in paper.backbones
        if (numbers["backbone"] == name).any()
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=max(1, len(handles)))
    return figure


def _panel(ax: Axes, paper: ResolvedPaper, numbers: pd.DataFrame, palette: Palette, markers: dict[str, str]) -> None:
    ax.set_xscale("log")
    low, high = numbers["cost"].min(), numbers["cost"].max()
    ax.set_xlim(low / 1.15, high * max(1.8, (high / low) ** 0.35))
    spread = max(numbers["accuracy"].max() - numbers["accuracy"].min(), 1.0)
    ax.set_ylim(numbers["accuracy"].min() - 0.12 * spread, numbers["accuracy"].max() + 0.12 * spread)
    for row in numbers.to_dict("records"):
        color = palette[row["arm"]]
        ax.scatter(
            row["cost"], row["accuracy"], s=22, marker=markers[row["backbone"]], linewidths=1.1, zorder=3,
            facecolors=[color if row["measured"] else "white"], edgecolors=[color],
        )  # fmt: skip
    ax.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    ax.xaxis.set_major_formatter(ScalarFormatter())
    ax.xaxis.set_minor_formatter(NullFormatter())
    for backbone in numbers["backbone"].unique():
        _label(ax, paper, rows_of(numbers, backbone=backbone), palette)


def _label(ax: Axes, paper: ResolvedPaper, numbers: pd.DataFrame, palette: Palette) -> None:
    """Label the dots of a backbone in a column to their right, each label joined to its dot by a thin line."""
    to_axes = ax.transData + ax.transAxes.inverted()
    dots = sorted(
        (*to_axes.transform((row["cost"], row["accuracy"])), row["arm"]) for row in numbers.to_dict("records")
    )
    ends = sorted(((y, x, arm) for x, y, arm in dots), reverse=True)
    # The column is to the right of most dots; a dot with a much higher cost is labeled next to itself.
    middle = float(pd.Series([x for _, x, _ in ends]).median())
    near = [end for end in ends if end[1] - middle < 3 * _GAP]
    column = max(x for _, x, _ in near) + _GAP
    heights = _apart([y for y, _, _ in near])
    for (y, x, arm), height in zip(near, heights, strict=True):
        ax.plot([x, column - 0.005], [y, height], transform=ax.transAxes, color=palette[arm], linewidth=0.4, zorder=1)
        _write(ax, column, height, arm_label(paper, arm), palette[arm])
    for y, x, arm in ends:
        if (y, x, arm) not in near:
            _write(ax, x, y + 0.7 * _LINE, arm_label(paper, arm), palette[arm], "center")


def _write(ax: Axes, x: float, y: float, text: str, color: tuple[float, float, float], side: str = "left") -> None:
    dark = tuple(_DARKER * part for part in color)
    ax.text(x, y, text, transform=ax.transAxes, ha=side, va="center", fontsize=5.5, color=dark)


def _apart(heights: list[float]) -> list[float]:
    """Spread descending heights so that labels are at least one line apart and stay inside the panel."""
    placed = list(heights)
    for _ in range(100):
        for upper in range(len(placed) - 1):
            overlap = _LINE - (placed[upper] - placed[upper + 1])
            if overlap > 0:
                placed[upper] += overlap / 2
                placed[upper + 1] -= overlap / 2
        placed[0] = min(placed[0], 0.98)
        placed[-1] = max(placed[-1], 0.02)
    return placed
