"""Interface of a source, and the facts about its data set that a source receives."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Protocol

from pydantic import BeforeValidator, Field

from medattn.closed_model import MAX_FILE, Closed
from medattn.sources.original_file import Download, SourceFile

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from medattn.sources.pixels.source_data import SourceData

SplitName = Literal["train", "val", "test"]
SPLITS: tuple[SplitName, ...] = ("train", "val", "test")
Channels = Literal[1, 3]


def _text(value: object) -> object:
    """Refuse a name that YAML reads as a truth value, a number, a date or nothing.

    Raises:
        ValueError: the name is no text.
    """
    if isinstance(value, bool):
        words = "yes, on and true" if value else "no, off and false"
        raise ValueError(f"YAML reads {words} without quotes as a truth value, not as a name; put the name in quotes")
    if value is None:
        raise ValueError("YAML reads null, ~ and an empty place as nothing, not as a name; put the name in quotes")
    if not isinstance(value, str | list | dict):
        kind = _KINDS.get(type(value).__name__, "something else")
        raise ValueError(f"YAML reads {value} without quotes as {kind}, not as a name; put the name in quotes")
    return value


_KINDS = {"int": "a number", "float": "a number", "date": "a date", "datetime": "a date"}

ClassName = Annotated[str, BeforeValidator(_text)]
"""Name of a class or of its folder."""


class Archive(Closed):
    """An archive that contains the images: its address, and the hash and size that it must have."""

    url: str | None = Field(
        None,
        pattern=r"^https?://",
        description="address for `medattn fetch`; default: you download it and put it into the folder of data",
    )
    md5: str | None = Field(None, pattern=r"^[0-9a-f]{32}$", description="MD5 that a download must have; default: any")
    bytes: int | None = Field(
        None,
        gt=0,
        le=MAX_FILE,
        description="bytes that a download must have; default: the number that the server announces",
    )
    unpacked_bytes: int | None = Field(
        None,
        gt=0,
        le=1 << 40,
        description="bytes of all files in it at most, a protection against archives that fill the disk; default: 20 "
        "times its size and 1 MiB",
    )


class DatasetFacts(Protocol):
    """Facts in the registry about a data set, as far as sources need them."""

    @property
    def classes(self) -> Sequence[str]:
        """Class names in the order of the labels."""

    @property
    def counts(self) -> Mapping[SplitName, Sequence[int]] | None:
        """Images per class of each split, where known."""

    @property
    def images(self) -> Mapping[SplitName, int] | None:
        """Images of each split, where known."""


class ImageSource(Closed):
    """Base of all sources.

    A subclass with a literal `kind` in a module of this package is a source that data sets can name; no other file
    changes. Its fields are the options of the source, its docstring is their section of the manual. Modules of sources
    are imported while a configuration is read: they import numerical libraries only inside methods.
    """

    reader_version: ClassVar[int] = 1
    """Version of the reader; raise it when the reader gives different images: prepared data are then prepared again."""
    is_embedded: ClassVar[bool] = False
    """Whether the images need no original: they are computed, or a library contains them."""
    is_synthetic: ClassVar[bool] = False
    """Whether the software draws the images, so that they are no photographs or scans."""
    is_users_own: ClassVar[bool] = False
    """Whether users bring their own images, so that `counts` of the data set may be theirs to set."""

    kind: str

    def expected_region(self, original: Path) -> "tuple[NDArray[np.bool_] | None, str]":
        """Return where in the prepared images attention is expected, H x W, and a remark for readers without full stop.

        Sources that read a region with the images need none. Nothing is read while a configuration is read or planned.

        Args:
            original: the original file or folder.
        """
        return None, ""

    @property
    def download(self) -> Download | None:
        """The one file that contains the images, where there is one."""
        return None

    @property
    def archive_files(self) -> Mapping[str, Archive]:
        """The archives that contain the folder of images, by file name."""
        return {}

    @property
    def obtain_hint(self) -> str:
        """Instruction for getting images that can't be downloaded, without full stop; empty if unknown."""
        return ""

    @property
    def folder_name(self) -> str | None:
        """Name of the folder of originals in the folder of data; None: the name of the data set."""
        return None

    @property
    @abstractmethod
    def shape(self) -> tuple[int, Channels]:
        """Height (which is the width) in pixels, and channels of the images."""

    @property
    def has_patients(self) -> bool:
        """Whether the reader knows which images belong to one patient (or lesion, or person)."""
        return False

    @property
    def has_official_splits(self) -> bool:
        """Whether the splits are those that `counts` and `images` of the registry describe."""
        return True

    @property
    def draws_splits(self) -> bool:
        """Whether options of the source can draw other splits than those that the registry counts."""
        return False

    @property
    def own_counts(self) -> Mapping[SplitName, Sequence[int]] | None:
        """Images per class of each split, where the options set them."""
        return None

    def split_counts(self, counts: Mapping[SplitName, Sequence[int]]) -> dict[SplitName, list[int]]:
        """Return the images per class of each split of the source, given those of the official splits."""
        return {split: list(per_class) for split, per_class in counts.items()}

    def check_classes(self, classes: Sequence[str]) -> None:
        """Check that the options fit the classes of the data set.

        Raises:
            ValueError: they do not.
        """

    def needed_path(self, original: Path) -> Path:
        """Return the file or folder without which the original can't be read."""
        return original

    def is_there(self, original: Path) -> bool:
        """Return whether the original exists, or none is needed; its content is not checked."""
        return self.is_embedded or original.is_file()

    def decides_images(self) -> dict[str, Any]:
        """Return the options that decide the prepared images: neither an address nor words."""
        return self.model_dump(exclude={"url", "obtain", "archives"})

    @abstractmethod
    def read(self, dataset: DatasetFacts, path: Path, scratch: Path | None = None) -> "SourceData":
        """Read the images.

        Args:
            dataset: what the registry says about the data set.
            path: the original.
            scratch: folder for temporary files, where images are too large for memory; None: use memory only.

        Raises:
            UserError: the original is missing, damaged or not what the registry says.
        """

    @property
    def can_change(self) -> bool:
        """Whether no hash in the options fixes the original: its content is then part of the data set's identity."""
        return type(self).files_now is not ImageSource.files_now

    def files_now(self, dataset: DatasetFacts, path: Path) -> tuple[SourceFile, ...] | None:
        """Return the hashes of an original that can change, as `read` records them; None where the options fix it.

        Raises:
            UserError: as `read`.
        """
        return None

    def paths_now(self, dataset: DatasetFacts, path: Path) -> Sequence[tuple[str, Path]] | None:
        """Return names and paths of the files that `files_now` hashes, unopened; None where they are not known.

        Raises:
            UserError: as `read`.
        """
        return None
