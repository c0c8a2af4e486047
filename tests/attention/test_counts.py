"""Parameters of whole networks, placed by the code that training uses, against counts worked out from the equations.

The networks are those of the PPCR paper's Tables 1, 2 and 6; their counts lie within the rounding of the published ones
wherever a configuration exists that does.
"""

import csv
from pathlib import Path

import pytest
import torch

from medattn.config.mechanisms import mechanism_options
from medattn.config.models.paper import Backbone
from medattn.training.network import NetworkSpec, build_network

ROWS = list(csv.DictReader((Path(__file__).parent / "parameters.csv").open()))


def parameters(model: str, row: dict[str, str]) -> int:
    name, side = row["mechanism"], int(row["image"])
    chosen = {"weight_shape": row["weight_shape"]} if row["weight_shape"] else {}
    options = {} if name == "none" else mechanism_options(name)(**chosen).model_dump()
    backbone = Backbone(model=model, stem=row["stem"])
    with torch.device("meta"):
        images = torch.empty(1, 3, side, side)
        network = build_network(NetworkSpec(backbone, int(row["classes"]), name, options), images, 0, Path())
    return sum(parameter.numel() for parameter in network.parameters())


def test_every_cell_of_the_tables_is_there():
    assert len(ROWS) == 3 * 2 * 9


@pytest.mark.parametrize("library", ["torchvision", pytest.param("timm", marks=pytest.mark.heavy)])
@pytest.mark.parametrize("row", ROWS, ids=lambda row: "-".join(row.values()))
def test_parameters(library, row):
    assert parameters(f"{library}/{row['network']}", row) == int(row["parameters"])
