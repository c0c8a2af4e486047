"""Spread of the attention weights within an image, by stage of the network.

A gate that is 0.5 everywhere halves the features and can change accuracy without attending to anything. The spread of
its weights within an image reveals that.
"""

from collections.abc import Iterator

import pandas as pd
from matplotlib.axes import Axes

from medattn.config.models.figure import Figure as Declared
from medattn.config.resolved import ResolvedPaper
from medattn.render.figures.attention_snapshots import AttentionSnapshot, attention_snapshot, epochs_sentence
from medattn.render.figures.drawing import Drawing, nothing_to_draw
from medattn.render.figures.networks_by_dataset import draw_networks, runs_of_networks
from medattn.render.figures.style import arm_colors
from medattn.render.inputs import Inputs
from medattn.render.run_lookup import SkippedCell, sentences_on

OPTIONAL_KEYS = ("arms", "backbone", "stages")


def draw(inputs: Inputs, paper: ResolvedPaper, declared: Declared) -> Drawing:
    """Draw the range of the weights at every stage and their mean spread within an image."""
    rows, saved, skipped = [], list[AttentionSnapshot](), list[SkippedCell]()
    for found in runs_of_networks(inputs, paper, declared):
        if isinstance(found, SkippedCell):
            skipped.append(found)
        elif snapshot := attention_snapshot(found[1]):
            saved.append(snapshot)
            rows += [{**found[0], **row} for row in spreads(snapshot, declared.stages)]
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
    palette = arm_colors(paper)

    def line(ax: Axes, rows: pd.DataFrame, place: int, arm: str) -> None:
        ax.plot([rows["least"].min(), rows["greatest"].max()], [place, place], color=palette[arm], linewidth=0.8)
        mean, spread = rows["mean"].mean(), rows["spread"].mean()
        ax.scatter([mean - spread, mean + spread], [place, place], s=9, color=[palette[arm]], zorder=3)

    stages = numbers.assign(stage=[f"stage {stage}" for stage in numbers["stage"]])
    figure = draw_networks(inputs, paper, stages, "stage", "weight", line)
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
