"""Kind `attention_spread`: how much the weights of attention differ within an image, by stage.

A gate that is 0.5 everywhere changes accuracy by halving features, without attending to anything. The spread of its
weights within an image tells the two apart.
"""

from collections.abc import Iterator

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from medattn.compare.inputs import rows_of
from medattn.compare.pairs import arms_of
from medattn.config.models.figure import Figure as Declared
from medattn.config.resolved import ResolvedPaper
from medattn.render.figures.attention_snapshots import AttentionSnapshot, attention_snapshot, epochs_sentence
from medattn.render.figures.empty import nothing_to_draw
from medattn.render.figures.kinds import Drawing, figure_kind
from medattn.render.figures.style import TWO_COLUMNS, Palette, arm_colors
from medattn.render.inputs import Inputs
from medattn.render.run_lookup import SkippedCell, chosen, chosen_datasets, good_runs, network_label, sentences_on


@figure_kind("attention_spread")
def draw(inputs: Inputs, paper: ResolvedPaper, declared: Declared) -> Drawing:
    """Draw the range of the weights of every stage, with their mean spread within an image."""
    rows, kept, skipped = [], list[AttentionSnapshot](), []
    for dataset in chosen_datasets(paper, declared.datasets):
        for backbone in [declared.backbone] if declared.backbone else list(paper.backbones):
            for arm in chosen(arms_of(paper, backbone) if backbone in paper.backbones else [], declared.arms):
                found = good_runs(inputs, paper, dataset, backbone, arm)
                if isinstance(found, SkippedCell):
                    skipped.append(found)
                    continue
                for run in found:
                    if snapshot := attention_snapshot(run):
                        kept.append(snapshot)
                        place = {"dataset": dataset, "backbone": backbone, "arm": arm, "run": run.run.id}
                        rows += [{**place, "seed": run.run.seed, **row} for row in spreads(snapshot, declared.stages)]
    unseen = sentences_on(inputs, paper, skipped)
    if not rows:
        return nothing_to_draw(" ".join(unseen) or "No run has kept maps of attention inside a network.")
    numbers = pd.DataFrame(rows)
    shown = list(dict.fromkeys(numbers["dataset"]))
    facts = [
        "Lines: least and greatest weight over all pixels of the kept test images and all runs; dots: mean over the "
        "images of the standard deviation within an image, added to and taken from the mean weight. Attention that is "
        "the same at every pixel has no dots apart.",
        epochs_sentence(kept),
    ]
    figure = _figure(inputs, paper, numbers, shown)
    return Drawing(figure, numbers, datasets=shown, facts=[fact for fact in facts if fact], unseen=unseen)


def spreads(kept: AttentionSnapshot, stages: list[int] | None) -> Iterator[dict[str, float | int]]:
    """Yield, for each stage, the range of the weights, their mean, and their mean spread within an image."""
    for stage in kept.blocks:
        maps = kept.maps(stage)
        if maps is None or stage not in (stages or kept.blocks):
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
