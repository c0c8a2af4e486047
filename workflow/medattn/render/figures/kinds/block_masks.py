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

_Masks = tuple[AttentionSnapshot, int]
"""What a run saved, and the stage whose masks are drawn."""


def draw(inputs: Inputs, paper: ResolvedPaper, declared: Declared) -> Drawing:
    """Draw the saved channels of the first block whose weights differ by channel, from the first seed's run."""

    def look_up(
        dataset: str, backbone: str, arm: str
    ) -> tuple[FinishedRun, tuple[AttentionSnapshot, int]] | SkippedCell:
        run = first_run(inputs, paper, dataset, backbone, arm, with_images=True)
        if isinstance(run, SkippedCell):
            return run
        saved = attention_snapshot(run)
        stage = None if saved is None else next((stage for stage in saved.blocks if saved.masks(stage)), None)
        if saved is None or stage is None:
            return SkippedCell(dataset, backbone, arm, NO_SNAPSHOTS)
        return run, (saved, stage)

    found = per_dataset(inputs, paper, declared, look_up)
    if isinstance(found, Drawing):
        return found
    facts = [
        f"{found.network}, {run_words(found.runs)}; first test image of each class in the order of the data set.",
        "Channels of the first mask of the network, evenly spaced over all channels. White is the largest weight of a "
        "channel, which enhances features, and black the smallest; a nearly constant channel is gray.",
    ]
    shown = found.by_dataset
    numbers = pd.DataFrame(
        [row for name, (saved, stage) in shown.items() for row in _rows(name, saved, stage, declared.images)]
    )
    return Drawing(
        _figure(inputs, shown, declared.images), numbers, datasets=list(shown), facts=facts, unseen=found.unseen
    )


def _rows(dataset: str, saved: AttentionSnapshot, stage: int, images: int) -> list[dict[str, object]]:
    """Return a row for each image and channel, with the range of the mask."""
    masks = saved.masks(stage)
    assert masks is not None
    return [
        {
            "dataset": dataset,
            "run": saved.run.run.id,
            "block": saved.blocks[stage],
            "image": int(saved.positions[number]),
            "channel": channel,
            "min": float(mask.min()),
            "mean": float(mask.mean()),
            "max": float(mask.max()),
        }
        for number, of_image in enumerate(masks[0][:images])
        for channel, mask in zip(masks[1], of_image, strict=True)
    ]


def _figure(inputs: Inputs, found: dict[str, _Masks], images: int) -> Figure:
    drawn = [(dataset, saved, stage, number) for dataset, (saved, stage) in found.items() for number in range(images)]
    drawn = [(d, saved, stage, n) for d, saved, stage, n in drawn if n < len(np.atleast_1d(_masks(saved, stage)[0]))]
    across = 1 + max(len(_masks(saved, stage)[1]) for _, saved, stage, _ in drawn)
    side = (TWO_COLUMNS - 0.35) / across
    layout = ConstrainedLayoutEngine(w_pad=0.015, h_pad=0.02, wspace=0.01, hspace=0.02)
    figure = Figure(figsize=(TWO_COLUMNS, len(drawn) * (side + 0.2) + 0.15), layout=layout)
    grid = figure.subplots(len(drawn), across, squeeze=False)
    for row, ((dataset, saved, stage, number), axes) in enumerate(zip(drawn, grid, strict=True)):
        prepared = Path(saved.run.cell.prepared)
        stored = images_at(prepared, [int(saved.positions[number])])
        show_image(axes[0], stored.images[0])
        axes[0].set_xlabel(wrapped(stored.class_name(0)), fontsize=6, labelpad=2)
        if number == 0:
            axes[0].set_ylabel(wrapped(inputs.marked_title(dataset)), fontweight="bold")
        masks, channels = _masks(saved, stage)
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


def _masks(saved: AttentionSnapshot, stage: int) -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.float32]], list[int]]:
    masks = saved.masks(stage)
    assert masks is not None
    return masks
