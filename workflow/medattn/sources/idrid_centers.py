"""IDRiD, part C (localization): centers of fovea and optic disc in the same 413 training and 103 test photographs.

GSA expects attention in a circle around the fovea whose diameter is that of the optic disc. Part C has centers and no
diameter: the distance between the two centers is taken as 2.5 diameters, the usual proportion of the retina.
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from medattn.errors import UserError
from medattn.sources.base import SplitName
from medattn.sources.folders.label_table import check_table, parse_number

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Point = tuple[float, float]

DIAMETERS_APART = 2.5
"""Diameters of the optic disc between its center and the fovea."""
_FOLDERS = ("C. Localization", "C.%20Localization", "Localization")
_TRUTH = "2. Groundtruths"
_DISC = "1. Optic Disc Center Location"
_FOVEA = "2. Fovea Center Location"
_FILES: Mapping[SplitName, tuple[str, str]] = {
    "train": (
        f"{_DISC}/a. IDRiD_OD_Center_Training Set_Markups.csv",
        f"{_FOVEA}/IDRiD_Fovea_Center_Training Set_Markups.csv",
    ),
    "test": (
        f"{_DISC}/b. IDRiD_OD_Center_Testing Set_Markups.csv",
        f"{_FOVEA}/IDRiD_Fovea_Center_Testing Set_Markups.csv",
    ),
}


@dataclass(frozen=True)
class Centers:
    """Centers of the optic disc and the fovea in an original, in pixels from its upper left corner."""

    disc: Point
    fovea: Point

    @property
    def is_right_eye(self) -> bool:
        """Whether the disc is to the right of the fovea, as in a right eye."""
        return self.disc[0] > self.fovea[0]

    @property
    def disc_diameter(self) -> float:
        """Diameter of the optic disc in pixels, from the distance of the centers."""
        (x, y), (other_x, other_y) = self.disc, self.fovea
        return float(((x - other_x) ** 2 + (y - other_y) ** 2) ** 0.5) / DIAMETERS_APART


def read_centers(root: Path) -> dict[SplitName, dict[int, Centers]]:
    """Read the centers of every image by split and number, which is counted from 1.

    Args:
        root: the folder that contains part B; part C is looked for in it and beside it.

    Raises:
        UserError: a file is missing or damaged; names it.
    """
    places = [folder / name for folder in (root, root.parent) for name in _FOLDERS]
    part = next((place for place in places if place.is_dir()), places[0])
    found: dict[SplitName, dict[int, Centers]] = {}
    for split, files in _FILES.items():
        discs, foveas = (_read_points(part / _TRUTH / name) for name in files)
        found[split] = {
            number: Centers(discs[number], foveas[number]) for number in sorted(discs.keys() & foveas.keys())
        }
    return found


def _read_points(path: Path) -> dict[int, Point]:
    check_table(path)
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            rows = list(csv.reader(stream))
    except OSError as error:
        raise UserError(
            f"{path}: no such file; it is in part C of IDRiD (C. Localization), which needs to be unpacked there"
        ) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path}: not a CSV table in UTF-8 ({error})") from error
    points: dict[int, Point] = {}
    for line, row in enumerate(rows[1:], start=2):
        if len(row) < 3 or not row[0].startswith("IDRiD_"):
            continue  # the files end with empty rows
        try:
            points[int(row[0].removeprefix("IDRiD_"))] = parse_number(row[1]), parse_number(row[2])
        except ValueError as error:
            raise UserError(f"{path} row {line}: not a name and two coordinates ({error})") from error
    return points


def flips_that_disagree(
    centers: Mapping[SplitName, Mapping[int, Centers]], flipped: Mapping[SplitName, frozenset[int]]
) -> list[str]:
    """Return the images whose place in the lists of right eyes contradicts their centers, as "train 17".

    Args:
        centers: by split and number.
        flipped: positions of the listed right eyes, counted from 0.
    """
    return [
        f"{split} {number}"
        for split, of_split in centers.items()
        for number, found in of_split.items()
        if found.is_right_eye != (number - 1 in flipped[split])
    ]


def expected_region(
    centers: Mapping[int, Centers], flipped: frozenset[int], height: int, columns: Sequence[int], size: int
) -> "NDArray[np.bool_]":
    """Return the circle around the mean fovea with the mean diameter of the disc, in prepared images of size x size.

    It is an ellipse there, because the aspect ratio is not kept.

    Args:
        centers: of the training images, by number.
        flipped: positions of the images that are flipped, counted from 0.
        height: height of the originals in pixels.
        columns: first and last column that is kept.
        size: height and width of the prepared images in pixels.
    """
    import numpy as np

    first, last = columns
    across, down = size / (last - first + 1), size / height
    x = [(center.fovea[0] - first) * across for center in centers.values()]
    x = [size - value if number - 1 in flipped else value for number, value in zip(centers, x, strict=True)]
    y = [center.fovea[1] * down for center in centers.values()]
    radius = float(np.mean([center.disc_diameter for center in centers.values()])) / 2
    rows, places = np.mgrid[:size, :size] + 0.5
    region: NDArray[np.bool_] = ((places - np.mean(x)) / (radius * across)) ** 2 + (
        (rows - np.mean(y)) / (radius * down)
    ) ** 2 <= 1
    return region
