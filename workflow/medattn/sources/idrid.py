"""IDRiD, part B (disease grading): 413 training and 103 test fundus photographs of 4288 x 2848 pixels.

Prepared as in the GSA paper: the columns 260 to 3685 are kept, right eyes are flipped to look like left ones, and the
images are resized by area averaging without keeping the aspect ratio. `idrid_flipped.json` lists the right eyes, as
published by the authors of the paper, by position counted from 0.
"""

import json
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from medattn.errors import UserError
from medattn.sources.base import DatasetFacts, SplitName
from medattn.sources.folders.image_files import image_files, other_case, refuse_unnamed
from medattn.sources.folders.label_table import read_label_table
from medattn.sources.idrid_centers import expected_region, flips_that_disagree, read_centers
from medattn.sources.image_folder import ImageFolderSource, ImageListing, ListedImage
from medattn.suggestions import unknown_name

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_RIGHT_EYES = Path(__file__).with_name("idrid_flipped.json")
_IMAGES = "1. Original Images"
_LABELS = "2. Groundtruths"
_PARTS: dict[SplitName, tuple[str, str]] = {
    "train": ("a. Training Set", "a. IDRiD_Disease Grading_Training Labels.csv"),
    "test": ("b. Testing Set", "b. IDRiD_Disease Grading_Testing Labels.csv"),
}
_COLUMNS = {"retinopathy": "Retinopathy grade", "macular_edema": "Risk of macular edema"}
_NAME = re.compile(r"IDRiD_(\d{3})")


class IdridSource(ImageFolderSource):
    """IDRiD, part B (disease grading): the official training and test images with one of the two grades."""

    archive_roots: ClassVar[tuple[str, ...]] = ("B. Disease Grading", "B.%20Disease%20Grading", "Disease Grading")

    kind: Literal["idrid"]
    task: Literal["retinopathy", "macular_edema"] = Field(
        description="which grade is the label: of retinopathy (0 to 4) or the risk of macular edema (0 to 2)"
    )
    original: list[Annotated[int, Field(ge=1, le=100_000)]] = Field(
        [4288, 2848], min_length=2, max_length=2, description="width and height in pixels that every original must have"
    )
    columns: list[Annotated[int, Field(ge=0, le=100_000)]] = Field(
        [260, 3685],
        min_length=2,
        max_length=2,
        description="first and last column of pixels that are kept, counted from 0; images are cropped, then resized",
    )
    flip_right_eyes: bool = Field(
        True, description="flip the right eyes, by the lists of the GSA paper (204 training, 47 test images)"
    )

    @model_validator(mode="after")
    def _columns_lie_in_the_image(self) -> Self:
        first, last = self.columns
        if not 0 <= first < last < self.original[0]:
            raise ValueError(f"columns should be two of 0 to {self.original[0] - 1}, the smaller one first")
        return self

    @property
    def folder_name(self) -> str:
        """Name of the folder of originals, which both tasks share."""
        return "idrid"

    @property
    def marker(self) -> str:
        """Name of the folder of images."""
        return _IMAGES

    def expected_region(self, original: Path) -> "tuple[NDArray[np.bool_] | None, str]":
        """Return the circle around the fovea with the diameter of the optic disc, from part C of IDRiD."""
        root = self.root(original)
        try:
            centers = read_centers(root)
        except UserError as error:
            return None, f"the expected region is not known: {error}"
        flipped = flipped_positions() if self.flip_right_eyes else {split: frozenset[int]() for split in _PARTS}
        region = expected_region(centers["train"], flipped["train"], self.original[1], self.columns, self.size)
        wrong = flips_that_disagree(centers, flipped_positions())
        remark = (
            "outlined: the circle around the fovea with the diameter of the optic disc, mean over the training images"
        )
        return region, remark + (
            f"; the lists of right eyes contradict the centers of {', '.join(wrong)}" if wrong else ""
        )

    def list_images(self, dataset: DatasetFacts, root: Path) -> ImageListing:
        """List the images that the two tables of labels name; the test set numbers its images from 1 again.

        The class names of the data set are the grades.

        Raises:
            UserError: a table or image is missing, an image has no row, or a grade is none of the classes.
        """
        images = [image for split in _PARTS for image in _part(dataset, self, root, split)]
        tables = tuple(root / _LABELS / table for _, table in _PARTS.values())
        width, height = self.original
        first, last = self.columns
        return ImageListing(tuple(images), tables, (width, height), (first, last))


@cache
def flipped_positions() -> dict[SplitName, frozenset[int]]:
    """Return the positions, counted from 0, of the right eyes in each split."""
    return {split: frozenset(positions) for split, positions in json.loads(_RIGHT_EYES.read_text()).items()}


def _part(dataset: DatasetFacts, source: IdridSource, path: Path, split: SplitName) -> list[ListedImage]:
    folder, table = path / _IMAGES / _PARTS[split][0], path / _LABELS / _PARTS[split][1]
    files = image_files(folder, (".jpg", ".jpeg"))
    rows = read_label_table(table, ("Image name", _COLUMNS[source.task]))
    refuse_unnamed(files, {row.values[0] for row in rows}, table)
    flipped = flipped_positions()[split] if source.flip_right_eyes else frozenset()
    images = []
    for row in rows:
        name, grade = row.values
        number = _NAME.fullmatch(name)
        if number is None:
            raise UserError(f"{row.where}: {name} is not a name such as IDRiD_001")
        if name not in files:
            there = other_case(name, files)
            raise UserError(f"{row.where}: {name}.jpg is missing from {folder}{there}; put it there")
        if grade not in dataset.classes:
            raise UserError(f"{row.where}: {unknown_name('grade', grade, dataset.classes)}")
        images.append(
            ListedImage(
                where=row.where,
                name=f"{_PARTS[split][0]}/{files[name].name}",
                file=files[name],
                label=list(dataset.classes).index(grade),
                split=split,
                flipped=int(number[1]) - 1 in flipped,
            )
        )
    return images
