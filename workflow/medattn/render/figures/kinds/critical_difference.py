"""Mean ranks of arms over data sets, with Nemenyi's critical difference.

Demšar, "Statistical Comparisons of Classifiers over Multiple Data Sets", JMLR 2006, Fig. 1.
"""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from medattn.compare.rankings import ALL
from medattn.config.models.figure import Figure as Declared
from medattn.config.resolved import ResolvedPaper
from medattn.metrics.registry import METRICS
from medattn.render.figures.drawing import Drawing, nothing_to_draw
from medattn.render.figures.style import GRAY, TWO_COLUMNS
from medattn.render.inputs import Inputs, backbone_label
from medattn.render.run_lookup import as_sentence
from medattn.result_tables import rows_of

OPTIONAL_KEYS = ("metric", "whole_paper")

# Heights in inches: a line of names, the axis with its labels, and a bar of a clique.
_LINE, _AXIS, _BAR = 0.17, 0.62, 0.07


def draw(inputs: Inputs, paper: ResolvedPaper, declared: Declared) -> Drawing:
    """Draw a diagram for each backbone and family of comparisons that was ranked over several data sets."""
    experiment = ALL if declared.whole_paper else paper.experiment
    ranks = rows_of(inputs.rankings, paper=paper.name, experiment=experiment, metric=declared.metric)
    ranked = ranks[ranks["mean_rank"].notna()]
    if ranked.empty:
        notes = [as_sentence(note) for note in dict.fromkeys(ranks["note"]) if note]
        return nothing_to_draw(
            " ".join(notes)
            or "Arms were not ranked, because ranking needs several data sets on which all of them were measured."
        )
    groups = [group for _, group in ranked.groupby(["family", "class_name", "backbone"], sort=False)]
    datasets = list(dict.fromkeys(name for row in ranked["datasets"] for name in row.split(";")))
    facts = [
        f"Mean rank by {METRICS[declared.metric].words.partition(',')[0]} over the data sets; 1 is best. CD: critical "
        "difference of Nemenyi's test at the level 0.05. Bars join arms whose mean ranks differ by less.",
        *(f"{_title(paper, group, groups)}: {_tested(group)}." for group in groups),
    ]
    return Drawing(_figure(paper, groups), ranked, datasets=datasets, facts=facts)


def _title(paper: ResolvedPaper, group: pd.DataFrame, groups: list[pd.DataFrame]) -> str:
    row = group.iloc[0]
    label = backbone_label(paper, row["backbone"]) if row["backbone"] in paper.backbones else str(row["backbone"])
    several = len({str(other.iloc[0]["family"]) for other in groups}) > 1
    return f"{label}, {row['family']}" if several else label


def _tested(group: pd.DataFrame) -> str:
    row = group.iloc[0]
    text = f"{len(group)} arms on {len(row['datasets'].split(';'))} data sets"
    if pd.notna(row["p"]):
        text += f", Friedman p = {row['p']:.3g}"
    if pd.notna(row["p_iman_davenport"]):
        text += f" (Iman-Davenport {row['p_iman_davenport']:.3g})"
    left_out = f"; excluded: {row['left_out']}" if row["left_out"] else ""
    return text + left_out + (f"; {row['note']}" if row["note"] else "")


def _figure(paper: ResolvedPaper, groups: list[pd.DataFrame]) -> Figure:
    heights = [_AXIS + _LINE * ((len(group) + 1) // 2) + _BAR * 4 for group in groups]
    figure = Figure(figsize=(0.75 * TWO_COLUMNS, sum(heights)), layout="constrained")
    axes = figure.subplots(len(groups), 1, squeeze=False, height_ratios=heights)[:, 0]
    for ax, group, height in zip(axes, groups, heights, strict=True):
        _diagram(ax, paper, group.sort_values("mean_rank", kind="stable"), height)
        mark = " (stand-ins)" if group["stand_in"].any() else ""
        ax.set_title(_title(paper, group, groups) + mark, fontweight="bold", loc="left")
    return figure


def _diagram(ax: Axes, paper: ResolvedPaper, group: pd.DataFrame, height: float) -> None:
    """Draw one diagram; the vertical axis is the distance below the axis of ranks, in inches."""
    count = len(group)
    difference = float(group["critical_difference"].iloc[0])
    ax.set(xlim=(1 - 0.45 * count, count + 0.45 * count), ylim=(height - _AXIS + 0.25, -(_AXIS - 0.25)))
    ax.set_axis_off()
    ax.plot([1, count], [0, 0], color="black", linewidth=0.8, clip_on=False)
    for rank in range(1, count + 1):
        ax.plot([rank, rank], [0, -0.05], color="black", linewidth=0.8)
        ax.text(rank, -0.08, str(rank), ha="center", va="bottom", fontsize=6)
    if pd.notna(difference):
        shown = min(difference, count - 1)
        ax.plot([1, 1 + shown], [-0.25, -0.25], color="black", linewidth=1.2)
        more = "" if shown == difference else ", longer than the axis"
        ax.text(1 + shown / 2, -0.28, f"CD = {difference:.2f}{more}", ha="center", va="bottom", fontsize=6)
    found = _cliques(group)
    for place, joined in enumerate(found):
        y = 0.06 + _BAR * place
        ax.plot([min(joined) - 0.03, max(joined) + 0.03], [y, y], color=GRAY, linewidth=2.4, solid_capstyle="butt")
    start = 0.12 + _BAR * len(found)
    half = (count + 1) // 2
    for place, row in enumerate(group.to_dict("records")):
        left = place < half
        y = start + _LINE * (place if left else count - 1 - place)
        edge = 1 - 0.1 * count if left else count + 0.1 * count
        ax.plot([row["mean_rank"], row["mean_rank"], edge], [0, y, y], color="black", linewidth=0.6)
        arm = row["arm"]
        label = (paper.arms[arm].label or arm) if arm in paper.arms else arm
        ax.text(
            edge, y, f"{label} {row['mean_rank']:.2f} " if left else f" {row['mean_rank']:.2f} {label}",
            ha="right" if left else "left", va="center", fontsize=6.5,
        )  # fmt: skip


def _cliques(group: pd.DataFrame) -> list[list[float]]:
    """Return the mean ranks of each group of arms that Nemenyi's test does not distinguish."""
    found: dict[int, list[float]] = {}
    for row in group.to_dict("records"):
        for number in str(row["clique"]).split(";") if row["clique"] else []:
            found.setdefault(int(number), []).append(float(row["mean_rank"]))
    return [found[number] for number in sorted(found)]
