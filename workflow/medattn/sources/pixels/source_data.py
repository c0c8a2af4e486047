"""The images and labels that a source reads, by split."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from medattn.sources.original_file import SourceFile

Images = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int64]
Region = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Split:
    """The images of one split.

    Attributes:
        images: uint8, (N, height, width, channels), 0 to 255.
        labels: int64, (N,), positions in the list of classes.
        groups: the patient of each image, where known; images of one patient belong together.
        names: the path of each image in the original, where that is a folder of images; not stored when prepared.
    """

    images: Images
    labels: Labels
    groups: list[str] | None = None
    names: list[str] | None = None


@dataclass(frozen=True)
class SourceData:
    """All images that a source read.

    Attributes:
        splits: by name, of train, val and test; a data set may have no val.
        source_files: the files that the images came from; none where they are computed or embedded.
        region: bool, (height, width), the pixels that lesions can cover, where that is known.
        notes: remarks for readers of the results, a sentence each.
    """

    splits: Mapping[str, Split]
    source_files: tuple[SourceFile, ...] = ()
    region: Region | None = None
    notes: tuple[str, ...] = ()


def images_per_class(labels: Labels, classes: int) -> list[int]:
    """Return the number of labels of each of `classes` classes."""
    return [int(count) for count in np.bincount(labels, minlength=classes)]
