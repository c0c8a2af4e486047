"""Spread of the attention weights within an image, by stage of the network.

A gate that is 0.5 everywhere halves the features and can change accuracy without attending to anything. The spread of
its weights within an image reveals that.
"""

from collections.abc import Iterator

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from medattn.compare.pairs import arms_of
from medattn.config.models.figure import Figure as Declared
from medattn.config.resolved import ResolvedPaper
from medattn.render.figures.attention_snapshots import AttentionSnapshot, attention_snapshot, epochs_sentence
from medattn.render.figures.drawing import Drawing, nothing_to_draw
from medattn.render.figures.style import TWO_COLUMNS, Palette, arm_colors
from medattn.render.inputs import Inputs
from medattn.render.run_lookup import (
    SkippedCell,
    chosen,
    chosen_datasets,
    network_label,
    sentences_on,
    successful_runs,
)
from medattn.result_tables import rows_of

OPTIONAL_KEYS = ("arms", "backbone", "stages")


def draw(inputs: Inputs, paper: ResolvedPaper, declared: Declared) -> Drawing:
    """Draw the range of the weights at every stage and their mean spread within an image."""
    rows, saved, skipped = [], list[AttentionSnapshot](), []
    for dataset in chosen_datasets(paper, declared.datasets):
        for backbone in [declared.backbone] if declared.backbone else list(paper.backbones):
            for arm in chosen(arms_of(paper, backbone) if backbone in paper.backbones else [], declared.arms):
                found = successful_runs(inputs, paper, dataset, backbone, arm)
                if isinstance(found, SkippedCell):
                    skipped.append(found)
                    continue
                for run in found:
                    if snapshot := attention_snapshot(run):
                        saved.append(snapshot)
                        place = {"dataset": dataset, "backbone": backbone, "arm": arm, "run": run.run.id}
                        rows += [{**place, "seed": run.run.seed, **row} for row in spreads(snapshot, declared.stages)]
    unseen = sentences_on(inputs, paper, skipped)
    if not rows:
        return nothing_to_draw(" ".join(unseen) or "No run has saved maps of attention inside a network.")
    numbers = pd.DataFrame(rows)
    shown = list(dict.fromkeys(numbers["dataset"]))
    facts = [
        "Lines: minimum to maximum weight over all pixels of the saved test images and all runs. Dots: the mean weight "
        "plus and minus the standard deviation within an image, averaged over the images. If the attention is the same "
        "at every pixel, the two dots coincide.",
        epochs_sentence(saved),
    ]
    figure = _figure(inputs, paper, numbers, shown)
    return Drawing(figure, numbers, datasets=shown, facts=[fact for fact in facts if fact], unseen=unseen)


def spreads(snapshot: AttentionSnapshot, stages: list[int] | None) -> Iterator[dict[str, float | int]]:
    """Yield the range of the weights, their mean and their mean spread within an image, for each stage."""
    for stage in snapshot.blocks:
        maps = snapshot.maps(stage)
        if maps is None or stage not in (stages or snapshot.blocks):
            continue
        of_images = maps.reshape(len(maps), -1)
        yield {
            "stage": stage,
            "images": len(of_images),
            "least": float(of_images.min()),
            "greatest": float(of_images.max()),
            "mean": float(of_images.mean()),
            "spread": float(of_images.std(axis=1).mean()),
        }


def _figure(inputs: Inputs, paper: ResolvedPaper, numbers: pd.DataFrame, shown: list[str]) -> Figure:
    lines = list(dict.fromkeys(zip(numbers["backbone"], numbers["arm"], numbers["stage"], strict=True)))
    figure = Figure(figsize=(min(TWO_COLUMNS, 2.2 + 2.2 * len(shown)), 0.8 + 0.2 * len(lines)), layout="constrained")
    palette = arm_colors(paper)
    axes = figure.subplots(1, len(shown), squeeze=False, sharey=True)[0]
    for ax, dataset in zip(axes, shown, strict=True):
        _panel(ax, rows_of(numbers, dataset=dataset), lines, palette)
        ax.set_title(inputs.marked_title(dataset), fontweight="bold", loc="left")
        ax.set_xlabel("weight")
    names = [f"{network_label(paper, backbone, arm)}, stage {stage}" for backbone, arm, stage in lines]
    axes[0].set_yticks(range(len(lines)), names)
    axes[0].set_ylim(len(lines) - 0.5, -0.5)
    return figure


def _panel(ax: Axes, numbers: pd.DataFrame, lines: list[tuple[str, str, int]], palette: Palette) -> None:
    for place, (backbone, arm, stage) in enumerate(lines):
        rows = rows_of(numbers, backbone=backbone, arm=arm, stage=stage)
        if len(rows):
            ax.plot([rows["least"].min(), rows["greatest"].max()], [place, place], color=palette[arm], linewidth=0.8)
            mean, spread = rows["mean"].mean(), rows["spread"].mean()
            ax.scatter([mean - spread, mean + spread], [place, place], s=9, color=[palette[arm]], zorder=3)
    ax.tick_params(axis="y", length=0)
