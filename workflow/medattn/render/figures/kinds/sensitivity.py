"""Test accuracy against each of several hyper-parameters, a row for each data set."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from medattn.config.arms import arm_settings
from medattn.config.mechanisms import mechanism_options
from medattn.config.models.figure import Figure as Declared
from medattn.config.resolved import ResolvedPaper
from medattn.errors import UserError
from medattn.render.figures.drawing import Drawing, nothing_to_draw
from medattn.render.figures.style import GRAY, TWO_COLUMNS, seed_color, seed_handles
from medattn.render.inputs import Inputs, backbone_label
from medattn.render.run_lookup import SkippedCell, backbone_with, chosen_datasets, sentences_on
from medattn.result_tables import PER_SEED, rows_of, rows_of_paper
from medattn.suggestions import unknown_name

NEEDED_KEYS = ("arm", "varied")
OPTIONAL_KEYS = ("backbone",)

_MOST_IN_A_ROW = 6
# Ratio of the largest to the smallest value from which an axis is logarithmic.
_WIDE = 8


def draw(inputs: Inputs, paper: ResolvedPaper, declared: Declared) -> Drawing:
    """Draw a panel for each varied option: the declared arm, and the arms that differ from it only in this option."""
    arm, varied = str(declared.arm), declared.varied or []
    backbone = backbone_with(paper, arm, declared.backbone)
    if backbone is None:
        return nothing_to_draw(f"The selection has no network with the arm '{arm}'.")
    settings = _settings(paper)
    for option in varied:
        if option not in settings[arm]:
            known = [name for name in settings[arm] if name not in ("mechanism", "grid")]
            raise UserError(f"figure '{declared.title}': varied: {unknown_name('option', option, known)}")
    parts, skipped = [], []
    for dataset in chosen_datasets(paper, declared.datasets):
        for option in varied:
            for name in _varying(settings, arm, option):
                rows = rows_of_paper(
                    inputs.measurements, paper, dataset=dataset, backbone=backbone, arm=name, metric="accuracy"
                )
                good = rows_of(rows, status="measured")
                good = good[good["procedure"].isin(PER_SEED)]
                if good.empty:
                    reasons = [reason for reason in rows["reason"] if reason]
                    reason = reasons[0] if reasons else "not in this selection"
                    skipped.append(SkippedCell(dataset, backbone, name, reason))
                parts.append(
                    good[["dataset", "backbone", "arm", "seed", "value", "spread", "n"]].assign(
                        option=option, at=float(str(settings[name][option]))
                    )
                )
    unseen = sentences_on(inputs, paper, dict.fromkeys(skipped))
    numbers = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    if numbers.empty:
        return nothing_to_draw(" ".join(unseen) or "The selection has none of the data sets.")
    numbers = numbers[["dataset", "backbone", "arm", "option", "at", "seed", "value", "spread", "n"]]
    shown = list(dict.fromkeys(numbers["dataset"]))
    fixed = ", ".join(f"{name} = {settings[arm][name]:g}" for name in varied)
    seeds = numbers["seed"].nunique()
    facts = [
        f"{backbone_label(paper, backbone)}. One hyper-parameter varies, the others stay at {fixed} (circled).",
        "Dots: runs, with the standard deviation over the measured epochs. "
        + ("Line: mean over runs." if seeds > 1 else "One run for each value."),
    ]
    return Drawing(
        _figure(inputs, paper, numbers, shown, varied, arm), numbers, datasets=shown, facts=facts, unseen=unseen
    )  # fmt: skip


def _settings(paper: ResolvedPaper) -> dict[str, dict[str, object]]:
    """Return mechanism, grid and all options of every arm with a mechanism."""
    return {
        name: {
            "mechanism": arm.mechanism,
            "grid": arm.grid,
            **arm_settings(arm, paper.recipe, {}, paper.name)[1],
        }
        for name, arm in paper.arms.items()
        if arm.mechanism != "none"
    }


def _varying(settings: dict[str, dict[str, object]], arm: str, option: str) -> list[str]:
    """Return `arm` and the arms that differ from it only in `option`, sorted by the value of the option."""

    def others(name: str) -> dict[str, object]:
        return {key: value for key, value in settings[name].items() if key != option}

    same = [name for name in settings if option in settings[name] and others(name) == others(arm)]
    return sorted(same, key=lambda name: float(str(settings[name][option])))


def _figure(
    inputs: Inputs, paper: ResolvedPaper, numbers: pd.DataFrame, shown: list[str], varied: Sequence[str], arm: str
) -> Figure:
    across = len(varied)
    figure = Figure(figsize=(min(TWO_COLUMNS, 2.4 * across), 2.0 * len(shown) + 0.1), layout="constrained")
    grid = figure.subplots(len(shown), across, squeeze=False, sharey="row")
    mechanism = paper.arms[arm].mechanism
    for dataset, axes in zip(shown, grid, strict=True):
        for option, ax in zip(varied, axes, strict=True):
            _panel(ax, rows_of(numbers, dataset=dataset, option=option), arm)
            ax.set_xlabel(_meaning(mechanism, option))
        axes[0].set_ylabel("test accuracy (%)")
        axes[0].set_title(inputs.marked_title(dataset), fontweight="bold", loc="left")
    if handles := seed_handles(int(seed) for seed in numbers["seed"]):
        figure.legend(handles=handles, loc="outside upper center", ncols=min(_MOST_IN_A_ROW, len(handles)))
    return figure


def _meaning(mechanism: str, option: str) -> str:
    """Return the symbol with which the description of an option begins, and its name."""
    described = mechanism_options(mechanism).model_fields[option].description or option
    symbol, comma, _ = described.partition(",")
    return f"{symbol} ({option})" if comma and len(symbol) <= len("lambda") else option


def _panel(ax: Axes, numbers: pd.DataFrame, arm: str) -> None:
    if numbers.empty:
        ax.text(0.5, 0.5, "not measured", transform=ax.transAxes, ha="center", va="center", color=GRAY)
        return
    points = sorted(numbers["at"].unique())
    if points[0] > 0 and points[-1] / points[0] >= _WIDE:
        ax.set_xscale("log")
    ax.set_xticks(points, [f"{point:g}" for point in points])
    ax.minorticks_off()
    means = numbers.groupby("at")["value"].mean()
    ax.plot(means.index, means.to_numpy(), color=GRAY, linewidth=1.0, zorder=1)
    for seed in sorted({int(seed) for seed in numbers["seed"]}):
        of_seed = rows_of(numbers, seed=seed)
        ax.errorbar(
            of_seed["at"], of_seed["value"], yerr=of_seed["spread"].fillna(0), fmt="o", markersize=3,
            color=seed_color(seed), elinewidth=0.6, capsize=1.5, zorder=2,
        )  # fmt: skip
    base = rows_of(numbers, arm=arm)
    ax.scatter(base["at"], base["value"], s=40, facecolors="none", edgecolors=GRAY, linewidths=0.8, zorder=3)
