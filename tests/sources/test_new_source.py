"""A new source is one new file: configured, prepared, planned and trained on without a change to any other file."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import medattn
from medattn.sources.registry import SOURCES
from tests.extension import run_with_module

SOURCE = '''"""Stripes: for tests only."""

from typing import ClassVar, Literal

from pydantic import Field

from medattn.errors import UserError
from medattn.sources.base import ImageSource


class StripesSource(ImageSource):
    """A text file with the width of the stripes of each class."""

    reader_version: ClassVar[int] = 3
    kind: Literal["stripes"]
    images: int = Field(10, ge=1, description="images of each class")

    @property
    def folder_name(self):
        return "widths.txt"

    @property
    def shape(self):
        return 16, 1

    def read(self, dataset, path, scratch=None):
        import numpy as np

        from medattn.sources.original_file import source_file
        from medattn.sources.pixels.source_data import SourceData, Split

        widths = [int(width) for width in path.read_text().split()]
        if len(widths) != len(dataset.classes):
            raise UserError(f"{path}: {len(widths)} widths for {len(dataset.classes)} classes")
        labels = np.repeat(np.arange(len(widths), dtype=np.int64), self.images)
        rows = [np.arange(16) // widths[label] % 2 * 255 for label in labels]
        images = np.array([np.tile(row, (16, 1)) for row in rows], dtype=np.uint8)[..., None]
        images[:, 0, 0, 0] = np.arange(len(images))
        split = Split(images, labels)
        return SourceData({"train": split, "test": split}, (source_file(path),))

    def files_now(self, dataset, path):
        from medattn.sources.original_file import source_file

        return (source_file(path),)
'''
PAPER = {
    "arms": {"vanilla": {}, "gsa": None},
    "figures": None,
    "protocol": {"kind": "fixed_epoch", "folds": None, "measured_epochs": None},
}
SELECTION = {"phantom": {"source": {"kind": "stripes", "images": 6, "size": None, "counts": None}}}


@pytest.mark.heavy
def test_a_source_is_added_by_one_file(project):
    project.configure(PAPER, datasets=SELECTION)
    (project.root / "data").mkdir()
    (project.root / "data" / "widths.txt").write_text("1 4")
    lines = ("fetch phantom --config config.yaml", "plan --write", "train", "measure")
    out = run_with_module(project, "medattn.sources", "stripes", SOURCE, *lines)
    assert "phantom: train 12, test 12 images of 16 x 16 x 1, 2 classes" in out
    assert "1 of 1 cells can be run" in out
    assert "measured" in project.results.measurements.read_text()


def test_an_original_of_a_new_source_that_is_absent_is_the_reason_of_its_cells(project):
    project.configure(PAPER, datasets=SELECTION)
    out = run_with_module(project, "medattn.sources", "stripes", SOURCE, "plan")
    assert "not available, data/widths.txt is missing" in out


def test_no_file_outside_the_folder_names_a_source_but_stand_ins_are_phantoms():
    package = Path(medattn.__file__).parent
    files = [file for file in package.rglob("*.py") if "sources" not in file.relative_to(package).parts]
    assert len(files) > 100
    named = {(file.name, model) for file in files for model in _names() if model in words_of(file)}
    assert named == {("stand_ins.py", "PhantomSource")}


def words_of(file: Path) -> set[str]:
    return set(re.findall(r"\w+", file.read_text(encoding="utf-8")))


def _names() -> list[str]:
    return [model.__name__ for model in SOURCES.values()]


@pytest.mark.parametrize("module", ["medattn.sources.registry", "medattn.protocols.registry", "medattn.plan.expand"])
def test_sources_and_protocols_import_no_numerical_library(module):
    heavy = "{'numpy', 'scipy', 'PIL', 'sklearn', 'torch', 'pandas'}"
    code = f"import sys, {module}; sys.exit(', '.join({heavy} & set(sys.modules)) or 0)"
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
