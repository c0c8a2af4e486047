"""The reader of each kind of source."""

from collections.abc import Callable, Mapping
from pathlib import Path

from medattn.config.dataset import DatasetEntry
from medattn.datasets.digits import read_digits
from medattn.datasets.folder import read_folder
from medattn.datasets.medmnist import read_medmnist
from medattn.datasets.phantom import read_phantom
from medattn.datasets.source import SourceData

READ: Mapping[str, Callable[[DatasetEntry, Path], SourceData]] = {
    "digits": read_digits,
    "phantom": read_phantom,
    "medmnist": read_medmnist,
    "folder": read_folder,
}
"""Readers by `source.kind`: each takes the entry and the path of the original."""
