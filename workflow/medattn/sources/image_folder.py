"""Base of the sources that are folders of image files: a kind lists the files, this class reads them."""

import re
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

from pydantic import Field, model_validator

from medattn.sources.base import Archive, Channels, DatasetFacts, ImageSource, SplitName
from medattn.sources.original_file import SourceFile

if TYPE_CHECKING:
    from medattn.sources.pixels.source_data import SourceData

SIZE = "height and width in pixels; images are resized to them by area averaging"


@dataclass(frozen=True)
class ListedImage:
    """An image file of a data set.

    Attributes:
        where: table and row, or folder, that names the image, for messages.
        name: its path in the original, for messages and hashes.
        file: its path on disk.
        label: position in the list of classes.
        split: split that it belongs to.
        patient: patient, person or lesion, where images of one are kept together.
        flipped: whether it is flipped, left to right.
    """

    where: str
    name: str
    file: Path
    label: int
    split: SplitName
    patient: str | None = None
    flipped: bool = False


@dataclass(frozen=True)
class ImageListing:
    """Content of a folder of images, found without opening an image.

    Attributes:
        images: the images, in an order that does not depend on the machine.
        tables: files with labels and splits, which are hashed as well.
        size: width and height in pixels that every image must have; None: any.
        columns: first and last column of pixels that are kept; None: all.
        spacing: millimeters between the pixels of the original, which is resampled to 1 mm; None: as it is.
        crop: height and width in pixels of the middle part that is kept after resampling; None: all.
        window: values that become black and white; None: those of 8-bit images.
        full_range: whether all values that a file's depth allows become black to white.
        slice: plane and number of the slice that is read from a volume; the number None is the middle; None: no slice.
        notes: remarks for readers of the results, a sentence each.
    """

    images: tuple[ListedImage, ...]
    tables: tuple[Path, ...] = ()
    size: tuple[int, int] | None = None
    columns: tuple[int, int] | None = None
    spacing: float | None = None
    crop: int | None = None
    window: tuple[float, float] | None = None
    full_range: bool = False
    slice: tuple[str, int | None] | None = None
    notes: tuple[str, ...] = ()


class ImageFolderSource(ImageSource):
    """A folder of image files of any size, which are resized to one size."""

    archive_roots: ClassVar[tuple[str, ...]] = ()
    """Folders that archives unpack to, which may contain the original."""

    size: int = Field(224, ge=8, le=4096, description=SIZE)
    obtain: str = Field("", description="how to obtain the images: a sentence without its full stop")
    archives: dict[str, Archive] = Field(
        {},
        description="zip and tar.gz archives that contain the images, by name; `medattn fetch` downloads those that "
        "have a url, and unpacks all of them once they are in the folder of data and the images are not",
    )

    @model_validator(mode="after")
    def _archives_can_be_unpacked(self) -> Self:
        for name in self.archives:
            if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9 ._-]*\.(zip|tar\.gz)", name):
                raise ValueError(f"archives names {name!r}, which is not the name of a zip or tar.gz archive")
        return self

    @property
    def archive_files(self) -> Mapping[str, Archive]:
        """The archives that contain the folder of images, by file name."""
        return self.archives

    @property
    def obtain_hint(self) -> str:
        """Instruction for getting images that can't be downloaded, without full stop; empty if unknown."""
        return self.obtain

    @property
    def shape(self) -> tuple[int, Channels]:
        """Height (which is the width) in pixels, and channels of the images."""
        return self.size, 3

    @property
    @abstractmethod
    def marker(self) -> str:
        """Name of a file or folder without which the original can't be read."""

    @abstractmethod
    def list_images(self, dataset: DatasetFacts, root: Path) -> ImageListing:
        """List the images without opening them.

        Args:
            dataset: what the registry says about the data set.
            root: the folder that contains the marker.

        Raises:
            UserError: the folder is not what it should be; names the file or the row of a table.
        """

    def root(self, original: Path) -> Path:
        """Return the folder that contains the images: `original`, or one that an archive unpacked in it."""
        roots = (original, *(original / name for name in self.archive_roots))
        return next((root for root in roots if (root / self.marker).exists()), original)

    def needed_path(self, original: Path) -> Path:
        """Return the file or folder without which the original can't be read."""
        return original / self.marker

    def is_there(self, original: Path) -> bool:
        """Return whether the marker exists."""
        return (self.root(original) / self.marker).exists()

    def listing(self, dataset: DatasetFacts, path: Path) -> ImageListing:
        """List the images of the original at `path`; raises as `list_images`."""
        return self.list_images(dataset, self.root(path))

    def read(self, dataset: DatasetFacts, path: Path, scratch: Path | None = None) -> "SourceData":
        """Read the listed images: decoded, cut, flipped and resized."""
        from medattn.sources.pixels.listed_images import read_listing

        return read_listing(self.listing(dataset, path), self.shape, scratch)

    def files_now(self, dataset: DatasetFacts, path: Path) -> tuple[SourceFile, ...] | None:
        """Return the hashes of the tables and of all images together, as `read` records them."""
        from medattn.sources.folders.listed_files import listed_files

        return listed_files(self.listing(dataset, path))

    def paths_now(self, dataset: DatasetFacts, path: Path) -> list[tuple[str, Path]]:
        """Return names and paths of the tables and the images."""
        listing = self.listing(dataset, path)
        return [
            *((table.name, table) for table in listing.tables),
            *((image.name, image.file) for image in listing.images),
        ]
