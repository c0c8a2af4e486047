"""Training images per second of networks: measured for a selection, or shipped with the package."""

import json
import statistics
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from medattn.config.models.dataset import DatasetEntry
from medattn.plan.model import Cell, CellKey
from medattn.reading import read_csv, unexpected_content

_SHIPPED = Path(__file__).with_name("speeds.json")
NetworkSize = tuple[str, str, int]


@dataclass(frozen=True)
class Speeds:
    """Throughputs of one device.

    Attributes:
        unit: unit of estimates, such as core hours.
        source: description of the measurement, for messages.
        key: function that returns the key of a cell's network in the mappings below.
        gmacs: billions of multiply-accumulates of one image.
        measured: training images per second of the measured networks.
    """

    unit: str
    source: str
    key: Callable[[Cell, DatasetEntry], Hashable]
    gmacs: Mapping[Hashable, float]
    measured: Mapping[Hashable, float]

    def images_per_second(self, cell: Cell, entry: DatasetEntry) -> float | None:
        """Return the training images per second of a cell, measured or estimated; None if unknown."""
        key = self.key(cell, entry)
        if key in self.measured or key not in self.gmacs:
            return self.measured.get(key)
        return self._gmacs_per_second / self.gmacs[key]

    @cached_property
    def _gmacs_per_second(self) -> float:
        return statistics.median(self.gmacs[known] * speed for known, speed in self.measured.items())


def network_of(cell: Cell, entry: DatasetEntry) -> NetworkSize:
    """Return model, stem and input size of a cell's network."""
    backbone = cell.settings.backbone
    assert backbone is not None
    return backbone.model, backbone.stem, backbone.input_size or entry.source.shape[0]


def speeds_for(complexity: Path) -> Speeds:
    """Return the speeds in a selection's complexity.csv or, if it has none, the shipped ones.

    Raises:
        UserError: the file is damaged.
    """
    return _measured_in(complexity) or _shipped()


def parameters_of(cell: Cell, entry: DatasetEntry) -> int | None:
    """Return the number of parameters of a cell's network, without its mechanism; None if unknown."""
    rows = _shipped_networks()["networks"]
    return next(
        (row["parameters"] for row in rows if (row["model"], row["stem"], row["size"]) == network_of(cell, entry)), None
    )


@cache
def _shipped_networks() -> dict[str, Any]:
    value: dict[str, Any] = json.loads(_SHIPPED.read_text(encoding="utf-8"))
    return value


@cache
def _shipped() -> Speeds:
    value = _shipped_networks()
    networks: dict[Hashable, dict[str, Any]] = {
        (row["model"], row["stem"], row["size"]): row for row in value["networks"]
    }
    return Speeds(
        "core hours",
        f"throughputs of {value['device']}; `medattn complexity --speed --write` measures your device",
        network_of,
        {network: row["gmacs"] for network, row in networks.items()},
        {key: row["images_per_second"] for key, row in networks.items() if "images_per_second" in row},
    )


def _measured_in(path: Path) -> Speeds | None:
    if not path.is_file():
        return None
    remedy = "it is not a file of `medattn complexity --write`; run it again"
    with unexpected_content(path, remedy):
        rows: dict[Hashable, dict[str, str]] = {
            CellKey.of_row({**row, "dataset": row["counted_for"]}): row
            for row in read_csv(path, ("counted_for", "gmacs"), remedy)
            if row["gmacs"]
        }
        measured = {key: row for key, row in rows.items() if row.get("training_images_per_second")}
        if not measured:
            return None
        device = next(iter(measured.values()))["device"]
        return Speeds(
            "hours",
            f"throughputs measured on {device} (complexity.csv), one run at a time",
            lambda cell, entry: cell.key,
            {key: float(row["gmacs"]) for key, row in rows.items()},
            {key: float(row["training_images_per_second"]) for key, row in measured.items()},
        )
