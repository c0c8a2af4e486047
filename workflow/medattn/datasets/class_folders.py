"""Folders `<split>/<class>/` of images, as OCT2017 comes: CNV-<patient>-<number>.jpeg in train/CNV and so on."""

import re
from pathlib import Path

from medattn.config.models.dataset import DatasetEntry, SplitName
from medattn.config.sources.sources import ClassFoldersSource
from medattn.datasets.folder_images import FolderImage, Listing
from medattn.datasets.image_files import ENDINGS
from medattn.errors import UserError
from medattn.suggestions import unknown_name


def list_class_folders(entry: DatasetEntry, path: Path) -> Listing:
    """List the images in the folders of splits and classes.

    Patients who stand in several splits are counted in a note, not refused: official splits have such patients.

    Args:
        entry: an entry whose source is `class_folders`.
        path: the folder that holds the folders of the splits.

    Raises:
        UserError: a folder is missing, unknown or empty, a file is no image, or its name tells no patient.
    """
    source = entry.source
    assert isinstance(source, ClassFoldersSource)
    folders = source.folders or entry.classes
    images = [image for split in source.splits for image in _split(source, path, split, folders)]
    return Listing(tuple(images), notes=tuple(_shared_patients(images, source.splits)))


def _split(source: ClassFoldersSource, path: Path, split: SplitName, folders: list[str]) -> list[FolderImage]:
    try:
        present = sorted(folder.name for folder in (path / split).iterdir() if folder.is_dir())
    except OSError as error:
        raise UserError(f"{path / split}: no such folder ({error.strerror})") from error
    for name in present:
        if name not in folders and not name.startswith("."):
            raise UserError(f"{path / split}: {unknown_name('class folder', name, folders)}")
    for name in folders:
        if name not in present:
            raise UserError(f"{path / split}: has no folder '{name}'")
    return [
        image for label, name in enumerate(folders) for image in _class(source, path, Path(split) / name, split, label)
    ]


def _class(source: ClassFoldersSource, path: Path, folder: Path, split: SplitName, label: int) -> list[FolderImage]:
    pattern = re.compile(source.patient) if source.patient is not None else None
    images = []
    for file in sorted((path / folder).iterdir()):
        if file.name.startswith("."):  # what file managers leave behind
            continue
        if file.suffix.lower() not in ENDINGS or not file.is_file():
            raise UserError(f"{path / folder}: {file.name} is not an image file ({', '.join(ENDINGS)})")
        patient = None
        if pattern is not None:
            match = pattern.fullmatch(file.name)
            patient = match[1] if match else None
            if not patient:
                raise UserError(f"{path / folder}: {file.name} does not tell its patient as {source.patient} does")
        name = (folder / file.name).as_posix()
        images.append(FolderImage(str(path), name, file, label, split, patient))
    if not images:
        raise UserError(f"{path / folder}: holds no image")
    return images


def _shared_patients(images: list[FolderImage], splits: list[SplitName]) -> list[str]:
    patients = {split: {image.patient for image in images if image.split == split} - {None} for split in splits}
    notes = []
    for position, first in enumerate(splits):
        for second in splits[position + 1 :]:
            shared = patients[first] & patients[second]
            count = sum(image.split == second and image.patient in shared for image in images)
            if count:
                total = sum(image.split == second for image in images)
                notes.append(f"{count} of {total} {second} images are of patients who stand in {first}, too")
    return notes
