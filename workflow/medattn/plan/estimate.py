"""What a selection will cost, told before anything is trained: hours of a processor core or of a GPU.

A training step takes about as long as its multiply-accumulates ask for: where a network's images per second were not
measured on the device, they follow from the median rate of those that were. An image that is scored costs a third of
one that is trained on (a forward pass without the backward one). What this leaves out: mechanisms, augmentation, start
and files of a run, all small; layers that do not learn are counted as if they did.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from medattn.config.models.dataset import DatasetEntry
from medattn.config.resolved import Configuration
from medattn.plan.model import Cell, Plan, Run
from medattn.plan.speeds import Speeds, network_of
from medattn.plan.stand_ins import planned_entries

_FORWARD = 1 / 3


@dataclass
class Estimate:
    """Estimated cost of a paper's open runs.

    Attributes:
        seconds: of the device that speeds were measured on, of the runs for which it is known.
        runs: how many these are.
        unknown: how many it is not known for, by what is skipped.
    """

    seconds: float = 0.0
    runs: int = 0
    unknown: dict[str, int] = field(default_factory=dict)


def estimates(plan: Plan, configuration: Configuration, done: frozenset[str], speeds: Speeds) -> dict[str, Estimate]:
    """Return what the open runs of networks will cost, by paper."""
    entries = planned_entries(plan, configuration)
    found: dict[str, Estimate] = {}
    for run in plan.runs.values():
        cell = plan.cells[run.cell]
        if cell.missing is not None or cell.is_classifier or run.id in done:
            continue
        estimate = found.setdefault(cell.paper, Estimate())
        seconds = _seconds(run, cell, entries[cell.dataset], speeds)
        if isinstance(seconds, str):
            estimate.unknown[seconds] = estimate.unknown.get(seconds, 0) + 1
        else:
            estimate.seconds += seconds
            estimate.runs += 1
    return found


def estimate_lines(found: Mapping[str, Estimate], speeds: Speeds) -> Iterator[str]:
    """Yield what people read: a line a paper, and what the numbers rest on."""
    for paper, estimate in found.items():
        unknown = "; ".join(f"{runs:,} runs ({why})" for why, runs in estimate.unknown.items())
        known = f"{_hours(estimate.seconds, speeds.unit)} for {estimate.runs:,} runs" if estimate.runs else ""
        skipped = f"unknown for {unknown}" if unknown else ""
        yield f"  estimate, {paper}: {'; '.join(part for part in (known, skipped) if part)}"
    if any(estimate.runs for estimate in found.values()):
        yield f"  estimated from {speeds.source}"


def _hours(seconds: float, unit: str) -> str:
    hours = seconds / 3600
    return f"about {hours:,.0f} {unit}" if hours >= 10 else f"about {hours:.1f} {unit}" if hours >= 0.1 else "minutes"


def _seconds(run: Run, cell: Cell, entry: DatasetEntry, speeds: Speeds) -> float | str:
    """Return the seconds of a run, or what is skipped to know them."""
    splits = entry.known_images()
    if splits is None:
        return f"images of {cell.dataset}"
    speed = speeds.images_per_second(cell, entry)
    if speed is None:
        model, _, size = network_of(cell, entry)
        return f"{model} at {size} px"
    trained, scored = _trained_and_scored(run, cell, splits)
    epochs = cell.settings.recipe.epochs
    return epochs * (trained + _FORWARD * scored) / speed


def _trained_and_scored(run: Run, cell: Cell, splits: Mapping[str, int]) -> tuple[float, float]:
    """Return how many images an epoch of a run trains on, and how many it scores."""
    everything, test = sum(splits.values()), splits.get("test", 0)
    folds = getattr(cell.settings.protocol, "folds", None)
    if run.fold is not None and folds:
        pool = everything - test if run.stage == "tune" else everything
        return pool * (1 - 1 / folds), pool / folds
    trained = splits.get("train", everything - test)
    return trained, everything - trained
