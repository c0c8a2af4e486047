"""Sources that are folders of image files: their options."""

import re
from typing import Literal, Self

from pydantic import Field, model_validator

from medattn.config.models.base import Closed
from medattn.config.sources.source_options import Channels, SourceOptions, SplitName

_OBTAIN = "how a reader gets the images: a sentence without its full stop"
_SIZE = "height and width in pixels; images are resized to them by area averaging"


class Archive(Closed):
    """An archive that images come in: where it is to be had, and what it then must be."""

    url: str | None = Field(
        None,
        pattern=r"^https?://",
        description="where `medattn fetch` gets it; default: a person has to, and puts it into the folder of data",
    )
    md5: str | None = Field(
        None, pattern=r"^[0-9a-f]{32}$", description="MD5 that a download must have; default: it is not known"
    )
    bytes: int | None = Field(
        None, gt=0, description="bytes that a download must have; default: as many as the server announces"
    )


class ImageFolderSource(SourceOptions):
    """A folder of image files, of any size, which are resized to one."""

    size: int = Field(224, ge=8, le=4096, description=_SIZE)
    obtain: str = Field("", description=_OBTAIN)
    archives: dict[str, Archive] = Field(
        {},
        description="zip and tar.gz archives that the images come in, by name; `medattn fetch` downloads those that "
        "have a url, and unpacks all where they lie in the folder of data and the images don't",
    )

    @model_validator(mode="after")
    def _archives_can_be_unpacked(self) -> Self:
        for name in self.archives:
            if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9 ._-]*\.(zip|tar\.gz)", name):
                raise ValueError(f"archives names {name!r}, which is not the name of a zip or tar.gz archive")
        return self

    @property
    def loose(self) -> bool:
        """Whether the original is a folder of image files."""
        return True

    @property
    def shape(self) -> tuple[int, Channels]:
        """Height (which is the width) in pixels and channels of the images."""
        return self.size, getattr(self, "channels", 3)


class FolderSource(ImageFolderSource):
    """A folder of images with a table `images.csv` (columns image, label, split and, optionally, patient)."""

    kind: Literal["folder"]
    size: int = Field(ge=8, le=4096, description=_SIZE)
    channels: Channels = Field(3, description="1 (gray) or 3 (color, gray repeated)")


class ClassFoldersSource(ImageFolderSource):
    """Folders `<split>/<class>/` of images, as OCT2017 comes."""

    kind: Literal["class_folders"]
    channels: Channels = Field(3, description="1 (gray) or 3 (color, gray repeated)")
    splits: list[SplitName] = Field(
        ["train", "test"], min_length=1, description="folders of splits that are read; others are passed over"
    )
    folders: list[str] | None = Field(
        None, description="names of the classes' folders in the order of the classes; default: the classes' names"
    )
    patient: str | None = Field(
        None,
        description="regular expression that a file's name must match, whose first group names the patient; "
        "images of a patient stay in one fold; default: nothing is known of patients",
    )

    @model_validator(mode="after")
    def _pattern_can_be_used(self) -> Self:
        if self.patient is not None:
            try:
                groups = re.compile(self.patient).groups
            except re.error as error:
                raise ValueError(f"patient is not a regular expression ({error})") from error
            if groups < 1:
                raise ValueError("patient has no group in parentheses")
        if len(set(self.splits)) < len(self.splits):
            raise ValueError("splits names a split twice")
        return self

    @property
    def has_patients(self) -> bool:
        """Whether file names tell the patient."""
        return self.patient is not None


class IdridSource(ImageFolderSource):
    """IDRiD, part B (disease grading): the official training and test images with one of the two grades."""

    kind: Literal["idrid"]
    task: Literal["retinopathy", "macular_edema"] = Field(
        description="which grade is the label: of retinopathy (0 to 4) or the risk of macular edema (0 to 2)"
    )
    original: list[int] = Field(
        [4288, 2848], min_length=2, max_length=2, description="width and height in pixels that every original must have"
    )
    columns: list[int] = Field(
        [260, 3685],
        min_length=2,
        max_length=2,
        description="first and last column of pixels that stay, counted from 0; the rest is cut off before resizing",
    )
    flip_right_eyes: bool = Field(
        True, description="mirror the right eyes, by the GSA paper's lists (204 training, 47 test images)"
    )

    @model_validator(mode="after")
    def _columns_lie_in_the_image(self) -> Self:
        first, last = self.columns
        if not 0 <= first < last < self.original[0]:
            raise ValueError(f"columns should be two of 0 to {self.original[0] - 1}, the smaller one first")
        return self

    @property
    def folder_name(self) -> str:
        """Both tasks read the same images."""
        return "idrid"


class JaffeSource(ImageFolderSource):
    """JAFFE: the label is the emotion with the highest of six mean ratings; gray is repeated to three channels."""

    kind: Literal["jaffe"]
    ratings: str = Field("ratings.txt", description="name of the text file with the ratings, in the folder of images")
    test_fraction: float = Field(0.2, gt=0, lt=1, description="share of the images that become the test split")
    split_by: Literal["image", "person"] = Field(
        "image",
        description="`image`: a random split, in which a person stands in both parts, as in the GSA paper; `person`: "
        "all images of a person stay in one part and in one fold",
    )
    split_seed: int = Field(0, ge=0, description="seed of the split")

    @property
    def has_patients(self) -> bool:
        """Whether images of a person are kept together."""
        return self.split_by == "person"

    @property
    def has_official_splits(self) -> bool:
        """Whether the paper's share of test images is drawn image by image."""
        return self.split_by == "image" and self.test_fraction == 0.2


class Isic2018Source(ImageFolderSource):
    """Task 3 of the ISIC 2018 challenge: 10,015 training (HAM10000), 193 validation and 1,512 test images."""

    kind: Literal["isic2018"]
    split: Literal["official", "test_on_validation", "random"] = Field(
        "official",
        description="`official`: the challenge's three parts; `test_on_validation`: its 193 validation images are the "
        "test split and val is cut from the training images; `random`: test and val are cut from the training images",
    )
    split_by: Literal["image", "lesion"] = Field(
        "image",
        description="what is drawn and kept together where splits or folds are cut from the training images; `lesion` "
        "needs HAM10000_metadata.csv or ISIC2018_Task3_Training_LesionGroupings.csv",
    )
    val_fraction: float = Field(
        0.1, gt=0, lt=1, description="share of the training images that become val, by class, where it is cut from them"
    )
    test_fraction: float = Field(
        0.2,
        gt=0,
        lt=1,
        description="share of the training images that become test, by class, where it is cut from them",
    )
    split_seed: int = Field(0, ge=0, description="seed of what is cut")
    whole_batches: int | None = Field(
        None,
        ge=1,
        description="leave out the last test images, in the order of the table, that don't fill a batch of so many: "
        "with `test_on_validation`, 32 leaves the 192 images that the PPCR paper's accuracies fit; default: all stay",
    )

    @model_validator(mode="after")
    def _something_is_left_to_train_on(self) -> Self:
        if self.val_fraction + self.test_fraction >= 1:
            raise ValueError("val_fraction and test_fraction leave no training images")
        return self

    @property
    def has_patients(self) -> bool:
        """Whether images of a lesion are kept together."""
        return self.split_by == "lesion"

    @property
    def has_official_splits(self) -> bool:
        """Whether the splits are the challenge's parts."""
        return self.split == "official" and self.whole_batches is None
