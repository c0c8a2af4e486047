"""Effect of each mechanism on each data set and pooled over them, with intervals, as a forest plot."""

from math import isnan
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from medattn.answer.contrasts import SELECTION
from medattn.answer.sentences import signed
from medattn.config.models.figure import Figure as Declared
from medattn.config.resolved import ResolvedPaper
from medattn.metrics.registry import METRICS
from medattn.render.figures.drawing import Drawing, nothing_to_draw
from medattn.render.figures.style import GRAY, TWO_COLUMNS
from medattn.render.forest_range import ENDS, forest_reach
from medattn.render.inputs import Inputs

OPTIONAL_KEYS = ("arms", "metric")
READS = ("answer.csv",)

_ROW_HEIGHT, _MARGINS = 0.16, 0.7
_DIAMOND, _SQUARE = 40.0, 16.0
_PADDED = 1.03
_HEADING: dict[str, Any] = {
    "ha": "left", "fontsize": 6.5, "fontweight": "bold", "bbox": {"facecolor": "white", "pad": 0.5, "linewidth": 0}
}  # fmt: skip
_COLORS = {"helps": "#009E73", "hurts": "#D55E00", "no practical difference": "#0072B2", "open": GRAY}


def draw(inputs: Inputs, paper: ResolvedPaper, declared: Declared) -> Drawing:
    """Draw, for each mechanism, a square with interval per data set and a diamond with interval for the pooled effect.

    A thin line is the interval for the effect on a further data set. The gray band is the margin within which
    differences have no practical importance.
    """
    rows = inputs.answer
    scope = paper.name if (rows["scope"] == paper.name).any() else SELECTION
    rows = rows[(rows["scope"] == scope) & (rows["metric"] == declared.metric)]
    if declared.arms:
        rows = rows[rows["arm"].isin(declared.arms)]
    if rows.empty:
        return nothing_to_draw("No mechanism was measured next to the same network without it.")
    unit = "percentage points" if METRICS[declared.metric].unit == "percent" else "as a fraction"
    facts = [
        f"Squares: mean difference in {METRICS[declared.metric].words} from the other arm, paired by seed, {unit}, "
        "with its interval over seeds.",
        "Diamonds: mean over the data sets in a random-effects model, with its interval; thin lines: interval for the "
        "effect on a further data set.",
        f"Gray band: differences of at most {rows['margin'].iloc[0]:g}, without practical importance.",
    ]
    reach = forest_reach(rows)
    if (rows[ENDS].abs() > reach).any(axis=None):
        facts.append(
            "Arrows: the interval goes on beyond the axis, which shows all means and the intervals of effects with a "
            "verdict; the numbers give it in full."
        )
    # The answer pools over all experiments of the paper.
    datasets = list(dict.fromkeys(rows.loc[rows["level"] == "dataset", "dataset"]))
    return Drawing(_figure(inputs, rows.reset_index(drop=True), unit, reach), rows, datasets=datasets, facts=facts)


def _figure(inputs: Inputs, rows: pd.DataFrame, unit: str, reach: float) -> Figure:
    # The pooled effect follows its data sets; a single data set has no pooled effect.
    groups = [
        pd.concat([group[group["level"] == "dataset"], group[group["level"] == "pooled"].query("datasets > 1")])
        for _, group in rows.groupby(["arm", "against"], sort=False)
    ]
    count = sum(len(group) + 1 for group in groups)
    figure = Figure(figsize=(TWO_COLUMNS, _MARGINS + _ROW_HEIGHT * count), layout="constrained")
    ax = figure.subplots()
    margin = float(rows["margin"].iloc[0])
    ax.axvspan(-margin, margin, color="0.92", zorder=0, linewidth=0)
    ax.axvline(0, color=GRAY, linewidth=0.6, zorder=0)
    ax.set_xlim(-_PADDED * reach, _PADDED * reach)
    labels: list[str] = []
    for group in groups:
        # Beside the axis, a long heading would leave little width for the plot.
        ax.text(0, len(labels), _heading(group.iloc[0]), transform=ax.get_yaxis_transform(), va="center", **_HEADING)
        labels.append("")
        for _, row in group.iterrows():
            _effect(ax, row, len(labels), reach)
            labels.append("all data sets" if row["level"] == "pooled" else inputs.marked_title(str(row["dataset"])))
    ax.set_yticks(range(len(labels)), labels)
    ax.set_ylim(len(labels) - 0.5, -0.5)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.set_xlabel(f"difference ({unit})")
    return figure


def _heading(row: "pd.Series[Any]") -> str:
    against = f", against its {row['placebo']} placebo" if row["placebo"] else ""
    return f"{row['title']}{against}"


def _effect(ax: Axes, row: "pd.Series[Any]", y: int, reach: float) -> None:
    pooled = row["level"] == "pooled"
    color = _COLORS[row["verdict"]]
    numbers = {name: float(row[name]) for name in ("difference", "low", "high", "prediction_low", "prediction_high")}
    for low, high, width in (("prediction_low", "prediction_high", 0.5), ("low", "high", 1.8 if pooled else 1.0)):
        ax.hlines(y, max(numbers[low], -reach), min(numbers[high], reach), colors=color, linewidth=width)
        for end, marker in ((numbers[low], "<"), (numbers[high], ">")):
            if abs(end) > reach:
                ax.plot(reach if end > 0 else -reach, y, marker=marker, markersize=3.5, color=color, clip_on=False)
    ax.scatter(
        numbers["difference"],
        y,
        s=_DIAMOND if pooled else _SQUARE,
        marker="D" if pooled else "s",
        color=color,
        zorder=3,
    )
    interval = f"{signed(numbers['low'], 'x')} to {signed(numbers['high'], 'x')}"
    shown = f"{signed(numbers['difference'], 'x')} ({'no interval' if isnan(numbers['low']) else interval})"
    ax.text(
        1.01, y, shown, transform=ax.get_yaxis_transform(), va="center", fontsize=6, color=color if pooled else "black"
    )
