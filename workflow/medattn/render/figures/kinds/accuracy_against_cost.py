"""Test accuracy against the cost of the networks, a panel for each data set."""

from math import ceil, isnan, sqrt

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullFormatter, ScalarFormatter
from scipy.stats import t

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
_LEAST_HEIGHT = 3.0
_LEVEL = 0.95
# Height of a label, and of the axis and its title, in inches.
_LINE, _AROUND = 0.1, 0.6
# Start of the lines to the labels and of the labels, right of a panel, as fractions of its width.
_BEND, _LABELS = 1.02, 1.06
# Factor that darkens the color of a dot for its label, because yellow text is hard to read.
_DARKER = 0.6


def draw(inputs: Inputs, paper: ResolvedPaper, declared: Declared) -> Drawing:
    """Draw a dot for each network: filled if its accuracy was reproduced, hollow if only the published one is known."""
    numbers = _numbers(inputs, paper, declared)
    shown = [dataset for dataset in paper.datasets if (numbers["dataset"] == dataset).any()]
    if not shown:
        return nothing_to_draw("No network has both an accuracy and a cost.")
    facts = [
        "Filled: reproduced test accuracy, mean over runs; bars: its 95% interval over runs, if there are several. "
        "Hollow: published accuracy, if not reproduced.",
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
                rows.append({**place, "cost": cost[column] / unit, **found})
    return pd.DataFrame(rows, columns=["dataset", "backbone", "arm", "cost", "accuracy", "low", "high", "measured"])


def _accuracy(inputs: Inputs, paper: ResolvedPaper, dataset: str, backbone: str, arm: str) -> dict[str, object] | None:
    """Return the accuracy of a cell in percent, its interval, and whether it was measured; None if there is neither."""
    place = {"dataset": dataset, "backbone": backbone, "arm": arm, "metric": "accuracy"}
    measured = rows_of_paper(inputs.measurements, paper, procedure="runs", status="measured", **place)
    if len(measured):
        row = measured.iloc[0]
        low, high = _interval(float(row["value"]), float(row["spread"]), int(row["n"]))
        return {"accuracy": float(row["value"]), "low": low, "high": high, "measured": True}
    tables = inputs.published(paper.name)
    published = rows_of(tables[tables["table"].isin(paper.tables)], **place)
    if published.empty:
        return None
    value = float(published.iloc[0]["mean"])
    percent = value if published.iloc[0]["unit"] == "percent" else 100 * value
    return {"accuracy": percent, "low": float("nan"), "high": float("nan"), "measured": False}


def _interval(mean: float, sd: float, n: int) -> tuple[float, float]:
    """Return Student's 95% interval of a mean over `n` runs, within 0 and 100; NaN for a single run."""
    if n < 2 or isnan(sd):
        return float("nan"), float("nan")
    half = float(t.ppf((1 + _LEVEL) / 2, n - 1)) * sd / sqrt(n)
    return max(0.0, mean - half), min(100.0, mean + half)


def _figure(
    inputs: Inputs, paper: ResolvedPaper, declared: Declared, numbers: pd.DataFrame, shown: list[str]
) -> Figure:
    across = min(_MOST_ACROSS, len(shown))
    down = ceil(len(shown) / across)
    most = int(numbers.groupby("dataset").size().max())
    height = max(_LEAST_HEIGHT, _AROUND + _LINE * most)
    figure = Figure(figsize=(TWO_COLUMNS * across / _MOST_ACROSS, height * down + 0.3), layout="constrained")
    palette, markers = arm_colors(paper), dict(zip(paper.backbones, _MARKERS * len(paper.backbones), strict=False))
    grid = list(figure.subplots(down, across, squeeze=False).flat)
    for ax, dataset in zip(grid, shown, strict=False):
        _panel(ax, paper, rows_of(numbers, dataset=dataset), palette, markers, _LINE / (height - _AROUND))
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


def _panel(
    ax: Axes, paper: ResolvedPaper, numbers: pd.DataFrame, palette: Palette, markers: dict[str, str], line: float
) -> None:
    ax.set_xscale("log")
    low, high = numbers["cost"].min(), numbers["cost"].max()
    ax.set_xlim(low / 1.15, high * 1.15)
    least, greatest = numbers[["accuracy", "low"]].min().min(), numbers[["accuracy", "high"]].max().max()
    room = 0.06 * max(greatest - least, 1.0)
    ax.set_ylim(least - room, greatest + room)
    for row in numbers.to_dict("records"):
        color = palette[row["arm"]]
        ax.vlines(row["cost"], row["low"], row["high"], colors=[color], linewidth=0.8, alpha=0.7, zorder=2)
        ax.scatter(
            row["cost"], row["accuracy"], s=22, marker=markers[row["backbone"]], linewidths=1.1, zorder=3,
            facecolors=[color if row["measured"] else "white"], edgecolors=[color],
        )  # fmt: skip
    ax.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    ax.xaxis.set_major_formatter(ScalarFormatter())
    ax.xaxis.set_minor_formatter(NullFormatter())
    _label(ax, paper, numbers, palette, line)


def _label(ax: Axes, paper: ResolvedPaper, numbers: pd.DataFrame, palette: Palette, line: float) -> None:
    """Label the dots in a column right of the panel, each label joined to its dot by a thin line."""
    to_axes = ax.transData + ax.transAxes.inverted()
    places = [to_axes.transform((row["cost"], row["accuracy"])) for row in numbers.to_dict("records")]
    dots = sorted(
        ((float(y), float(x), str(arm)) for (x, y), arm in zip(places, numbers["arm"], strict=True)), reverse=True
    )
    for (y, x, arm), height in zip(dots, spread_apart([y for y, _, _ in dots], line), strict=True):
        ax.plot(
            [x, _BEND, _LABELS - 0.01], [y, height, height], transform=ax.transAxes, color=palette[arm], linewidth=0.4,
            zorder=1, clip_on=False,
        )  # fmt: skip
        dark = tuple(_DARKER * part for part in palette[arm])
        ax.text(_LABELS, height, arm_label(paper, arm), transform=ax.transAxes, va="center", fontsize=5.5, color=dark)


def spread_apart(heights: list[float], line: float) -> list[float]:
    """Move descending heights so that each is at least `line` below the one before, within 0 and 1.

    Heights that are too close together are placed around their mean (pool adjacent violators).

    Args:
        heights: wanted heights, descending, as fractions of the panel's height.
        line: height of a label; `line * len(heights)` is at most 1.
    """
    groups: list[tuple[float, int]] = []
    for height in heights:
        middle, count = height, 1
        while True:
            half = line * (count - 1) / 2
            middle = min(max(middle, half), 1 - half)
            if not groups or groups[-1][0] - line * (groups[-1][1] + 1) / 2 >= middle + half:
                break
            other, size = groups.pop()
            middle, count = (other * size + middle * count) / (size + count), size + count
        groups.append((middle, count))
    return [middle + line * ((count - 1) / 2 - place) for middle, count in groups for place in range(count)]
