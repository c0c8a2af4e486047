"""A metric of each run or fold by network, a panel for each data set."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from medattn.compare.pairs import arms_of
from medattn.config.models.figure import Figure as Declared
from medattn.config.resolved import ResolvedPaper
from medattn.metrics.metric import MEAN
from medattn.metrics.registry import METRICS
from medattn.render.figures.drawing import Drawing, nothing_to_draw
from medattn.render.figures.style import GRAY, TWO_COLUMNS, seed_color, seed_handles
from medattn.render.inputs import Inputs
from medattn.render.run_lookup import SkippedCell, as_sentence, chosen, chosen_datasets, network_label, sentences_on
from medattn.render.tables.table_columns import Column
from medattn.render.tables.table_values import published_value
from medattn.result_tables import rows_of, rows_of_paper

NEEDED_KEYS = ("metric",)
OPTIONAL_KEYS = ("arms", "backbones", "positive_class")

_LEAST_FOR_A_BOX = 5
_MOST_IN_A_ROW = 7


def draw(inputs: Inputs, paper: ResolvedPaper, declared: Declared) -> Drawing:
    """Draw a dot for each run or fold, a box if there are at least five, and the published value."""
    networks = [
        (backbone, arm)
        for backbone in chosen(paper.backbones, declared.backbones)
        for arm in chosen(arms_of(paper, backbone), declared.arms)
    ]
    metric, class_name = METRICS[declared.metric], _class_name(declared)
    parts, skipped = [], []
    for dataset in chosen_datasets(paper, declared.datasets):
        for backbone, arm in networks:
            if not paper.trains(dataset, backbone, arm):
                continue
            place = {"dataset": dataset, "backbone": backbone, "arm": arm}
            rows = rows_of_paper(inputs.measurements, paper, metric=declared.metric, class_name=class_name, **place)
            single = _single(rows)
            if single.empty:
                skipped.append(SkippedCell(dataset, backbone, arm, _reason(rows)))
            parts.append(single)
    unseen = sentences_on(inputs, paper, skipped)
    numbers = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    if numbers.empty:
        return nothing_to_draw(" ".join(unseen) or "The selection has none of these networks.")
    numbers = _with_published(inputs, paper, declared, numbers)
    shown = list(dict.fromkeys(numbers["dataset"]))
    folds = bool((numbers["procedure"] == "fold").any())
    facts = [
        as_sentence(metric.words + (f" (positive: {class_name})" if metric.classes == "positive" else "")),
        f"Dots: {'folds of each seed' if folds else 'runs, one for each seed'}. Boxes, for at least {_LEAST_FOR_A_BOX} "
        "dots: quartiles, with whiskers to the smallest and the largest value. Diamonds: published values.",
    ]
    return Drawing(
        _figure(inputs, paper, declared, numbers, shown), numbers, datasets=shown, facts=facts, unseen=unseen
    )


def _class_name(declared: Declared) -> str:
    kind = METRICS[declared.metric].classes
    return {"none": "", "each": MEAN, "positive": declared.positive_class or ""}[kind]


def _single(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the measured values of single folds, or of single seeds if there are no folds."""
    good = rows_of(rows, status="measured")
    folds = rows_of(good, procedure="fold")
    single = folds if len(folds) else rows_of(good, procedure="epochs")
    return single[["dataset", "backbone", "arm", "procedure", "seed", "fold", "value"]]


def _reason(rows: pd.DataFrame) -> str:
    reasons = [reason for reason in rows["reason"] if reason]
    return reasons[0] if reasons else "not in this selection"


def _with_published(inputs: Inputs, paper: ResolvedPaper, declared: Declared, numbers: pd.DataFrame) -> pd.DataFrame:
    """Return `numbers` with a column of published values, in the unit of the measurements."""
    tables = inputs.published(paper.name)
    tables = tables[tables["table"].isin(paper.tables)]
    values = []
    for row in numbers.to_dict("records"):
        rows = rows_of(tables, backbone=row["backbone"], arm=row["arm"])
        published = published_value(rows, Column(row["dataset"], declared.metric, _class_name(declared)))
        fraction = published is not None and _published_as_fraction(rows, declared)
        values.append(float("nan") if published is None else float(published.mean) * (100 if fraction else 1))
    return numbers.assign(published=values)


def _published_as_fraction(rows: pd.DataFrame, declared: Declared) -> bool:
    """Return whether the paper publishes a metric as a fraction that is measured in percent."""
    facts = METRICS[declared.metric]
    of_metric = rows[rows["metric"].isin([declared.metric, facts.published or declared.metric])]
    return facts.unit == "percent" and bool((of_metric["unit"] == "fraction").all())


def _figure(
    inputs: Inputs, paper: ResolvedPaper, declared: Declared, numbers: pd.DataFrame, shown: list[str]
) -> Figure:
    networks = list(dict.fromkeys(zip(numbers["backbone"], numbers["arm"], strict=True)))
    figure = Figure(
        figsize=(min(TWO_COLUMNS, 1.8 + 2.6 * len(shown)), 0.9 + 0.28 * len(networks)), layout="constrained"
    )
    axes = figure.subplots(1, len(shown), squeeze=False, sharey=True)[0]
    for ax, dataset in zip(axes, shown, strict=True):
        _panel(ax, rows_of(numbers, dataset=dataset), networks)
        ax.set_title(inputs.marked_title(dataset), fontweight="bold", loc="left")
        unit = " (%)" if METRICS[declared.metric].unit == "percent" else ""
        ax.set_xlabel(f"{METRICS[declared.metric].words.partition(',')[0]}{unit}")
    axes[0].set_yticks(range(len(networks)), [network_label(paper, *network) for network in networks])
    axes[0].set_ylim(len(networks) - 0.5, -0.5)
    dots: dict[str, Any] = {"linestyle": "", "markersize": 4}
    seeds = [int(seed) for seed in numbers["seed"]]
    reproduced = Line2D([], [], color=seed_color(seeds[0]), marker="o", label="reproduced", **dots)
    handles = seed_handles(seeds) or [reproduced]
    if numbers["published"].notna().any():
        handles.append(
            Line2D([], [], marker="D", markeredgecolor="black", markerfacecolor="none", label="published", **dots)
        )
    figure.legend(handles=handles, loc="outside upper right", ncols=min(_MOST_IN_A_ROW, len(handles)))
    return figure


def _panel(ax: Axes, numbers: pd.DataFrame, networks: list[tuple[str, str]]) -> None:
    for place, (backbone, arm) in enumerate(networks):
        of_network = rows_of(numbers, backbone=backbone, arm=arm)
        values = of_network["value"].astype(float)
        if len(values) >= _LEAST_FOR_A_BOX:
            ax.boxplot(
                [values], positions=[place], orientation="horizontal", widths=0.55, showfliers=False, whis=(0, 100),
                manage_ticks=False, medianprops={"color": "black"}, boxprops={"color": GRAY, "linewidth": 0.6},
                whiskerprops={"color": GRAY, "linewidth": 0.6}, capprops={"color": GRAY, "linewidth": 0.6},
            )  # fmt: skip
        colors = [seed_color(int(seed)) for seed in of_network["seed"]]
        ax.scatter(values, [place] * len(values), s=9, color=colors, alpha=0.7, linewidths=0, zorder=3)
        published = of_network["published"].dropna().unique()
        ax.scatter(
            published, [place] * len(published), s=20, marker="D", facecolors="none", edgecolors="black", zorder=4
        )
    ax.tick_params(axis="y", length=0)
    ax.grid(axis="x", color="0.9", linewidth=0.5)
    ax.set_axisbelow(True)
