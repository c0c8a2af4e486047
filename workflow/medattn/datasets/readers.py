"""The reader of each kind of source."""

from collections.abc import Callable, Mapping
from pathlib import Path

from medattn.config.models.dataset import DatasetEntry
from medattn.config.sources.sources import ImageFolderSource
from medattn.datasets.cifar import read_cifar
from medattn.datasets.class_folders import list_class_folders
from medattn.datasets.digits import read_digits
from medattn.datasets.folder import list_folder
from medattn.datasets.folder_images import Listing, read_listing
from medattn.datasets.idrid import list_idrid
from medattn.datasets.isic2018 import list_isic2018
from medattn.datasets.jaffe import list_jaffe
from medattn.datasets.medmnist import read_medmnist
from medattn.datasets.phantom import read_phantom
from medattn.datasets.source import SourceData
from medattn.plan.availability import image_root

READ: Mapping[str, Callable[[DatasetEntry, Path, Path | None], SourceData]] = {
    "digits": read_digits,
    "phantom": read_phantom,
    "medmnist": read_medmnist,
    "cifar": read_cifar,
}
"""Readers by `source.kind`: each takes the entry, the path of the original and a folder for large images."""

LIST: Mapping[str, Callable[[DatasetEntry, Path], Listing]] = {
    "folder": list_folder,
    "class_folders": list_class_folders,
    "idrid": list_idrid,
    "jaffe": list_jaffe,
    "isic2018": list_isic2018,
}
"""What lists the images of a folder, by `source.kind`: each takes the entry and the folder."""


def read_source(entry: DatasetEntry, path: Path, scratch: Path | None = None) -> SourceData:
    """Read the images of an entry.

    Args:
        entry: the entry.
        path: its original.
        scratch: folder on whose file system images may lie for a while that are too large for the memory.

    Raises:
        UserError: the original is missing, damaged or not what the entry promises.
    """
    if isinstance(entry.source, ImageFolderSource):
        return read_listing(list_images(entry, path), entry.source, scratch)
    return READ[entry.source.kind](entry, path, scratch)


def list_images(entry: DatasetEntry, path: Path) -> Listing:
    """List the images of an entry whose original is a folder of images; raises as `read_source`."""
    return LIST[entry.source.kind](entry, image_root(entry, path))
