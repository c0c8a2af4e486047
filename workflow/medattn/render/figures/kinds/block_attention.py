"""Attention maps of blocks inside the networks, a row for each test image.

One column for each network and stage. With `histograms`, a histogram of all weights of the stage below.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from medattn.compare.pairs import arms_of
from medattn.config.mechanisms import is_block_mechanism
from medattn.config.models.figure import Figure as Declared
from medattn.config.resolved import ResolvedPaper
from medattn.render.figures.attention_snapshots import AttentionSnapshot, attention_snapshot, epochs_sentence
from medattn.render.figures.drawing import Drawing, nothing_to_draw
from medattn.render.figures.images import StoredImages, images_at, region_of
from medattn.render.figures.panels import extent, frame, limits, outline, range_text, say, show_image, wrapped
from medattn.render.figures.style import GRAY, MAP_COLORS, TWO_COLUMNS, attention_legend
from medattn.render.inputs import Inputs
from medattn.render.run_lookup import (
    NO_SNAPSHOTS,
    SkippedCell,
    chosen,
    chosen_datasets,
    first_run,
    network_label,
    run_words,
    sentences_on,
)

OPTIONAL_KEYS = ("arms", "backbones", "stages", "images", "histograms")

_SIDE = 1.2
_BINS = 40
_MOST_LISTED = 12
# Meaning of the maps of mechanisms whose weights are not gates.
_MAP_MEANINGS = {
    "nl": "the attention that each pixel receives from all pixels",
    "gc": "the softmax weights that pool the context",
    "ea": "the attention of the memory slots to each pixel",
}
Network = tuple[str, str]


@dataclass(frozen=True)
class _Shown:
    """The maps of all networks on one data set.

    Attributes:
        saved: attention snapshot of the first run, by network.
        images: the images that are drawn.
    """

    dataset: str
    saved: Mapping[Network, AttentionSnapshot]
    images: StoredImages


def draw(inputs: Inputs, paper: ResolvedPaper, declared: Declared) -> Drawing:
    """Draw the maps of the first run of every network on the first images that the run saved."""
    networks = [
        (backbone, arm)
        for backbone in chosen(paper.backbones, declared.backbones)
        for arm in chosen(arms_of(paper, backbone), declared.arms)
        if _attends(paper, backbone, arm)
    ]
    shown, skipped = [], []
    for dataset in chosen_datasets(paper, declared.datasets):
        saved: dict[Network, AttentionSnapshot] = {}
        for backbone, arm in networks:
            run = first_run(inputs, paper, dataset, backbone, arm, with_images=True)
            of_run = None if isinstance(run, SkippedCell) else attention_snapshot(run)
            if of_run is None or not _stages(of_run, declared):
                missing = SkippedCell(dataset, backbone, arm, NO_SNAPSHOTS)
                skipped.append(run if isinstance(run, SkippedCell) else missing)
            else:
                saved[backbone, arm] = of_run
        if saved:
            first = next(iter(saved.values()))
            positions = [int(position) for position in first.positions[: declared.images]]
            shown.append(_Shown(dataset, saved, images_at(Path(first.run.cell.prepared), positions)))
    unseen = sentences_on(inputs, paper, skipped)
    if not shown:
        return nothing_to_draw(" ".join(unseen) or "The selection has none of these networks.")
    columns = _columns(shown, networks, declared)
    return Drawing(
        _figure(inputs, paper, declared, shown, columns),
        _numbers(shown, declared),
        datasets=[of.dataset for of in shown],
        facts=_facts(inputs, paper, shown, declared),
        unseen=unseen,
    )


def _attends(paper: ResolvedPaper, backbone: str, arm: str) -> bool:
    """Return whether a network can have attention blocks: by its arm, or because the package builds the network."""
    attends = is_block_mechanism(paper.arms[arm].mechanism) and paper.arms[arm].placebo != "constant"
    return attends or paper.backbones[backbone].model.startswith("medattn/")


def _stages(saved: AttentionSnapshot, declared: Declared) -> list[int]:
    return [
        stage
        for stage in saved.blocks
        if stage in (declared.stages or saved.blocks) and saved.maps(stage) is not None
    ]  # fmt: skip


def _columns(shown: Sequence[_Shown], networks: Sequence[Network], declared: Declared) -> list[tuple[Network, int]]:
    """Return network and stage of every column that at least one data set fills."""
    return [
        (network, stage)
        for network in networks
        for stage in sorted({s for of in shown if network in of.saved for s in _stages(of.saved[network], declared)})
    ]


def _figure(
    inputs: Inputs,
    paper: ResolvedPaper,
    declared: Declared,
    shown: Sequence[_Shown],
    columns: Sequence[tuple[Network, int]],
) -> Figure:
    across = 1 + len(columns)
    width = min(TWO_COLUMNS, 0.35 + across * _SIDE)
    side = (width - 0.35) / across
    heights = []
    for of in shown:
        heights += [side * of.images.images.shape[1] / of.images.images.shape[2] + 0.2] * len(of.images.images)
        heights += [0.75 * side + 0.1] * declared.histograms
    layout = ConstrainedLayoutEngine(w_pad=0.02, h_pad=0.02, wspace=0.02, hspace=0.02)
    figure = Figure(figsize=(width, sum(heights) + 0.3), layout=layout)
    grid = iter(figure.subplots(len(heights), across, squeeze=False, height_ratios=heights))
    first = True
    for of in shown:
        for number in range(len(of.images.images)):
            _row(next(grid), of, number, columns, inputs.marked_title(of.dataset))
        if declared.histograms:
            _histograms(next(grid), of, columns)
    for ax, (network, stage) in zip(figure.axes[1:across], columns, strict=True):
        _head(ax, _title(paper, network, stage, columns), first)
    attention_legend(figure)
    return figure


def _title(paper: ResolvedPaper, network: Network, stage: int, columns: Sequence[tuple[Network, int]]) -> str:
    """Return the heading of a column: only the parts that differ between columns."""
    backbone, arm = network
    several_backbones = len({name for (name, _), _ in columns}) > 1
    several_arms = len({name for (_, name), _ in columns}) > 1
    label = network_label(paper, backbone, arm) if several_backbones else (paper.arms[arm].label or arm)
    parts = [label] if several_backbones or several_arms else []
    several_stages = max((sum(of == network for of, _ in columns)), 1) > 1
    return "\n".join([*parts, *([f"stage {stage}"] if several_stages or not parts else [])])


def _head(ax: Axes, text: str, bold: bool) -> None:
    old = ax.get_title()
    title = "\n".join([wrapped(line) for line in text.split("\n")] + ([old] if old else []))
    ax.set_title(title, fontsize=6.5, fontweight="bold" if bold else "normal")


def _row(
    axes: Sequence[Axes], of: _Shown, number: int, columns: Sequence[tuple[Network, int]], title: str
) -> None:  # fmt: skip
    image = of.images.images[number]
    region = region_of(Path(next(iter(of.saved.values())).run.cell.prepared))
    show_image(axes[0], image)
    frame(axes[0])
    axes[0].set_xlabel(wrapped(of.images.class_name(number), 22), fontsize=6, labelpad=2)
    if number == 0:
        axes[0].set_ylabel(wrapped(title), fontweight="bold")
    for ax, (network, stage) in zip(axes[1:], columns, strict=True):
        maps = of.saved[network].maps(stage) if network in of.saved else None
        if maps is None:
            say(ax, "not shown:\nsee caption")
            continue
        value = maps[number]
        low, high = limits(value)
        ax.imshow(value, cmap=MAP_COLORS, vmin=low, vmax=high, extent=extent(image))
        frame(ax)
        outline(ax, region)
        ax.set_xlabel(range_text(value), fontsize=5.5, labelpad=2)


def _histograms(axes: Sequence[Axes], of: _Shown, columns: Sequence[tuple[Network, int]]) -> None:
    axes[0].set_axis_off()
    axes[0].text(
        0.97, 0.5, "all weights\nof the stage", transform=axes[0].transAxes, ha="right", va="center", fontsize=6.5
    )
    for ax, (network, stage) in zip(axes[1:], columns, strict=True):
        maps = of.saved[network].maps(stage) if network in of.saved else None
        if maps is None:
            ax.set_axis_off()
            continue
        ax.hist(maps.ravel().astype(np.float64), bins=_BINS, range=limits(maps), color=GRAY)
        ax.set_yticks([])
        ax.tick_params(axis="x", labelsize=5.5)
        ax.locator_params(axis="x", nbins=3)
        ax.spines["left"].set_visible(False)


def _numbers(shown: Sequence[_Shown], declared: Declared) -> pd.DataFrame:
    """Return a row for each image and map: range, and overlap with the known region."""
    rows = []
    for of in shown:
        for (backbone, arm), saved in of.saved.items():
            for stage in _stages(saved, declared):
                maps, overlaps = saved.maps(stage), saved.overlaps(stage)
                assert maps is not None
                for number, value in enumerate(maps):
                    rows.append(
                        {
                            "dataset": of.dataset,
                            "backbone": backbone,
                            "arm": arm,
                            "run": saved.run.run.id,
                            "stage": stage,
                            "block": saved.blocks[stage],
                            "image": int(saved.positions[number]),
                            "drawn": number < len(of.images.images),
                            "min": float(value.min()),
                            "mean": float(value.mean()),
                            "max": float(value.max()),
                            **(asdict(overlaps[number]) if overlaps else {}),
                        }
                    )
    return pd.DataFrame(rows)


def _facts(inputs: Inputs, paper: ResolvedPaper, shown: Sequence[_Shown], declared: Declared) -> list[str]:
    mechanisms = {arm: paper.arms[arm].mechanism for of in shown for _, arm in of.saved}
    others = {arm: name for arm, name in mechanisms.items() if name in _MAP_MEANINGS}
    n = max(len(saved.positions) for of in shown for saved in of.saved.values())
    sentences = [
        f"First test image of each class in the order of the data set; {_runs(shown)}. Dark is high attention; each "
        "map has its own color scale, from its smallest to its largest weight, which are given below it.",
        "A map shows the mean of the attention weights over the channels"
        + "".join(f"; for {paper.arms[arm].label or arm}, {_MAP_MEANINGS[name]}" for arm, name in others.items())
        + ". A stage is represented by its last block with attention.",
    ]
    if epochs := epochs_sentence(saved for of in shown for saved in of.saved.values()):
        sentences.append(epochs)
    if declared.histograms:
        sentences.append(f"Histograms: weights at all pixels of {n} test images.")
    if any(region_of(Path(saved.run.cell.prepared)) is not None for of in shown for saved in of.saved.values()):
        sentences.append("Outlined: the informative region of the images.")
        listed = ", ".join(list(_agreement(inputs, paper, shown, declared))[:_MOST_LISTED])
        sentences.append(f"Mean AUC of the maps as detectors of the region's pixels (chance level 0.50): {listed}.")
    return sentences


def _agreement(inputs: Inputs, paper: ResolvedPaper, shown: Sequence[_Shown], declared: Declared) -> Iterator[str]:
    """Yield the mean AUC, over all saved images, of the maps of each network and stage as detectors of the region."""
    for of in shown:
        data = f" on {inputs.dataset_title(of.dataset)}" if len(shown) > 1 else ""
        for (backbone, arm), saved in of.saved.items():
            for stage in _stages(saved, declared):
                if overlaps := saved.overlaps(stage):
                    auc = np.mean([overlap.auc for overlap in overlaps])
                    yield f"{network_label(paper, backbone, arm)}{data}, stage {stage} {auc:.2f}"


def _runs(shown: Sequence[_Shown]) -> str:
    return run_words(saved.run for of in shown for saved in of.saved.values())
