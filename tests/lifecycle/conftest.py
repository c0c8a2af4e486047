"""A small selection on images of the user's own, finished with made-up runs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.conftest import Project
from tests.made_up_runs import finish_runs

PAPER = {
    "figures": None,
    "protocol": {"kind": "fixed_epoch", "folds": None, "measured_epochs": None},
    "arms": {"gsa": None, "se": {"mechanism": "se"}},
    "backbones": {"net": {"model": "timm/resnet18", "stem": "small", "input_size": None}},
}
ENTRY = {"source": {"kind": "folder", "size": 8}, "classes": ["healthy", "ill"], "title": "Mine", "path": "pictures"}


@pytest.fixture
def pictures(project: Project) -> Project:
    """A project with images of the user's own."""
    folder = project.root / "pictures"
    folder.mkdir()
    rows = ["image,label,split"]
    random = np.random.default_rng(0)
    for number in range(24):
        Image.fromarray(random.integers(0, 255, (8, 8, 3), dtype=np.uint8)).save(folder / f"{number}.png")
        rows.append(f"{number}.png,{['healthy', 'ill'][number % 2]},{['train', 'test'][number // 16]}")
    (folder / "images.csv").write_text("\n".join(rows) + "\n")
    return project


@pytest.fixture
def trained(pictures: Project) -> Project:
    """Two arms with three seeds on these images, all finished and measured."""
    configure(pictures)
    finish_runs(pictures.plan(), pictures.results)
    assert pictures.medattn("measure") == 0
    return pictures


def configure(project: Project, paper: Mapping[str, Any] = {}, **selection: Any) -> None:
    of_paper = {"datasets": ["mine"], **selection.pop("of_paper", {})}
    chosen = {"datasets": {"mine": ENTRY}, "seeds": [0, 1, 2], "papers": {"tiny": of_paper}}
    project.configure({**PAPER, **paper}, **{**chosen, **selection})


def content(project: Project) -> dict[Path, bytes]:
    """Every file of the project and every folder, but for Snakemake's own."""
    found = (path for path in sorted(project.root.rglob("*")) if ".snakemake" not in path.parts)
    return {path: path.read_bytes() if path.is_file() else b"" for path in found}
