"""Attention map before and after training next to the mean training image, a row for each data set."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from medattn.compare.pairs import arms_of
from medattn.config.models.figure import Figure as Declared
from medattn.config.resolved import ResolvedPaper
from medattn.measure.attention_overlap import Overlap, attention_overlap
from medattn.plan.availability import original_path
from medattn.render.figures.drawing import Drawing, nothing_to_draw
from medattn.render.figures.images import Array, TrainingImages, at_size, attention_maps, training_images
from medattn.render.figures.panels import extent, frame, outline, range_text, show_image, wrapped
from medattn.render.figures.style import MAP_COLORS, TWO_COLUMNS
from medattn.render.inputs import Inputs, arm_label, backbone_label
from medattn.render.run_lookup import SkippedCell, backbone_with, chosen_datasets, first_run, sentences_on

NEEDED_KEYS = ("arm",)
OPTIONAL_KEYS = ("backbone", "stretch")

TIMES = {"before": "Before training", "after": "After training"}
_WIDTH = 0.78 * TWO_COLUMNS
_SMALL = 6.2
# Width of the data set titles and the color bars, in inches.
_SIDES = 1.05
_LABEL_LENGTH = 22
_MEANINGS = (
    "Outlined: the informative region of the images. Mass: share of the total attention inside the region; IoU: "
    "overlap of the region with an equal number of pixels of highest attention; AUC: area under the ROC curve of the "
    "map as a detector of the region's pixels. Chance level in brackets."
)


@dataclass(frozen=True)
class _Maps:
    """The maps of one cell, as `of_seed[seed]["before"]` and `["after"]`, the training images, and a remark."""

    dataset: str
    backbone: str
    images: TrainingImages
    of_seed: Mapping[int, Mapping[str, Array]]
    remark: str = ""

    def overlap(self, seed: int, time: str) -> Overlap | None:
        region = self.images.region
        return None if region is None else attention_overlap(at_size(self.of_seed[seed][time], region.shape), region)


def draw(inputs: Inputs, paper: ResolvedPaper, declared: Declared) -> Drawing:
    """Draw the maps of the first seed for every data set, and save those of all seeds as numbers."""
    arm = str(declared.arm)
    if arm not in paper.arms:
        return nothing_to_draw(f"The arm '{arm}' is not in this selection.")
    datasets = chosen_datasets(paper, declared.datasets)
    found = [maps for dataset in datasets if (maps := _maps(inputs, paper, declared, dataset))]
    unseen = sentences_on(inputs, paper, _skipped(inputs, paper, declared, datasets, {maps.dataset for maps in found}))
    if not found:
        return nothing_to_draw(" ".join(unseen) or "The selection has none of the data sets.")
    shown = [maps.dataset for maps in found]
    return Drawing(
        _figure(inputs, found, declared.stretch),
        _numbers(paper.name, arm, found),
        datasets=shown,
        facts=_facts(inputs, paper, declared, found),
        unseen=unseen,
    )


def _skipped(
    inputs: Inputs, paper: ResolvedPaper, declared: Declared, datasets: list[str], found: set[str]
) -> Iterator[SkippedCell]:
    """Yield the data sets without maps, with the reason for the first backbone that has the arm."""
    arm = str(declared.arm)
    for dataset in datasets:
        backbone = backbone_with(paper, arm, declared.backbone)
        if dataset not in found and backbone is not None:
            run = first_run(inputs, paper, dataset, backbone, arm, with_images=True)
            yield run if isinstance(run, SkippedCell) else SkippedCell(dataset, "", "", "its runs saved no maps")


def _maps(inputs: Inputs, paper: ResolvedPaper, declared: Declared, dataset: str) -> _Maps | None:
    """Return the maps of the declared backbone, by default of the first backbone that has any."""
    for backbone in [declared.backbone] if declared.backbone else list(paper.backbones):
        arm = str(declared.arm)
        if backbone not in paper.backbones or arm not in arms_of(paper, backbone):
            continue
        runs = inputs.trained_runs(paper, dataset, backbone, arm)
        of_seed = {seed: attention_maps(run.maps) for seed, run in sorted(runs.items()) if run.maps.exists()}
        cell = inputs.cell(paper, dataset, backbone, arm)
        # Without images, finished runs keep their maps, and the figure says why it doesn't show them.
        gone = cell is not None and cell.missing and not (Path(cell.prepared) / "manifest.json").is_file()
        if of_seed and cell is not None and not gone:
            images, remark = training_images(Path(cell.prepared)), ""
            if images.region is None and not cell.stand_in:
                entry, data = inputs.configuration.datasets[dataset], Path(inputs.configuration.selection.data)
                region, remark = entry.source.expected_region(original_path(dataset, entry, data))
                images = replace(images, region=region)
            return _Maps(dataset, backbone, images, of_seed, remark)
    return None


def _figure(inputs: Inputs, found: list[_Maps], stretch: bool) -> Figure:
    layout = ConstrainedLayoutEngine(w_pad=0.03, h_pad=0.04, wspace=0.03, hspace=0.04)
    figure = Figure(figsize=(_WIDTH, sum(_height(maps) for maps in found)), layout=layout)
    grid = figure.subplots(len(found), 1 + len(TIMES), squeeze=False)
    for number, (maps, axes) in enumerate(zip(found, grid, strict=True)):
        _row(figure, inputs.marked_title(maps.dataset), maps, list(axes), number == 0, stretch)
    return figure


def _height(maps: _Maps) -> float:
    height, width = maps.images.mean.shape[:2]
    lines = 0.5 if maps.images.region is not None else 0.25
    return float((_WIDTH - _SIDES) / (1 + len(TIMES)) * height / width + lines)


def _row(figure: Figure, title: str, maps: _Maps, axes: list[Axes], first: bool, stretch: bool) -> None:
    seed = min(maps.of_seed)
    show_image(axes[0], maps.images.mean)
    axes[0].set_ylabel(wrapped(title, _LABEL_LENGTH), fontweight="bold", labelpad=4)
    lines = [f"n = {maps.images.count}", *([" "] if maps.images.region is not None else [])]
    _caption(axes[0], "Mean training image" if first else "", lines)
    values = [maps.of_seed[seed][time] for time in TIMES]
    if stretch:
        values = [_stretched(value) for value in values]
    low, high = min(float(v.min()) for v in values), max(float(v.max()) for v in values)
    for ax, time, value in zip(axes[1:], TIMES, values, strict=True):
        drawn = ax.imshow(value, cmap=MAP_COLORS, vmin=low, vmax=high, extent=extent(maps.images.mean))
        _caption(ax, TIMES[time] if first else "", _lines(maps.overlap(seed, time)) or [""])
    bar = figure.colorbar(drawn, cax=axes[-1].inset_axes((1.05, 0, 0.05, 1)))
    bar.set_label("stretched attention (dark: high)" if stretch else "attention (dark: high)")
    bar.outline.set_linewidth(0.5)
    for ax in axes:
        frame(ax)
        outline(ax, maps.images.region)


def _stretched(values: Array) -> Array:
    """Return a map scaled so that its minimum is 0 and its maximum 1; a constant map becomes 0."""
    low, high = values.min(), values.max()
    stretched: Array = (values - low) / (high - low) if high > low else np.zeros_like(values)
    return stretched


def _caption(ax: Axes, head: str, lines: list[str]) -> None:
    """Write `lines` above a panel and, above them, the bold heading of its column."""
    ax.set_title("\n".join(lines), fontsize=_SMALL, linespacing=1.25)
    if head:
        above = (0.5, 1.0)
        offset = (0, 6.5 + 1.45 * _SMALL * len(lines))
        ax.annotate(
            head,
            above,
            offset,
            xycoords="axes fraction",
            textcoords="offset points",
            ha="center",
            fontweight="bold",
        )


def _lines(overlap: Overlap | None) -> list[str]:
    if overlap is None:
        return []
    return [
        f"mass {overlap.mass:.2f} ({overlap.area:.2f})   IoU {overlap.iou:.2f} ({overlap.chance_iou:.2f})",
        f"AUC {overlap.auc:.2f} (0.50)",
    ]


def _numbers(paper: str, arm: str, found: list[_Maps]) -> pd.DataFrame:
    """Return a row for each data set, seed and time: range of the map, and overlap with the known region."""
    rows = []
    for maps in found:
        place = {"paper": paper, "dataset": maps.dataset, "backbone": maps.backbone, "arm": arm}
        for seed, of_time in maps.of_seed.items():
            for time in TIMES:
                values, overlap = of_time[time], maps.overlap(seed, time)
                measures = asdict(overlap) if overlap else dict.fromkeys(Overlap.__annotations__)
                summary = {
                    "mean": float(values.mean()),
                    "min": float(values.min()),
                    "max": float(values.max()),
                }
                rows.append({**place, "seed": seed, "map": time, **summary, **measures})
    return pd.DataFrame(rows)


def _facts(inputs: Inputs, paper: ResolvedPaper, declared: Declared, found: list[_Maps]) -> list[str]:
    arm = arm_label(paper, str(declared.arm))
    scale = (
        "each map is stretched to 0..1, which hides its range"
        if declared.stretch
        else "the two maps of a row share a color scale"
    )
    sentences = [f"Dark is high attention; {scale}."]
    if any(maps.images.region is not None for maps in found):
        sentences.append(_MEANINGS)
    for maps in found:
        title, seeds = inputs.dataset_title(maps.dataset), list(maps.of_seed)
        label = backbone_label(paper, maps.backbone)
        sentence = f"{title}: {label}, {arm}, seed {seeds[0]}"
        if declared.stretch:
            sentence += "".join(f"; {time} training {range_text(maps.of_seed[seeds[0]][time])}" for time in TIMES)
        if maps.images.region is not None and len(seeds) > 1:
            auc = [overlap.auc for seed in seeds if (overlap := maps.overlap(seed, "after"))]
            sentence += f"; AUC after training, over {len(auc)} runs: {np.mean(auc):.2f} ± {np.std(auc, ddof=1):.2f}"
        sentences.append(f"{sentence}; {maps.remark}." if maps.remark else f"{sentence}.")
    return sentences
