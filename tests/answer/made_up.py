"""A selection with made-up measurements on three data sets: one mechanism helps, one hurts, one changes nothing."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from medattn.answer.table import write_answer
from medattn.compare.table import write_comparisons
from medattn.config.load import resolve
from medattn.config.resolved import Configuration
from medattn.layout import ResultPaths
from medattn.plan.expand import make_plan
from medattn.plan.plan_file import write_plan
from medattn.render.inputs import Inputs, read_inputs
from medattn.result_tables import EPOCHS, MEASUREMENTS

DATASETS = ("breastmnist", "retinamnist", "bloodmnist")
SEEDS = (0, 1, 2, 3, 4)
EFFECTS = {"vanilla": 0.0, "se": 3.0, "gc": -2.5, "sa": 0.05}
PAPER = """
title: A paper
citation: Somebody 2020
datasets: [{datasets}]
backbones:
  resnet18: {{model: torchvision/resnet18, label: ResNet18}}
arms:
  vanilla: {{label: ""}}
  se: {{label: SE, mechanism: se}}
  gc: {{label: GC, mechanism: gc}}
  sa: {{label: SA, mechanism: sa}}
recipe: {{epochs: 3, learning_rate: 0.001}}
protocol: {{kind: best_validation_epoch}}
tables:
  main: {{title: Accuracy of all arms}}
figures:
  forest: {{title: Effect of every mechanism, kind: forest_plot}}
"""


def configuration(root: Path, *papers: str, datasets: Sequence[str] = DATASETS) -> Configuration:
    """Write papers into `root` and return a selection of them."""
    names = papers or ("tiny",)
    for name in names:
        folder = root / "papers" / name
        folder.mkdir(parents=True, exist_ok=True)
        text = PAPER.format(datasets=", ".join(datasets))
        (folder / "paper.yaml").write_text(text if name == names[0] else text.replace("main:", f"{name}-main:"))
    value = {"selection": "trial", "papers": {name: {} for name in names}, "seeds": list(SEEDS)}
    return resolve(value, root, "config.yaml")


def measurements(
    configuration: Configuration,
    effects: Mapping[str, float] = EFFECTS,
    spread: float = 0.3,
    stand_ins: Iterable[str] = (),
    n_test: int = 2000,
) -> pd.DataFrame:
    """Return measurements.csv: vanilla scores 80, 82, ... by data set; each arm adds its effect, with noise by seed."""
    rows = []
    for paper in configuration.papers:
        for number, dataset in enumerate(paper.datasets):
            for arm in paper.arms:
                rng = np.random.default_rng([number, [*paper.arms].index(arm), len(paper.name)])
                common = {
                    "paper": paper.name,
                    "experiment": paper.experiment,
                    "dataset": dataset,
                    "backbone": "resnet18",
                    "arm": arm,
                    "metric": "accuracy",
                    "class_name": "",
                    "unit": "percent",
                    "n_test": n_test,
                    "stand_in": dataset in stand_ins,
                    "leak": "",
                    "status": "measured",
                    "reason": "",
                    "runs": "",
                }
                values = 80 + 2 * number + effects[arm] + rng.normal(0, spread, len(SEEDS))
                rows += [
                    {**common, "procedure": "epochs", "seed": seed, "value": value, "n": 1}
                    for seed, value in zip(SEEDS, values, strict=True)
                ]
                runs = ";".join(f"{paper.name}.{dataset}.resnet18.{arm}/train-s{seed}" for seed in SEEDS)
                over = {"value": values.mean(), "spread": values.std(ddof=1), "n": len(SEEDS), "runs": runs}
                rows.append({**common, "procedure": "runs", **over})
    return pd.DataFrame(rows, columns=[*MEASUREMENTS.columns])


def results_of(root: Path, table: pd.DataFrame) -> ResultPaths:
    """Write measurements.csv into a folder of results."""
    results = ResultPaths(root / "results" / "trial")
    results.folder.mkdir(parents=True, exist_ok=True)
    table.to_csv(results.measurements, index=False)
    return results


def inputs_of(root: Path, chosen: Configuration, table: pd.DataFrame) -> Inputs:
    """Write plan, measurements, comparisons and answer, and return the inputs of figures and report."""
    results = results_of(root, table)
    write_plan(results.plan, make_plan(chosen, as_if_available=True))
    pd.DataFrame(columns=[*EPOCHS.columns]).to_csv(results.epochs, index=False)
    write_comparisons(results, chosen)
    write_answer(results, chosen)
    return read_inputs(results, chosen, root)
