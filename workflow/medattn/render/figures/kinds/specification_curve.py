"""Difference from another arm under every reading of what a paper leaves open, with the choices of each reading."""

from collections.abc import Sequence
from itertools import chain

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpecFromSubplotSpec
from matplotlib.lines import Line2D

from medattn.config.models.figure import Figure as Declared
from medattn.config.resolved import ResolvedPaper
from medattn.render.figures.drawing import Drawing, nothing_to_draw
from medattn.render.figures.panels import wrapped
from medattn.render.figures.style import GRAY, TWO_COLUMNS
from medattn.render.inputs import Inputs, arm_label, backbone_label
from medattn.render.run_lookup import chosen_datasets
from medattn.result_tables import rows_of, rows_of_paper

OPTIONAL_KEYS = ("arm", "arms", "backbone", "metric")

_OPEN, _CLOSED, _LEAKING = "#0072B2", "0.65", "#D55E00"
_COLORS = {"left open by the paper": _OPEN, "ruled out by the paper": _CLOSED, "test images choose": _LEAKING}
_MOST_ACROSS = 2
_TITLE_LENGTH = 44
_PANEL = ["dataset", "backbone", "arm", "against", "against_backbone"]


def draw(inputs: Inputs, paper: ResolvedPaper, declared: Declared) -> Drawing:
    """Draw a panel for each pair of arms: the differences in ascending order, and a matrix of dots for the choices."""
    compared = rows_of_paper(inputs.multiverse, paper, level="comparison", metric=declared.metric)
    if declared.arm or declared.arms:
        compared = compared[compared["arm"].isin([declared.arm] if declared.arm else declared.arms or [])]
    if declared.backbone:
        compared = rows_of(compared, backbone=declared.backbone)
    datasets = chosen_datasets(paper, declared.datasets)
    compared = compared[compared["dataset"].isin(datasets)]
    if compared.empty:
        return nothing_to_draw("No pair of arms was measured under more than one reading.")
    compared = compared.sort_values([*_PANEL, "class_name", "difference", "reading"], kind="stable")
    facts = [
        "Dots: mean difference between the arms over seeds under each reading; lines: 95% t-interval.",
        "Ring: the reading that verdicts rest on. Squares below: the choices of each reading.",
    ]
    shown = [dataset for dataset in paper.datasets if (compared["dataset"] == dataset).any()]
    return Drawing(_figure(inputs, paper, compared), compared, datasets=shown, facts=facts)


def _figure(inputs: Inputs, paper: ResolvedPaper, compared: pd.DataFrame) -> Figure:
    panels = [rows for _, rows in compared.groupby([*_PANEL, "class_name"], sort=False)]
    across = min(_MOST_ACROSS, len(panels))
    down = -(-len(panels) // across)
    choices = max(len(_choices(list(rows["reading"]))) for rows in panels)
    width = min(TWO_COLUMNS, 3.6 * across)
    figure = Figure(figsize=(width, down * (1.6 + 0.13 * choices) + 0.35), layout="constrained")
    grid = figure.add_gridspec(down, across)
    for number, rows in enumerate(panels):
        inner = GridSpecFromSubplotSpec(
            2, 1, grid[number // across, number % across], height_ratios=[1.2, 0.13 * choices], hspace=0.05
        )
        curve = figure.add_subplot(inner[0])
        matrix = figure.add_subplot(inner[1], sharex=curve)
        _curve(curve, rows)
        _matrix(matrix, rows)
        curve.set_title(wrapped(_title(inputs, paper, rows.iloc[0]), _TITLE_LENGTH), fontweight="bold", loc="left")
    colors = set(chain.from_iterable(_colors(rows) for rows in panels))
    handles = [
        Line2D([], [], color=color, marker="o", markersize=3.5, linewidth=1, label=label)
        for label, color in _COLORS.items()
        if color in colors
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=len(handles))
    return figure


def _title(inputs: Inputs, paper: ResolvedPaper, row: "pd.Series[str]") -> str:
    pair = f"{arm_label(paper, row['arm'])} vs. {arm_label(paper, row['against'])}"
    parts = [inputs.marked_title(row["dataset"]), backbone_label(paper, row["backbone"]), pair, row["class_name"]]
    return ", ".join(part for part in parts if part)


def _colors(rows: pd.DataFrame) -> list[str]:
    return [
        _LEAKING if leak else _OPEN if is_open else _CLOSED
        for leak, is_open in zip(rows["leak"], rows["is_open"], strict=True)
    ]


def _curve(ax: Axes, rows: pd.DataFrame) -> None:
    """Draw the sorted differences with their intervals."""
    places, colors = np.arange(len(rows)), _colors(rows)
    ax.axhline(0, color=GRAY, linewidth=0.6, zorder=0)
    ax.vlines(places, rows["low"], rows["high"], colors=colors, linewidth=1.1)
    ax.scatter(places, rows["difference"], s=12, color=colors, zorder=3)
    is_default = rows["is_default"].to_numpy(dtype=bool)
    ax.scatter(
        places[is_default], rows["difference"][is_default], s=45, facecolors="none", edgecolors="black", linewidths=0.8
    )
    ax.set_ylabel("difference (points)")
    ax.tick_params(axis="x", length=0, labelbottom=False)


def _matrix(ax: Axes, rows: pd.DataFrame) -> None:
    """Draw a square where a reading (column) makes a choice (row)."""
    choices = _choices(list(rows["reading"]))
    for place, (reading, color) in enumerate(zip(rows["reading"], _colors(rows), strict=True)):
        made = [choices.index(choice) for choice in reading.split(",")]
        ax.scatter([place] * len(made), made, s=9, marker="s", color=color, linewidths=0)
    ax.set_yticks(range(len(choices)), [choice.replace("=", ": ").replace("_", " ") for choice in choices])
    ax.set_ylim(len(choices) - 0.5, -0.5)
    ax.set_xlim(-0.7, len(rows) - 0.3)
    ax.tick_params(length=0, labelbottom=False)
    for spine in ax.spines.values():
        spine.set_visible(False)
    ax.set_axisbelow(True)
    ax.grid(axis="y", color="0.92", linewidth=0.5)


def _choices(readings: Sequence[str]) -> list[str]:
    """Return all choices of the readings, such as `ties=mean`, with those of the same kind together."""
    made = dict.fromkeys(choice for reading in sorted(readings) for choice in reading.split(","))
    return sorted(made, key=lambda choice: [other.partition("=")[0] for other in made].index(choice.partition("=")[0]))
