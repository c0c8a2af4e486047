"""Where images come from and how they are read: the options of each kind of source."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from medattn.config.sources.image_folders import (
    ClassFoldersSource,
    FolderSource,
    IdridSource,
    ImageFolderSource,
    Isic2018Source,
    JaffeSource,
)
from medattn.config.sources.medmnist_files import ADDRESS, OFFICIAL, SEVERAL_LABELS, MedmnistSize
from medattn.config.sources.source_options import Channels, Download, SourceOptions, SplitName
from medattn.suggestions import unknown_name

__all__ = [
    "CifarSource",
    "ClassFoldersSource",
    "DigitsSource",
    "Download",
    "FolderSource",
    "IdridSource",
    "ImageFolderSource",
    "Isic2018Source",
    "JaffeSource",
    "MedmnistSource",
    "PhantomSource",
    "Source",
    "SourceOptions",
    "SplitName",
]


class DigitsSource(SourceOptions):
    """scikit-learn's handwritten digits, 1,797 real 8 x 8 images, which come with the library."""

    kind: Literal["digits"]
    test_fraction: float = Field(
        0.2, gt=0, lt=1, description="share of the images that become the test split, stratified by class"
    )
    split_seed: int = Field(0, ge=0, description="seed of that split")

    @property
    def shape(self) -> tuple[int, Channels]:
        """Height (which is the width) in pixels and channels of the images."""
        return 8, 1


class PhantomSource(SourceOptions):
    """Images made here: fixed anatomy, lesions only inside a known region, distractors outside it."""

    kind: Literal["phantom"]
    size: int = Field(28, ge=12, le=1024, description="height and width in pixels")
    channels: Channels = Field(1, description="1 (gray) or 3 (color)")
    counts: dict[SplitName, list[int]] = Field(description="images per class, for each split")
    images_per_patient: int = Field(
        0, ge=0, description="images of a class that share a patient; 0: nothing is said of patients"
    )
    noise: float = Field(0.06, ge=0, le=1, description="standard deviation of pixel noise, of full range 1")
    contrast: float = Field(0.4, gt=0, le=1, description="brightness of a lesion, of full range 1")
    distractors: int = Field(
        3, ge=0, le=50, description="spots outside the region, on average; an image has 0 to twice as many"
    )
    seed: int = Field(0, ge=0, description="seed of the images")

    @property
    def shape(self) -> tuple[int, Channels]:
        """Height (which is the width) in pixels and channels of the images."""
        return self.size, self.channels

    @property
    def has_patients(self) -> bool:
        """Whether images are said to belong to patients."""
        return self.images_per_patient > 0


class MedmnistSource(SourceOptions):
    """A 2D set of MedMNIST at one of its native sizes: the official npz file, by path or by download."""

    kind: Literal["medmnist"]
    set: str = Field(pattern=r"^[a-z0-9]{1,40}$", description="name of the set in lower case, such as `octmnist`")
    size: MedmnistSize = Field(28, description="native height and width in pixels")
    url: str | None = Field(
        None, pattern=r"^https?://", description="where `medattn fetch` gets the file; default: MedMNIST's own address"
    )
    md5: str | None = Field(
        None, pattern=r"^[0-9a-f]{32}$", description="MD5 of the file; default: the official one of the set and size"
    )
    bytes: int | None = Field(
        None,
        gt=0,
        description="size of the file in bytes, which is checked where it is known; default: the official one",
    )

    @model_validator(mode="after")
    def _is_known(self) -> Self:
        if self.set in SEVERAL_LABELS:
            raise ValueError(f"images of {self.set} have several labels each; only sets with one can be taken")
        if self.md5 is None and self.set not in OFFICIAL:
            raise ValueError(f"{unknown_name('set', self.set, OFFICIAL)}; another file needs its md5")
        return self

    @property
    def download(self) -> Download:
        """The npz file."""
        file = f"{self.set}.npz" if self.size == 28 else f"{self.set}_{self.size}.npz"
        official = OFFICIAL.get(self.set)
        md5 = self.md5 or (official.md5[self.size] if official else "")
        size = self.bytes or (official.bytes.get(self.size) if official and not self.md5 else None)
        return Download(file, self.url or ADDRESS.format(file=file), md5, size)

    @property
    def shape(self) -> tuple[int, Channels]:
        """Height (which is the width) in pixels and channels of the images."""
        return self.size, OFFICIAL[self.set].channels if self.set in OFFICIAL else 1

    def decides_images(self) -> dict[str, Any]:
        """Return the options that decide the prepared images, with the MD5 that the file must have."""
        return {**super().decides_images(), "md5": self.download.md5, "bytes": None}


class CifarSource(SourceOptions):
    """CIFAR-10 or CIFAR-100 (fine labels), the official binary archive, by path or by download."""

    kind: Literal["cifar"]
    labels: Literal[10, 100] = Field(description="number of classes: 10, or 100 (the fine labels)")
    url: str = Field(pattern=r"^https?://", description="where `medattn fetch` gets the archive")
    md5: str = Field(pattern=r"^[0-9a-f]{32}$", description="official MD5 of the archive")
    bytes: int = Field(gt=0, description="size of the archive in bytes")

    @property
    def download(self) -> Download:
        """The archive."""
        return Download(f"cifar-{self.labels}-binary.tar.gz", self.url, self.md5, self.bytes)

    @property
    def shape(self) -> tuple[int, Channels]:
        """Height (which is the width) in pixels and channels of the images."""
        return 32, 3


Source = Annotated[
    DigitsSource
    | PhantomSource
    | MedmnistSource
    | CifarSource
    | FolderSource
    | ClassFoldersSource
    | IdridSource
    | JaffeSource
    | Isic2018Source,
    Field(discriminator="kind"),
]
