"""What a selection will cost, told before anything is trained: hours of one processor core, from measured throughputs.

A training step takes about as long as its multiply-accumulates ask for: where a network's images per second were not
measured on the device, they follow from the median rate of those that were. An image that is scored costs a third of
one that is trained on (a forward pass without the backward one). What this leaves out: mechanisms, augmentation, start
and files of a run, all small; layers that do not learn are counted as if they did.
"""

import json
import statistics
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from medattn.config.dataset import DatasetEntry
from medattn.config.resolved import Configuration
from medattn.plan.frozen import Cell, Plan, Run
from medattn.plan.stand_ins import planned_entries

_SPEEDS = Path(__file__).with_name("speeds.json")
_FORWARD = 1 / 3
Network = tuple[str, str, int]


@dataclass
class Estimate:
    """Estimated cost of a paper's open runs.

    Attributes:
        seconds: of one core, of the runs for which it is known.
        runs: how many these are.
        unknown: how many it is not known for, by what is lacking.
    """

    seconds: float = 0.0
    runs: int = 0
    unknown: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class _Speeds:
    device: str
    gmacs: Mapping[Network, float]
    measured: Mapping[Network, float]

    def images_per_second(self, network: Network) -> float | None:
        """Return training images per second, measured or by multiply-accumulates; None where neither is known."""
        if network in self.measured or network not in self.gmacs:
            return self.measured.get(network)
        rate = statistics.median(self.gmacs[known] * speed for known, speed in self.measured.items())
        return rate / self.gmacs[network]


@cache
def _speeds() -> _Speeds:
    value: dict[str, Any] = json.loads(_SPEEDS.read_text())
    networks = {(row["model"], row["stem"], row["size"]): row for row in value["networks"]}
    return _Speeds(
        value["device"],
        {network: row["gmacs"] for network, row in networks.items()},
        {key: row["images_per_second"] for key, row in networks.items() if "images_per_second" in row},
    )


def estimates(plan: Plan, configuration: Configuration, done: frozenset[str]) -> dict[str, Estimate]:
    """Return what the open runs of networks will cost, by paper."""
    entries = planned_entries(plan, configuration)
    found: dict[str, Estimate] = {}
    for run in plan.runs.values():
        cell = plan.cells[run.cell]
        if cell.missing is not None or cell.is_classifier or run.id in done:
            continue
        estimate = found.setdefault(cell.paper, Estimate())
        seconds = _seconds(run, cell, entries[cell.dataset])
        if isinstance(seconds, str):
            estimate.unknown[seconds] = estimate.unknown.get(seconds, 0) + 1
        else:
            estimate.seconds += seconds
            estimate.runs += 1
    return found


def estimate_lines(found: Mapping[str, Estimate]) -> Iterator[str]:
    """Yield what people read: a line a paper, and what the numbers rest on."""
    for paper, estimate in found.items():
        unknown = "; ".join(f"{runs:,} runs ({why})" for why, runs in estimate.unknown.items())
        known = f"about {_hours(estimate.seconds)} for {estimate.runs:,} runs" if estimate.runs else ""
        lacking = f"unknown for {unknown}" if unknown else ""
        yield f"  estimate, {paper}: {'; '.join(part for part in (known, lacking) if part)}"
    if any(estimate.runs for estimate in found.values()):
        yield f"  estimated from throughputs of {_speeds().device}; no GPU was measured"


def _hours(seconds: float) -> str:
    hours = seconds / 3600
    return f"{hours:,.0f} core hours" if hours >= 10 else f"{hours:.1f} core hours" if hours >= 0.1 else "minutes"


def _seconds(run: Run, cell: Cell, entry: DatasetEntry) -> float | str:
    """Return the seconds of a run, or what is lacking to know them."""
    splits = _images(entry)
    if splits is None:
        return f"images of {cell.dataset}"
    backbone = cell.settings["backbone"]
    network = (backbone["model"], backbone["stem"], backbone["input_size"] or entry.source.shape[0])
    speed = _speeds().images_per_second(network)
    if speed is None:
        return f"{backbone['model']} at {network[2]} px"
    trained, scored = _trained_and_scored(run, cell, splits)
    epochs: int = cell.settings["recipe"]["epochs"]
    return epochs * (trained + _FORWARD * scored) / speed


def _trained_and_scored(run: Run, cell: Cell, splits: Mapping[str, int]) -> tuple[float, float]:
    """Return how many images an epoch of a run trains on, and how many it scores."""
    everything, test = sum(splits.values()), splits.get("test", 0)
    folds = cell.settings["protocol"].get("folds")
    if run.fold is not None and folds:
        pool = everything - test if run.stage == "tune" else everything
        return pool * (1 - 1 / folds), pool / folds
    trained = splits.get("train", everything - test)
    return trained, everything - trained


def _images(entry: DatasetEntry) -> dict[str, int] | None:
    """Return the images of each split; without known splits, all of them as a training split; None if unknown."""
    counts = entry.counts or getattr(entry.source, "counts", None)
    if counts:
        return {split: sum(classes) for split, classes in counts.items()}
    if entry.images:
        return {split: images for split, images in entry.images.items()}  # noqa: C416 (a plain text as key)
    return {"train": sum(entry.per_class)} if entry.per_class else None
