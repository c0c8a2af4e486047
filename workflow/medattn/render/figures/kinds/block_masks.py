"""Single channels of the first attention mask inside a network, a row for each test image."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from medattn.config.models.figure import Figure as Declared
from medattn.config.resolved import ResolvedPaper
from medattn.plan.finished_run import FinishedRun
from medattn.render.figures.attention_snapshots import AttentionSnapshot, attention_snapshot
from medattn.render.figures.drawing import Drawing
from medattn.render.figures.images import images_at, region_of
from medattn.render.figures.panels import extent, frame, limits, outline, range_text, show_image, wrapped
from medattn.render.figures.per_dataset import per_dataset
from medattn.render.figures.style import TWO_COLUMNS
from medattn.render.inputs import Inputs
from medattn.render.run_lookup import NO_SNAPSHOTS, SkippedCell, first_run, run_words

NEEDED_KEYS = ("arm",)
OPTIONAL_KEYS = ("backbone", "images")


def draw(inputs: Inputs, paper: ResolvedPaper, declared: Declared) -> Drawing:
    """Draw the channels that the first seed's run has kept of the first block whose weights differ by channel."""

    def look_up(
        dataset: str, backbone: str, arm: str
    ) -> tuple[FinishedRun, tuple[AttentionSnapshot, int]] | SkippedCell:
        run = first_run(inputs, paper, dataset, backbone, arm)
        if isinstance(run, SkippedCell):
            return run
        kept = attention_snapshot(run)
        stage = None if kept is None else next((stage for stage in kept.blocks if kept.masks(stage)), None)
        if kept is None or stage is None:
            return SkippedCell(dataset, backbone, arm, NO_SNAPSHOTS)
        return run, (kept, stage)

    found = per_dataset(inputs, paper, declared, look_up)
    if isinstance(found, Drawing):
        return found
    facts = [
        f"{found.network}, {run_words(found.runs)}; test images, the first of each class by place in the data set.",
        "The first mask of the network: channels spread evenly over all, each from white (its greatest weight, which "
        "enhances) to black (its least), and gray where it hardly varies.",
    ]
    shown = found.by_dataset
    numbers = pd.DataFrame(
        [row for name, (kept, stage) in shown.items() for row in _rows(name, kept, stage, declared.images)]
    )
    return Drawing(
        _figure(inputs, shown, declared.images), numbers, datasets=list(shown), facts=facts, unseen=found.unseen
    )


def _rows(dataset: str, kept: AttentionSnapshot, stage: int, images: int) -> list[dict[str, object]]:
    """Return a row per image and channel, with the range of the mask."""
    masks = kept.masks(stage)
    assert masks is not None
    return [
        {
            "dataset": dataset,
            "run": kept.found.run.id,
            "block": kept.blocks[stage],
            "image": int(kept.positions[number]),
            "channel": channel,
            "min": float(mask.min()),
            "mean": float(mask.mean()),
            "max": float(mask.max()),
        }
        for number, of_image in enumerate(masks[0][:images])
        for channel, mask in zip(masks[1], of_image, strict=True)
    ]


def _figure(inputs: Inputs, found: dict[str, tuple[AttentionSnapshot, int]], images: int) -> Figure:
    drawn = [(dataset, kept, stage, number) for dataset, (kept, stage) in found.items() for number in range(images)]
    drawn = [(d, kept, stage, n) for d, kept, stage, n in drawn if n < len(np.atleast_1d(_masks(kept, stage)[0]))]
    across = 1 + max(len(_masks(kept, stage)[1]) for _, kept, stage, _ in drawn)
    side = (TWO_COLUMNS - 0.35) / across
    layout = ConstrainedLayoutEngine(w_pad=0.015, h_pad=0.02, wspace=0.01, hspace=0.02)
    figure = Figure(figsize=(TWO_COLUMNS, len(drawn) * (side + 0.2) + 0.15), layout=layout)
    grid = figure.subplots(len(drawn), across, squeeze=False)
    for row, ((dataset, kept, stage, number), axes) in enumerate(zip(drawn, grid, strict=True)):
        prepared = Path(kept.found.cell.prepared)
        stored = images_at(prepared, [int(kept.positions[number])])
        show_image(axes[0], stored.images[0])
        axes[0].set_xlabel(wrapped(stored.class_name(0)), fontsize=6, labelpad=2)
        if number == 0:
            axes[0].set_ylabel(wrapped(inputs.marked_title(dataset)), fontweight="bold")
        masks, channels = _masks(kept, stage)
        for place, ax in enumerate(axes[1:]):
            if place >= len(channels):
                ax.set_visible(False)
                continue
            mask = masks[number, place]
            low, high = limits(mask)
            ax.imshow(mask, cmap="gray", vmin=low, vmax=high, extent=extent(stored.images[0]))
            outline(ax, region_of(prepared))
            ax.set_xlabel(range_text(mask), fontsize=5.5, labelpad=2)
            if row == 0:
                ax.set_title(f"channel {channels[place]}", fontsize=6)
        for ax in axes:
            frame(ax)
    return figure


def _masks(kept: AttentionSnapshot, stage: int) -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.float32]], list[int]]:
    masks = kept.masks(stage)
    assert masks is not None
    return masks
