"""Folders `<split>/<class>/` of images, such as OCT2017: CNV-<patient>-<number>.jpeg in train/CNV and so on."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from medattn.errors import UserError
from medattn.reading import reading_errors
from medattn.sources.base import Channels, ClassName, DatasetFacts, SplitName
from medattn.sources.folders.class_names import check_class_folders, folders_without_images_beside
from medattn.sources.folders.image_files import listed_names
from medattn.sources.folders.patient_names import check_pattern, patient_in
from medattn.sources.image_folder import ImageListing, ListedImage
from medattn.sources.own_images import OWN_ENDINGS, OwnImagesSource


class ClassFoldersSource(OwnImagesSource):
    """Folders `<split>/<class>/` of images, such as OCT2017."""

    archive_roots: ClassVar[tuple[str, ...]] = ("OCT2017", "OCT2017 ")  # the latter in copies of other hosts
    kind: Literal["class_folders"]
    channels: Channels = Field(3, description="1 (gray) or 3 (color, gray repeated)")
    splits: list[SplitName] = Field(
        ["train", "test"], min_length=1, description="folders of splits that are read; others are ignored"
    )
    folders: list[ClassName] | None = Field(
        None, description="names of the classes' folders in the order of the classes; default: the classes' names"
    )
    patient: str | None = Field(
        None,
        description="regular expression (RE2) that a file's name must match, whose first group names the patient; "
        "images of a patient stay in one fold; default: patients are unknown",
    )

    @model_validator(mode="after")
    def _pattern_can_be_used(self) -> Self:
        check_pattern(self.patient)
        if len(set(self.splits)) < len(self.splits):
            raise ValueError("splits names a split twice")
        return self

    @property
    def has_patients(self) -> bool:
        """Whether file names tell the patient."""
        return self.patient is not None

    @property
    def shape(self) -> tuple[int, Channels]:
        """Height (which is the width) in pixels, and channels of the images."""
        return self.size, self.channels

    @property
    def marker(self) -> str:
        """Name of the folder of the first split."""
        return self.splits[0]

    def check_classes(self, classes: Sequence[str]) -> None:
        """Check that `folders` names a folder for each class."""
        folders = self.folders
        if folders is not None and (len(folders) != len(classes) or len(set(folders)) < len(folders)):
            raise ValueError(f"source.folders should name a folder for each of the {len(classes)} classes")

    def list_images(self, dataset: DatasetFacts, root: Path) -> ImageListing:
        """List the images in the folders of splits and classes.

        Official splits may share patients: a note counts them.

        Raises:
            UserError: a folder is missing, unknown or empty, an image lies outside of them, a file is no image, or its
                name names no patient.
        """
        folders = self.folders or list(dataset.classes)
        with reading_errors(root):
            folders_without_images_beside(root, OWN_ENDINGS)
        images = [image for split in self.splits for image in _split(self, root, split, folders)]
        listing = ImageListing(tuple(images), notes=tuple(_shared_patients(images, self.splits)))
        return self.with_values(listing)


def _split(source: ClassFoldersSource, path: Path, split: SplitName, folders: list[str]) -> list[ListedImage]:
    check_class_folders(path, split, folders, OWN_ENDINGS)
    return [
        image for label, name in enumerate(folders) for image in _class(source, path, Path(split) / name, split, label)
    ]


def _class(source: ClassFoldersSource, path: Path, folder: Path, split: SplitName, label: int) -> list[ListedImage]:
    images, where, place = [], str(path), path / folder
    for name in listed_names(place, OWN_ENDINGS):
        patient = patient_in(name, source.patient, place)
        images.append(ListedImage(where, f"{folder.as_posix()}/{name}", place / name, label, split, patient))
    if not images:
        raise UserError(f"{path / folder}: holds no image")
    return images


def _shared_patients(images: list[ListedImage], splits: list[SplitName]) -> list[str]:
    patients = {split: {image.patient for image in images if image.split == split} - {None} for split in splits}
    notes = []
    for position, first in enumerate(splits):
        for second in splits[position + 1 :]:
            shared = patients[first] & patients[second]
            count = sum(image.split == second and image.patient in shared for image in images)
            if count:
                total = sum(image.split == second for image in images)
                notes.append(f"{count} of {total} {second} images are of patients who are in {first}, too")
    return notes
