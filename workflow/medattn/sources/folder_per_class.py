"""Folders `<class>/` of images without splits: images are divided at random, the same way on every machine."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from medattn.closed_model import MAX_SEED
from medattn.errors import UserError
from medattn.sources.base import Channels, ClassName, DatasetFacts
from medattn.sources.folders.class_names import check_class_folders
from medattn.sources.folders.draw_splits import draw_splits
from medattn.sources.folders.image_files import listed_names
from medattn.sources.folders.patient_names import check_pattern, patient_in
from medattn.sources.image_folder import SIZE, ImageListing, ListedImage
from medattn.sources.own_images import OWN_ENDINGS, OwnImagesSource


class FolderPerClassSource(OwnImagesSource):
    """Folders `<class>/` of images, as torchvision's `ImageFolder` reads them; test images are drawn at random."""

    archive_roots: ClassVar[tuple[str, ...]] = ()
    kind: Literal["folder_per_class"]
    size: int = Field(ge=8, le=4096, description=SIZE)
    channels: Channels = Field(3, description="1 (gray) or 3 (color, gray repeated)")
    folders: list[ClassName] = Field(
        min_length=2, max_length=10_000, description="names of the classes' folders in the order of the classes"
    )
    test_fraction: float = Field(
        0.25,
        gt=0,
        lt=1,
        description="share of the images that become the test split: of each class or, with `patient`, of all classes "
        "together",
    )
    split_seed: int = Field(0, ge=0, le=MAX_SEED, description="seed of the split")
    patient: str | None = Field(
        None,
        description="regular expression (RE2) that a file's name must match, whose first group names the patient; "
        "images of a patient stay in one split and one fold; default: patients are unknown",
    )

    @model_validator(mode="after")
    def _pattern_can_be_used(self) -> Self:
        check_pattern(self.patient)
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
        """Name of the folder of the first class."""
        return self.folders[0]

    def check_classes(self, classes: Sequence[str]) -> None:
        """Check that `folders` names a folder for each class."""
        if len(self.folders) != len(classes) or len(set(self.folders)) < len(self.folders):
            raise ValueError(f"source.folders should name a folder for each of the {len(classes)} classes")

    def list_images(self, dataset: DatasetFacts, root: Path) -> ImageListing:
        """List the images in the folders of the classes, and draw their splits.

        Raises:
            UserError: a folder is missing, unknown or empty, an image lies beside them, a file is no image, or its name
                names no patient.
        """
        check_class_folders(root, "", self.folders, OWN_ENDINGS)
        found = [image for label, name in enumerate(self.folders) for image in self._class(root, label, name)]
        names = [patient or f"{self.folders[label]}/{name}" for label, name, patient in found]
        labels = None if self.has_patients else [label for label, _, _ in found]
        splits = draw_splits(names, labels, {"test": self.test_fraction}, self.split_seed)
        images = [
            ListedImage(
                str(root), f"{self.folders[label]}/{name}", root / self.folders[label] / name, label, split, who
            )
            for (label, name, who), split in zip(found, splits, strict=True)
        ]
        return self.with_values(ImageListing(tuple(sorted(images, key=lambda image: image.split != "train"))))

    def _class(self, root: Path, label: int, folder: str) -> Iterator[tuple[int, str, str | None]]:
        """Yield label, file name and patient of the images of a class."""
        names = listed_names(root / folder, OWN_ENDINGS)
        if not names:
            raise UserError(f"{root / folder}: holds no image")
        for name in names:
            yield label, name, patient_in(name, self.patient, root / folder)
