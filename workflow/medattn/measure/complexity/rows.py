"""A row for every cell of a plan, and for every printed cost: what was printed, what was counted, the verdict.

A printed row can stand for several data sets (PPCR prints one cost for three sets of MedMNIST), though their networks
differ in the last layer. It is counted for the one data set whose class count fits most printed parameters of the
table; where several fit equally many, for the first.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from medattn.config.dataset import DatasetEntry
from medattn.errors import UserError
from medattn.files import sha256_of_value
from medattn.measure.complexity.images import ImageFacts, image_facts
from medattn.measure.complexity.network import (
    Counts,
    NetworkOfCell,
    count,
    network_of_cell,
    parameter_count,
)
from medattn.measure.complexity.printed import PrintedCost, datasets_of, printed_costs
from medattn.measure.complexity.verdict import (
    NOT_COUNTED,
    Verdict,
    in_words,
    parameters_fit,
    verdict_on_gflops,
    verdict_on_parameters,
)
from medattn.plan.frozen import Cell, Plan

COLUMNS = [
    "paper", "table", "dataset", "backbone", "arm", "published_params_m", "params", "published_gflops", "gmacs",
    "verdict", "note", "counter_params", "counter_gflops", "counter_c1_params", "counter_c1_gflops",
    "counter_c2_gflops", "counter_c3_gflops", "trainable_params", "params_at_grid_end", "macs", "macs_per_step",
    "flops", "batch", "activation_bytes", "height", "width", "classes", "counted_for",
]  # fmt: skip
"""The columns of complexity.csv; speeds follow where they were measured."""

_CLASSIFIER = "a classifier on pixels, not a network"


@dataclass(frozen=True)
class Counted:
    """A cell with its counts, or with the reason why there are none.

    Attributes:
        cell: the cell.
        network: its network at the first point of the grid; None where there is none.
        images: what is known of its images.
        counts: counts at the first point of the grid.
        at_end: parameters at the last point of the grid, where they are others.
        reason: why there are no counts.
    """

    cell: Cell
    network: NetworkOfCell | None = None
    images: ImageFacts | None = None
    counts: Counts | None = None
    at_end: int | None = None
    reason: str = ""


class Cells:
    """Counts the cells of a plan; networks that are the same are counted once."""

    def __init__(self, plan: Plan, datasets: Mapping[str, DatasetEntry]) -> None:
        self._datasets = datasets
        self._known: dict[str, Counts] = {}
        self.counted = [self._counted(cell) for cell in plan.cells.values()]

    def parameters(self, counted: Counted, classes: int) -> int:
        """Return the parameters of the network of a counted cell with another number of classes."""
        assert counted.network is not None and counted.images is not None
        return parameter_count(counted.network, replace(counted.images, classes=classes))[0]

    def _counted(self, cell: Cell) -> Counted:
        if not cell.settings or cell.is_classifier:
            return Counted(cell, reason=(cell.missing or "") if not cell.settings else _CLASSIFIER)
        try:
            network, *end = [network_of_cell(cell.settings, point, cell.id) for point in _ends(cell)]
            images = image_facts(
                self._datasets[cell.dataset],
                Path(cell.prepared),
                cell.settings["protocol"]["training_splits"],
                network.backbone.input_size,
            )
            if images.training is None and _needs_training_images(network, images):
                raise UserError("its size depends on the number of training images, which nobody has counted yet")
            counts = self._count(network, images)
            at_end = self._count(end[0], images).parameters if end else counts.parameters
        except (UserError, RuntimeError) as error:
            return Counted(cell, reason=f"can't be built: {str(error).splitlines()[0]}")
        return Counted(cell, network, images, counts, at_end if at_end != counts.parameters else None)

    def _count(self, network: NetworkOfCell, images: ImageFacts) -> Counts:
        key = sha256_of_value(
            [
                network.backbone.model_dump(mode="json", exclude={"label", "arms", "weights"}),
                network.mechanism,
                network.options,
                network.recipe.batch,
                [images.height, images.width, images.channels, images.classes],
                images.training if network.mechanism != "none" else None,
            ]
        )
        if key not in self._known:
            self._known[key] = count(network, images)
        return self._known[key]


def complexity_rows(plan: Plan, datasets: Mapping[str, DatasetEntry], root: Path) -> list[dict[str, Any]]:
    """Return the rows of complexity.csv: printed costs first, paper by paper, then every cell.

    Args:
        plan: the plan.
        datasets: entries of the data sets by name.
        root: the folder in which papers/ lies.
    """
    cells = Cells(plan, datasets)
    rows = []
    for paper in dict.fromkeys(cell.paper for cell in plan.cells.values()):
        of_paper = [counted for counted in cells.counted if counted.cell.paper == paper]
        printed = printed_costs(root, paper)
        rows += [_row(cells, of_paper, counted, p) for p, counted in _paired(printed, of_paper)]
        own = {(p.dataset, p.backbone, p.arm) for p in printed}
        for counted in of_paper:
            cell = counted.cell
            if (cell.dataset, cell.backbone, cell.arm) not in own:
                rows.append(_row(cells, of_paper, counted, None))
    return rows


def complexity_csv(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return complexity.csv."""
    rows = list(rows)
    further = [name for name in (rows[0] if rows else {}) if name not in COLUMNS]
    return str(pd.DataFrame(rows, columns=[*COLUMNS, *further]).to_csv(index=False, lineterminator="\n"))


def _ends(cell: Cell) -> list[dict[str, Any]]:
    """Return the first point of the arm's grid and, where hyper-parameters are searched, the last."""
    grid = cell.settings["arm"]["grid"]
    first, last = ({key: values[place] for key, values in grid.items()} for place in (0, -1))
    searched = any(key.startswith("options.") and len(values) > 1 for key, values in grid.items())
    return [first, last] if searched else [first]


def _needs_training_images(network: NetworkOfCell, images: ImageFacts) -> bool:
    sizes = {parameter_count(network, replace(images, training=n)) for n in (1, 2)}
    return len(sizes) > 1


def _paired(printed: list[PrintedCost], counted: list[Counted]) -> Iterator[tuple[PrintedCost, Counted]]:
    """Yield each printed row that has cells in the plan with the cell that it is counted for."""
    found: list[tuple[PrintedCost, dict[str, Counted]]] = []
    for row in printed:
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
        yield row, candidates[max(fitting, key=lambda name: fitting[name])]


def _fits(printed: PrintedCost, counted: Counted) -> bool:
    if counted.counts is None or not printed.params_m:
        return False
    seen = (counted.counts.parameters, counted.counts.c1_parameters)
    return any(parameters_fit(printed.params_m, parameters) for parameters in seen)


def _row(cells: Cells, of_paper: list[Counted], counted: Counted, printed: PrintedCost | None) -> dict[str, Any]:
    cell, counts = counted.cell, counted.counts
    row: dict[str, Any] = dict.fromkeys(COLUMNS, "")
    row |= {
        "paper": cell.paper,
        "table": printed.table if printed else ";".join(cell.tables),
        "dataset": printed.dataset if printed else cell.dataset,
        "backbone": cell.backbone,
        "arm": cell.arm,
        "published_params_m": printed.params_m if printed else "",
        "published_gflops": printed.gflops if printed else "",
        "counted_for": cell.dataset,
    }
    if counts is None or counted.images is None or counted.network is None:
        return row | {"verdict": NOT_COUNTED, "note": counted.reason}
    judged = _judged(cells, of_paper, counted, printed) if printed else {}
    return row | {
        "params": counts.parameters,
        "gmacs": f"{counts.macs / 1e9:.5f}",
        "verdict": in_words(judged.values()),
        "note": "; ".join(verdict.note for verdict in judged.values() if verdict.note),
        "counter_params": judged["params"].counter if "params" in judged else "",
        "counter_gflops": judged["gflops"].counter if "gflops" in judged else "",
        "counter_c1_params": counts.c1_parameters,
        **{f"counter_{rule.lower()}_gflops": f"{number / 1e9:.5f}" for rule, number in counts.rules.items()},
        "trainable_params": counts.trainable,
        "params_at_grid_end": "" if counted.at_end is None else counted.at_end,
        "macs": counts.macs,
        "macs_per_step": counts.macs_per_step,
        "flops": 2 * counts.macs,
        "batch": counted.network.recipe.batch,
        "activation_bytes": counts.activations,
        "height": counted.images.height,
        "width": counted.images.width,
        "classes": counted.images.classes,
    }


def _judged(cells: Cells, of_paper: list[Counted], counted: Counted, printed: PrintedCost) -> dict[str, Verdict]:
    assert counted.counts is not None and counted.images is not None
    verdicts = {}
    if printed.params_m:
        classes = {c.images.classes for c in of_paper if c.images is not None} - {counted.images.classes}
        verdicts["params"] = verdict_on_parameters(
            printed.params_m, counted.counts, sorted(classes), lambda n: cells.parameters(counted, n)
        )
    if printed.gflops:
        verdicts["gflops"] = verdict_on_gflops(printed.gflops, counted.counts)
    return verdicts
