"""What every source of images tells of itself."""

from dataclasses import dataclass
from typing import Any, Literal

from medattn.config.models.base import Closed

SplitName = Literal["train", "val", "test"]
Channels = Literal[1, 3]


@dataclass(frozen=True)
class Download:
    """An original that is one file with an address: its name, where it is, its MD5 and, where known, its bytes."""

    file: str
    url: str
    md5: str
    bytes: int | None


class SourceOptions(Closed):
    """What every source tells of itself."""

    @property
    def download(self) -> Download | None:
        """The one file that the images come from, where there is one."""
        return None

    @property
    def folder_name(self) -> str | None:
        """Name of the folder of originals under the folder of data; None: the name of the data set."""
        return None

    @property
    def loose(self) -> bool:
        """Whether the original is a folder of image files."""
        return False

    @property
    def shape(self) -> tuple[int, Channels]:
        """Height (which is the width) in pixels and channels of the images."""
        raise NotImplementedError

    @property
    def has_patients(self) -> bool:
        """Whether the reader tells which images belong to one patient (or lesion, or person)."""
        return False

    @property
    def has_official_splits(self) -> bool:
        """Whether the splits are those that `counts` and `images` of the registry speak of."""
        return True

    def decides_images(self) -> dict[str, Any]:
        """Return the options that decide the prepared images: neither an address nor words."""
        return self.model_dump(exclude={"url", "obtain", "archives"})
