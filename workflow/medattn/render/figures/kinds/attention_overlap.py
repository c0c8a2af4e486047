"""How well attention maps find the informative region of phantom images, compared with chance."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes

from medattn.config.models.figure import Figure as Declared
from medattn.config.resolved import ResolvedPaper
from medattn.measure.attention_overlap import Overlap, attention_overlap
from medattn.plan.finished_run import FinishedRun
from medattn.render.figures.attention_snapshots import attention_snapshot
from medattn.render.figures.drawing import Drawing, nothing_to_draw
from medattn.render.figures.images import Array, at_size, region_of
from medattn.render.figures.networks_by_dataset import draw_networks, runs_of_networks
from medattn.render.figures.style import GRAY, arm_colors
from medattn.render.inputs import Inputs
from medattn.render.run_lookup import SkippedCell, arrays_of

OPTIONAL_KEYS = ("arms", "backbone")

_CHANCE = 0.5
_ON_IMAGES = "on the input"


def draw(inputs: Inputs, paper: ResolvedPaper, declared: Declared) -> Drawing:
    """Draw the AUC of each run's maps as detectors of the region's pixels, and the mean over runs."""
    rows = []
    for found in runs_of_networks(inputs, paper, declared, with_images=True):
        if not isinstance(found, SkippedCell):
            place, run = found
            rows += [{**place, **row} for row in _overlaps(run)]
    if not rows:
        return nothing_to_draw("No run has attention maps on images with a known informative region, such as phantoms.")
    numbers = pd.DataFrame(rows)
    shown = list(dict.fromkeys(numbers["dataset"]))
    facts = [
        "Area under the ROC curve (AUC) of an attention map as a detector of the pixels of the informative region; 0.5 "
        "is the chance level. Dots: runs; for attention inside a network, the mean over the saved test images, from "
        "the last block of a stage. Diamonds: means over runs.",
    ]
    palette = arm_colors(paper)

    def line(ax: Axes, rows: pd.DataFrame, place: int, arm: str) -> None:
        auc, color = rows["auc"], palette[arm]
        ax.scatter(auc, [place] * len(auc), s=8, color=[color], alpha=0.6, linewidths=0)
        ax.scatter(auc.mean(), place, s=18, marker="D", color=[color], edgecolors="white", linewidths=0.5, zorder=3)

    figure = draw_networks(inputs, paper, numbers, "where", "AUC of the maps", line)
    for ax in figure.axes:
        _mark_chance(ax)
    return Drawing(figure, numbers, datasets=shown, facts=facts)


def _overlaps(run: FinishedRun) -> Iterator[dict[str, object]]:
    """Yield the mean overlap of each map of a run: of the map on the input images, and of each stage."""
    region = region_of(Path(run.cell.prepared))
    if region is None:
        return
    maps = arrays_of(run, run.files.maps.name)
    if "after" in maps:
        after: Array = at_size(maps["after"].astype("float32"), region.shape)
        yield {"where": _ON_IMAGES, "maps": 1, **_mean([attention_overlap(after, region)])}
    saved = attention_snapshot(run)
    for stage in saved.blocks if saved is not None else ():
        assert saved is not None
        overlaps = saved.overlaps(stage)
        if overlaps:
            yield {"where": f"stage {stage}", "maps": len(overlaps), **_mean(overlaps)}


def _mean(overlaps: list[Overlap]) -> dict[str, float]:
    table = pd.DataFrame([asdict(overlap) for overlap in overlaps])
    return {str(name): float(value) for name, value in table.mean().items()}


def _mark_chance(ax: Axes) -> None:
    ax.axvline(_CHANCE, color=GRAY, linewidth=0.6, linestyle=(0, (4, 3)), zorder=0)
    ax.annotate(
        "chance", (_CHANCE, 1), xycoords=ax.get_xaxis_transform(), xytext=(2, -1), va="top", textcoords="offset points",
        color=GRAY, fontsize=6,
    )  # fmt: skip
    ax.set_xlim(0, 1)
