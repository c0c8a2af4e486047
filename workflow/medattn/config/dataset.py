"""Entries of the data set registry, and the options of each source."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from medattn.config.base import Closed

SplitName = Literal["train", "val", "test"]


class DigitsSource(Closed):
    """scikit-learn's handwritten digits, 1,797 real 8 x 8 images, which come with the library."""

    kind: Literal["digits"]
    test_fraction: float = Field(
        0.2, gt=0, lt=1, description="share of the images that become the test split, stratified by class"
    )
    split_seed: int = Field(0, ge=0, description="seed of that split")


class PhantomSource(Closed):
    """Images made here: fixed anatomy, lesions only inside a known region, distractors outside it."""

    kind: Literal["phantom"]
    size: int = Field(28, ge=12, le=1024, description="height and width in pixels")
    channels: Literal[1, 3] = Field(1, description="1 (gray) or 3 (colour)")
    counts: dict[SplitName, list[int]] = Field(description="images per class, for each split")
    noise: float = Field(0.06, ge=0, le=1, description="standard deviation of pixel noise, of full range 1")
    contrast: float = Field(0.4, gt=0, le=1, description="brightness of a lesion, of full range 1")
    distractors: int = Field(
        3, ge=0, le=50, description="spots outside the region, on average; an image has 0 to twice as many"
    )
    seed: int = Field(0, ge=0, description="seed of the images")


class MedmnistSource(Closed):
    """An official npz file of MedMNIST, by path or by download."""

    kind: Literal["medmnist"]
    file: str = Field(pattern=r"^[a-z0-9_]+\.npz$", description="name of the file")
    url: str = Field(pattern=r"^https?://", description="where `medattn fetch` gets it")
    md5: str = Field(pattern=r"^[0-9a-f]{32}$", description="official MD5 of the file")
    bytes: int | None = Field(None, gt=0, description="size of the file in bytes, where it is known")


class FolderSource(Closed):
    """A folder of images with a table `images.csv` (columns image, label, split and, optionally, patient)."""

    kind: Literal["folder"]
    size: int = Field(
        ge=8, le=4096, description="height and width in pixels; images are resized to them by area averaging"
    )
    channels: Literal[1, 3] = Field(3, description="1 (gray) or 3 (colour, gray repeated)")
    obtain: str = Field("", description="how a reader gets the images: a sentence without its full stop")


Source = Annotated[DigitsSource | PhantomSource | MedmnistSource | FolderSource, Field(discriminator="kind")]


class DatasetEntry(Closed):
    """One data set: where it comes from, what it must hold, what may be done with it."""

    title: str = Field(description="name for tables and figures")
    source: Source = Field(description="where the images come from and how they are read")
    path: str | None = Field(
        None,
        description="the original npz file or folder; default: <data>/<file> or <data>/<name of data set>",
    )
    classes: list[str] = Field(min_length=2, description="class names in the order of the labels 0, 1, ...")
    counts: dict[SplitName, list[int]] | None = Field(
        None, description="images per class that each split must hold; checked where given"
    )
    licence: str = Field("", description="licence of the images")
    citation: str = Field("", description="publication to cite")
    homepage: str = Field("", description="page of the data set")

    @model_validator(mode="after")
    def _path_only_where_files_are_read(self) -> Self:
        if self.path is not None and self.source.kind in {"digits", "phantom"}:
            raise ValueError(f"the source '{self.source.kind}' reads no file; remove path")
        return self

    @model_validator(mode="after")
    def _class_names_are_unique(self) -> Self:
        if len(set(self.classes)) < len(self.classes):
            raise ValueError("classes names a class twice")
        return self

    @model_validator(mode="after")
    def _counts_match_classes(self) -> Self:
        expected = [self.counts] if self.counts else []
        if isinstance(self.source, PhantomSource):
            expected.append(self.source.counts)
        for counts in expected:
            for split, per_class in counts.items():
                if len(per_class) != len(self.classes):
                    raise ValueError(f"{split} counts {len(per_class)} classes, but classes names {len(self.classes)}")
                if min(per_class) < 0:
                    raise ValueError(f"{split} has a negative count")
        return self
