"""Box plots of internal values of a mechanism, a row for each kind of value and a column for each stage."""

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from medattn.config.models.figure import Figure as Declared
from medattn.config.resolved import ResolvedPaper
from medattn.plan.finished_run import FinishedRun
from medattn.render.figures.attention_snapshots import AttentionSnapshot, attention_snapshot
from medattn.render.figures.drawing import Drawing
from medattn.render.figures.images import Array
from medattn.render.figures.per_dataset import per_dataset
from medattn.render.figures.style import GRAY, TWO_COLUMNS
from medattn.render.inputs import Inputs
from medattn.render.run_lookup import NO_SNAPSHOTS, SkippedCell, first_run, run_words
from medattn.result_tables import rows_of

NEEDED_KEYS = ("arm", "values")
OPTIONAL_KEYS = ("backbone", "stages")

# Percentiles of the boxes and whiskers.
_BOX = {"whislo": 1, "q1": 25, "med": 50, "q3": 75, "whishi": 99}


def draw(inputs: Inputs, paper: ResolvedPaper, declared: Declared) -> Drawing:
    """Draw box plots from the quantiles that the first seed's run saved."""
    values = declared.values or []

    def look_up(dataset: str, backbone: str, arm: str) -> tuple[FinishedRun, tuple[pd.DataFrame, int]] | SkippedCell:
        run = first_run(inputs, paper, dataset, backbone, arm)
        if isinstance(run, SkippedCell):
            return run
        saved = attention_snapshot(run)
        boxes = None if saved is None else _boxes(saved, values, declared)
        if saved is None or boxes is None or boxes.empty:
            return SkippedCell(dataset, backbone, arm, NO_SNAPSHOTS)
        return run, (boxes, len(saved.positions))

    found = per_dataset(inputs, paper, declared, look_up)
    if isinstance(found, Drawing):
        return found
    boxes = [boxes.assign(dataset=name) for name, (boxes, _) in found.by_dataset.items()]
    numbers, shown = pd.concat(boxes, ignore_index=True), list(found.by_dataset)
    images = next(images for _, images in found.by_dataset.values())
    facts = [
        f"{found.network}, {run_words(found.runs)}, last block with attention of each stage.",
        f"Boxes: quartiles over all pixels of {images} test images; for trained parameters, over their entries. "
        "Whiskers: 1st and 99th percentile.",
    ]
    return Drawing(_figure(inputs, numbers, shown, values), numbers, datasets=shown, facts=facts, unseen=found.unseen)


def _boxes(saved: AttentionSnapshot, values: list[str], declared: Declared) -> pd.DataFrame:
    """Return a row for each kind of value, stage and distribution, with the drawn quantiles."""
    rows = []
    for value in values:
        for stage in saved.blocks:
            quantiles = saved.quantiles(stage, value) if stage in (declared.stages or saved.blocks) else None
            for number, of_row in enumerate(quantiles if quantiles is not None else [], start=1):
                place = {"value": value, "stage": stage, "block": saved.blocks[stage], "distribution": number}
                rows.append({**place, **{name: _quantile(of_row, percent) for name, percent in _BOX.items()}})
    return pd.DataFrame(rows)


def _quantile(of_row: Array, percent: int) -> float:
    """Interpolate a percentile from the saved, evenly spaced quantiles."""
    return float(np.interp(percent / 100, np.linspace(0, 1, len(of_row)), of_row))


def _figure(inputs: Inputs, numbers: pd.DataFrame, shown: list[str], values: list[str]) -> Figure:
    lines = [(dataset, value) for dataset in shown for value in values]
    stages = sorted(numbers["stage"].unique())
    figure = Figure(figsize=(min(TWO_COLUMNS, 0.4 + 2.2 * len(stages)), 1.3 * len(lines) + 0.2), layout="constrained")
    grid = figure.subplots(len(lines), len(stages), squeeze=False, sharey="row")
    for row, ((dataset, value), axes) in enumerate(zip(lines, grid, strict=True)):
        for stage, ax in zip(stages, axes, strict=True):
            _panel(ax, rows_of(numbers, dataset=dataset, value=value, stage=stage))
            if row == 0:
                ax.set_title(f"stage {stage}", fontweight="bold")
            if row == len(lines) - 1:
                ax.set_xlabel("distribution")
        axes[0].set_ylabel(value if value != values[0] else f"{inputs.marked_title(dataset)}\n{value}")
    return figure


def _panel(ax: Axes, boxes: pd.DataFrame) -> None:
    ax.axhline(0, color=GRAY, linewidth=0.5, zorder=0)
    if boxes.empty:
        return
    colors = sns.color_palette("colorblind", len(boxes))
    drawn = ax.bxp(
        [{**{name: row[name] for name in _BOX}, "label": str(row["distribution"])} for row in boxes.to_dict("records")],
        showfliers=False, patch_artist=True, widths=0.6,
        medianprops={"color": "black", "linewidth": 0.8},
        whiskerprops={"linewidth": 0.6}, capprops={"linewidth": 0.6}, boxprops={"linewidth": 0.4},
    )  # fmt: skip
    for box, color in zip(drawn["boxes"], colors, strict=True):
        box.set_facecolor(color)
