"""Draw docs/seed-spread.svg: accuracies of single trainings next to the published accuracies (PPCR's Table 2).

Reads the kept measurements under results/reference/ and the published values, trains nothing, and writes the same
bytes each time. Run `python docs/seed_spread.py` from the root of the checkout after either changes.
"""

import argparse
from pathlib import Path
from statistics import mean, stdev

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from medattn.render.figures.style import save, seed_color, seed_handles, style

ROOT = Path(__file__).parents[1]
NAME = "seed-spread"
ARMS = {"vanilla": "ResNet18", "se": "ResNet18 with SE", "ppcr": "ResNet18 with PPCR"}
MEASURED = {"short": "ppcr-table-2", "full": "ppcr-table-2-full-recipe"}


def published_accuracies() -> dict[str, float]:
    """Return the published accuracy of each arm on BreastMNIST, in percent."""
    table = pd.read_csv(ROOT / "papers" / "ppcr" / "published.csv")
    rows = table.query("table == 'ppcr-table-2' and dataset == 'breastmnist' and backbone == 'resnet18'")
    accuracies = rows.query("metric == 'accuracy'").set_index("arm")["mean"]
    return {arm: float(accuracies[arm]) for arm in ARMS}


def measured_accuracies(selection: str) -> dict[str, dict[int, float]]:
    """Return the accuracies of each arm on BreastMNIST, in percent, by seed."""
    table = pd.read_csv(ROOT / "results" / "reference" / selection / "measurements.csv")
    rows = table.query("dataset == 'breastmnist' and metric == 'accuracy' and procedure == 'epochs'")
    of_arms = {arm: rows[rows["arm"] == arm] for arm in ARMS}
    return {arm: dict(zip(of_arm["seed"].astype(int), of_arm["value"], strict=True)) for arm, of_arm in of_arms.items()}


def draw() -> Figure:
    """Draw one column per arm: every training in the color of its seed, their mean and SD, and the published value."""
    published = published_accuracies()
    short, full = (measured_accuracies(MEASURED[key]) for key in ("short", "full"))
    figure, axes = plt.subplots(figsize=(4.6, 2.6), layout="constrained")
    for place, arm in enumerate(ARMS):
        axes.plot([place - 0.25, place + 0.25], [published[arm]] * 2, color="black", linewidth=1.2)
        axes.annotate(f"{published[arm]:.2f}", (place + 0.27, published[arm]), va="center")
        values = list(short[arm].values())
        for number, (seed, value) in enumerate(short[arm].items()):
            axes.plot(place - 0.2 + 0.07 * number, value, "o", color=seed_color(seed), markersize=4)
        axes.errorbar(place + 0.03, mean(values), stdev(values), fmt="_", color="0.45", capsize=3)
        for seed, value in full[arm].items():
            axes.plot(place + 0.15, value, "s", color=seed_color(seed), markersize=4)
    handles = {
        "published, 150 epochs": Line2D([], [], color="black", linewidth=1.2),
        **{
            f"30 epochs, {one.get_label()}": one
            for one in seed_handles(seed for of_arm in short.values() for seed in of_arm)
        },
        "mean ± SD of these seeds": Line2D([], [], color="0.45", marker="|", linestyle="-"),
        **{
            f"150 epochs, seed {seed}": Line2D([], [], color=seed_color(seed), marker="s", markersize=4, linestyle="")
            for seed in sorted({seed for of_arm in full.values() for seed in of_arm})
        },
    }
    axes.set_xticks(range(len(ARMS)), list(ARMS.values()))
    axes.set_xlim(-0.5, len(ARMS) - 0.4)
    axes.set_ylabel("accuracy on the 156 test images (%)")
    axes.legend(list(handles.values()), list(handles), loc="lower left")
    return figure


def main(arguments: list[str] | None = None) -> None:
    """Draw the figure into a folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path(__file__).parent, help="where to write (default: docs)")
    folder = parser.parse_args(arguments).folder
    with style():
        save(draw(), folder, NAME)


if __name__ == "__main__":
    main()
