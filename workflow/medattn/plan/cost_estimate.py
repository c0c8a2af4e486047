"""Estimated cost of a selection before training: hours of a CPU core or of a GPU.

The estimate assumes that training time is proportional to multiply-accumulates: the images per second of a network
without a measurement follow from the median rate of the measured networks. Scoring an image costs a third of training
on it, because it needs no backward pass. The estimate ignores mechanisms, augmentation and the start and files of a
run, which are small, and counts frozen layers as trained.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from medattn.config.models.dataset import DatasetEntry
from medattn.config.resolved import Configuration
from medattn.plan.image_counts import images_of_run
from medattn.plan.model import Cell, Plan, Run
from medattn.plan.speeds import Speeds, network_of
from medattn.plan.stand_ins import planned_entries

_FORWARD = 1 / 3


@dataclass
class CostEstimate:
    """Estimated cost of a paper's open runs.

    Attributes:
        seconds: seconds on the measured device, of the runs with a known cost.
        runs: number of runs with a known cost.
        unknown: number of runs with an unknown cost, by the fact that is unknown.
    """

    seconds: float = 0.0
    runs: int = 0
    unknown: dict[str, int] = field(default_factory=dict)


def estimate_costs(
    plan: Plan, configuration: Configuration, done: frozenset[str], speeds: Speeds
) -> dict[str, CostEstimate]:
    """Estimate the cost of the open runs of networks, by paper."""
    entries = planned_entries(plan, configuration)
    found: dict[str, CostEstimate] = {}
    for run in plan.runs.values():
        cell = plan.cells[run.cell]
        if cell.missing is not None or cell.is_classifier or run.id in done:
            continue
        estimate = found.setdefault(cell.paper, CostEstimate())
        seconds = run_seconds(run, cell, entries[cell.dataset], speeds)
        if isinstance(seconds, str):
            estimate.unknown[seconds] = estimate.unknown.get(seconds, 0) + 1
        else:
            estimate.seconds += seconds
            estimate.runs += 1
    return found


def cost_lines(found: Mapping[str, CostEstimate], speeds: Speeds) -> Iterator[str]:
    """Yield the lines of `medattn plan`: one for each paper, and the source of the estimates."""
    for paper, estimate in found.items():
        unknown = "; ".join(f"{runs:,} runs ({why})" for why, runs in estimate.unknown.items())
        known = f"{_hours(estimate.seconds, speeds.unit)} for {estimate.runs:,} runs" if estimate.runs else ""
        not_known = f"unknown for {unknown}" if unknown else ""
        yield f"  estimate, {paper}: {'; '.join(part for part in (known, not_known) if part)}"
    if any(estimate.runs for estimate in found.values()):
        yield f"  estimated from {speeds.source}"


def _hours(seconds: float, unit: str) -> str:
    hours = seconds / 3600
    return f"about {hours:,.0f} {unit}" if hours >= 10 else f"about {hours:.1f} {unit}" if hours >= 0.1 else "minutes"


def run_seconds(run: Run, cell: Cell, entry: DatasetEntry, speeds: Speeds) -> float | str:
    """Return the estimated seconds of a run of a network, or the unknown fact."""
    splits = entry.known_images()
    if splits is None:
        return f"images of {cell.dataset}"
    speed = speeds.images_per_second(cell, entry)
    if speed is None:
        model, _, size = network_of(cell, entry)
        return f"{model} at {size} px"
    images = images_of_run(run, cell, splits)
    epochs = cell.settings.recipe.epochs
    return epochs * (images.training + _FORWARD * images.scored) / speed
