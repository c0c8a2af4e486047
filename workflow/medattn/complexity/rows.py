"""complexity.csv: published value, counted value and verdict of every published cost and of every cell of a plan.

A published row can cover several data sets, though their networks differ in the last layer: PPCR publishes one cost for
three data sets of MedMNIST. Such a row is counted for the data set whose number of classes fits most of the table's
published parameters; the first one among equals.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from medattn.complexity.cost_match import (
    NOT_COUNTED,
    CostMatch,
    in_words,
    match_gflops,
    match_parameters,
    parameters_fit,
)
from medattn.complexity.counted_cells import CountedCell, PlanCounter
from medattn.complexity.published_costs import PublishedCost, datasets_of, published_costs
from medattn.config.models.dataset import DatasetEntry
from medattn.plan.kept_rows import write_keeping_values
from medattn.plan.model import Plan
from medattn.result_tables import COMPLEXITY
from medattn.text_formats import csv_of
from medattn.training.device import choose_device

SPEED_COLUMNS = ["training_images_per_second", "inference_images_per_second", "repeats", "device"]
"""Further columns of complexity.csv if speed was measured."""


def complexity_rows(
    plan: Plan, datasets: Mapping[str, DatasetEntry], root: Path, device: str | None = None, repeats: int = 10
) -> list[dict[str, Any]]:
    """Return the rows of complexity.csv, paper by paper: published costs first, then every cell.

    Args:
        plan: the plan.
        datasets: entries of the data sets by name.
        root: the folder in which papers/ lies.
        device: `auto`, `cpu` or `cuda` to measure speed on that device; None to skip the measurement.
        repeats: timed steps.
    """
    counter = PlanCounter(plan, datasets)
    pairs: list[tuple[CountedCell, PublishedCost | None]] = []
    for paper in dict.fromkeys(cell.paper for cell in plan.cells.values()):
        of_paper = [one for one in counter.cells if one.cell.paper == paper]
        published = published_costs(root, paper)
        pairs += _paired(published, of_paper)
        own = {(cost.dataset, cost.backbone, cost.arm) for cost in published}
        pairs += [(one, None) for one in of_paper if (one.cell.dataset, one.cell.backbone, one.cell.arm) not in own]
    rows = [_row(counter, one, cost) for one, cost in pairs]
    if device is not None:
        on = choose_device(device)
        rows = [row | _speed(counter, one, on, repeats) for row, (one, _) in zip(rows, pairs, strict=True)]
    return rows


def complexity_csv(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return the text of complexity.csv."""
    rows = list(rows)
    return csv_of(pd.DataFrame(rows, columns=complexity_columns(rows)))


def complexity_columns(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the columns of the rows: those of complexity.csv and, if speed was measured, the further ones."""
    return [*COMPLEXITY.columns, *(SPEED_COLUMNS if rows and SPEED_COLUMNS[0] in rows[0] else [])]


def write_complexity(path: Path, rows: Iterable[Mapping[str, Any]], *, allow_fewer: bool = False) -> None:
    """Write complexity.csv.

    Raises:
        UserError: a network that the present file has counts of was not counted.
    """
    key = ("paper", "experiment", "table", "dataset", "backbone", "arm")
    write_keeping_values(path, complexity_csv(rows), key, ("params", "gmacs"), allow_fewer=allow_fewer)


def _paired(published: list[PublishedCost], counted: list[CountedCell]) -> Iterator[tuple[CountedCell, PublishedCost]]:
    """Yield each published row that has cells in the plan, with the cell that it is counted for."""
    found: list[tuple[PublishedCost, dict[str, CountedCell]]] = []
    for row in published:
        of_table = {c.cell.dataset: c for c in counted if row.table in c.cell.tables}
        candidates = {
            c.cell.dataset: c
            for c in counted
            if row.table in c.cell.tables
            and (c.cell.backbone, c.cell.arm) == (row.backbone, row.arm)
            and c.cell.dataset in datasets_of(row, of_table)
        }
        if candidates:
            found.append((row, candidates))
    for row, candidates in found:
        fitting = dict.fromkeys(candidates, 0)
        for other, theirs in found:
            if (other.table, other.dataset) == (row.table, row.dataset):
                for dataset in fitting:
                    fitting[dataset] += dataset in theirs and _fits(other, theirs[dataset])
        yield candidates[max(fitting, key=lambda name: fitting[name])], row


def _fits(published: PublishedCost, counted: CountedCell) -> bool:
    if counted.counts is None or not published.params_m:
        return False
    seen = (counted.counts.parameters, counted.counts.c1_parameters)
    return any(parameters_fit(published.params_m, parameters) for parameters in seen)


def _row(counter: PlanCounter, counted: CountedCell, published: PublishedCost | None) -> dict[str, Any]:
    cell, counts = counted.cell, counted.counts
    row: dict[str, Any] = dict.fromkeys(COMPLEXITY.columns, "")
    row |= {
        "paper": cell.paper,
        "table": published.table if published else ";".join(cell.tables),
        "dataset": published.dataset if published else cell.dataset,
        "backbone": cell.backbone,
        "arm": cell.arm,
        "published_params_m": published.params_m if published else "",
        "published_gflops": published.gflops if published else "",
        "counted_for": cell.dataset,
        "experiment": cell.experiment,
    }
    if counts is None or counted.images is None or counted.network is None:
        return row | {"verdict": NOT_COUNTED, "note": counted.reason}
    matches = _matches(counter, counted, published) if published else {}
    return row | {
        "params": counts.parameters,
        "gmacs": f"{counts.macs / 1e9:.5f}",
        "verdict": in_words(matches.values()),
        "note": "; ".join(match.note for match in matches.values() if match.note),
        "counter_params": matches["params"].counter if "params" in matches else "",
        "counter_gflops": matches["gflops"].counter if "gflops" in matches else "",
        "counter_c1_params": counts.c1_parameters,
        **{f"counter_{rule.lower()}_gflops": f"{number / 1e9:.5f}" for rule, number in counts.rules.items()},
        "trainable_params": counts.trainable,
        "params_at_grid_end": "" if counted.parameters_at_end is None else counted.parameters_at_end,
        "macs": counts.macs,
        "macs_per_step": counts.macs_per_step,
        "flops": 2 * counts.macs,
        "batch": counted.network.recipe.batch_size,
        "activation_bytes": counts.activations,
        "height": counted.images.height,
        "width": counted.images.width,
        "classes": counted.images.classes,
    }


def _matches(counter: PlanCounter, counted: CountedCell, published: PublishedCost) -> dict[str, CostMatch]:
    assert counted.counts is not None and counted.images is not None
    matches = {}
    if published.params_m:
        of_paper = [one.images for one in counter.cells if one.cell.paper == counted.cell.paper]
        classes = {images.classes for images in of_paper if images is not None} - {counted.images.classes}
        matches["params"] = match_parameters(
            published.params_m, counted.counts, sorted(classes), lambda n: counter.parameters(counted, n)
        )
    if published.gflops:
        matches["gflops"] = match_gflops(published.gflops, counted.counts)
    return matches


def _speed(counter: PlanCounter, counted: CountedCell, device: torch.device, repeats: int) -> dict[str, Any]:
    if counted.counts is None:
        return dict.fromkeys(SPEED_COLUMNS, "")
    speed = counter.speed(counted, device, repeats)
    if isinstance(speed, str):
        return dict.fromkeys(SPEED_COLUMNS, "") | {"device": speed}
    numbers = (round(speed.training, 1), round(speed.inference, 1), speed.repeats, speed.device)
    return dict(zip(SPEED_COLUMNS, numbers, strict=True))
