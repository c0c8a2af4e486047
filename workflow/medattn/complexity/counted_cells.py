"""The counts of every cell of a plan. Equal networks are counted, and timed, once."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from medattn.complexity.images import ImageFacts, image_facts
from medattn.complexity.network import NetworkCounts, NetworkOfCell, count, network_of_cell, parameter_count
from medattn.complexity.speed import Speed, measured_speed
from medattn.config.mechanisms import is_block_mechanism
from medattn.config.models.dataset import DatasetEntry
from medattn.errors import UserError
from medattn.files import sha256_of_value
from medattn.plan.model import Cell, Plan

log = logging.getLogger(__name__)

_CLASSIFIER = "a classifier on pixels, not a network"


@dataclass(frozen=True)
class CountedCell:
    """A cell with its counts, or with the reason why it has none.

    Attributes:
        cell: the cell.
        network: its network at the first grid point; None if it has no network.
        images: size, channels, classes and number of its images.
        counts: counts at the first grid point.
        parameters_at_end: parameters at the last grid point, if they differ.
        reason: why there are no counts.
    """

    cell: Cell
    network: NetworkOfCell | None = None
    images: ImageFacts | None = None
    counts: NetworkCounts | None = None
    parameters_at_end: int | None = None
    reason: str = ""


class PlanCounter:
    """Counter of the costs of a plan's cells, in the order of the plan."""

    def __init__(self, plan: Plan, datasets: Mapping[str, DatasetEntry]) -> None:
        self._datasets = datasets
        self._known: dict[str, NetworkCounts] = {}
        self._speeds: dict[str, Speed | str] = {}
        self.cells = [self._counted(cell) for cell in plan.cells.values()]

    def parameters(self, counted: CountedCell, classes: int) -> int:
        """Return the parameters of the network of a counted cell with another number of classes."""
        assert counted.network is not None and counted.images is not None
        return parameter_count(counted.network, replace(counted.images, classes=classes))[0]

    def speed(self, counted: CountedCell, device: torch.device, repeats: int) -> Speed | str:
        """Return the speed of the network of a counted cell on `device`, or why it could not be measured."""
        assert counted.network is not None and counted.images is not None
        key = _key(counted.network, counted.images)
        if key not in self._speeds:
            log.info("measuring the speed of %s", counted.cell.id)
            try:
                self._speeds[key] = measured_speed(counted.network, counted.images, device, repeats)
            except torch.OutOfMemoryError:
                self._speeds[key] = f"does not fit into the memory of {device.type}"
        return self._speeds[key]

    def _counted(self, cell: Cell) -> CountedCell:
        if cell.is_classifier:
            return CountedCell(cell, reason=_CLASSIFIER)
        try:
            network, *end = [network_of_cell(cell, point) for point in _ends(cell)]
            entry, protocol = self._datasets[cell.dataset], cell.settings.protocol
            images = image_facts(entry, Path(cell.prepared), protocol, network.backbone)
            if images.training is None and _needs_training_images(network, images):
                raise UserError("its size depends on the number of training images; run `medattn fetch` to count them")
            counts = self._count(network, images)
            at_end = parameter_count(end[0], images)[0] if end else counts.parameters
        except (UserError, RuntimeError) as error:
            return CountedCell(cell, reason=f"can't be counted: {str(error).splitlines()[0]}")
        return CountedCell(cell, network, images, counts, at_end if at_end != counts.parameters else None)

    def _count(self, network: NetworkOfCell, images: ImageFacts) -> NetworkCounts:
        key = _key(network, images)
        if key not in self._known:
            self._known[key] = count(network, images)
        return self._known[key]


def _key(network: NetworkOfCell, images: ImageFacts) -> str:
    """Return a hash of the settings that determine the counts; cells with the same hash have the same network."""
    arm = network.arm.model_dump(mode="json", include=network.arm.model_fields_set - _NOT_OF_THE_NETWORK)
    return sha256_of_value(
        [
            network.backbone.model_dump(mode="json", exclude={"label", "arms", "weights"}),
            {**arm, "options": network.options},
            network.recipe.model_dump(mode="json", exclude={"epochs", "weight_decay"}),
            [images.height, images.width, images.channels, images.classes],
            images.training,
        ]
    )


_NOT_OF_THE_NETWORK = {"label", "grid", "datasets", "backbones", "placebos", "placebo_of"}


def _ends(cell: Cell) -> list[dict[str, Any]]:
    """Return the first point of the arm's grid and, if it has several values of an option, the last."""
    grid = cell.settings.arm.grid
    first, last = ({key: values[place] for key, values in grid.items()} for place in (0, -1))
    has_options = any(key.startswith("options.") and len(values) > 1 for key, values in grid.items())
    return [first, last] if has_options else [first]


def _needs_training_images(network: NetworkOfCell, images: ImageFacts) -> bool:
    if network.arm.mechanism == "none" or is_block_mechanism(network.arm.mechanism):
        return False
    sizes = {parameter_count(network, replace(images, training=n)) for n in (1, 2)}
    return len(sizes) > 1
