"""Image folders of Hugging Face: images with a table `metadata.csv` or `metadata.jsonl`.

The table lies beside the folders of the splits, or in each of them. Its column `file_name` has the path of an image
relative to the table. Layout: https://huggingface.co/docs/datasets/image_dataset.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Literal, Self

from pydantic import Field, model_validator

from medattn.errors import UserError
from medattn.litter import is_litter_name
from medattn.sources.base import Channels, DatasetFacts, SplitName
from medattn.sources.folders.image_files import refuse_unprintable
from medattn.sources.folders.image_paths import ImagePaths
from medattn.sources.folders.label_table import class_position
from medattn.sources.folders.listed_once import check_listed_images
from medattn.sources.folders.metadata_table import FILE_NAME, TABLES, MetadataRow, metadata_table, read_metadata
from medattn.sources.folders.unlisted_images import refuse_unlisted
from medattn.sources.image_folder import SIZE, ImageListing, ListedImage
from medattn.sources.own_images import OWN_ENDINGS, OwnImagesSource
from medattn.suggestions import unknown_name

_SPLIT_FOLDERS: Mapping[str, SplitName] = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("validation", "valid", "val", "dev"), "val"),
    **dict.fromkeys(("test", "testing", "eval", "evaluation"), "test"),
}


class HuggingFaceFolderSource(OwnImagesSource):
    """An image folder of Hugging Face: `metadata.csv` or `metadata.jsonl` with a column `file_name`.

    The folders `train`, `validation` and `test` are the splits (also under the other names that Hugging Face knows,
    such as `val`). Without them, all images are one pool in the split train. Every image needs a row.
    """

    kind: Literal["hf_image_folder"]
    channels: Channels = Field(3, description="1 (gray) or 3 (color, gray repeated)")
    size: int = Field(ge=8, le=4096, description=SIZE)
    label: str = Field(
        "label", min_length=1, description="column with the class: its name, or its position where no class is a number"
    )
    patient: str | None = Field(
        None,
        description="column that names the patient; images of a patient stay in one fold; default: patients are "
        "unknown",
    )
    ignored_columns: list[str] = Field(
        [], description="further columns, which are not read; a column that is not declared is refused"
    )

    @model_validator(mode="after")
    def _columns_are_different(self) -> Self:
        columns = [FILE_NAME, self.label, *([self.patient] if self.patient else []), *self.ignored_columns]
        for name in columns:
            if columns.count(name) > 1:
                raise ValueError(f"the column '{name}' is declared twice")
        return self

    @property
    def has_patients(self) -> bool:
        """Whether a column tells the patient."""
        return self.patient is not None

    @property
    def shape(self) -> tuple[int, Channels]:
        """Height (which is the width) in pixels, and channels of the images."""
        return self.size, self.channels

    @property
    def marker(self) -> str:
        """Name of the table, which may be in the folders of splits instead."""
        return TABLES[0]

    def is_there(self, original: Path) -> bool:
        """Return whether a table is in the folder or in that of a split."""
        folders = (original, *(original / name for name in _SPLIT_FOLDERS))
        return any((folder / name).is_file() for folder in folders for name in TABLES)

    def list_images(self, dataset: DatasetFacts, root: Path) -> ImageListing:
        """Read and check the tables.

        Raises:
            UserError: a table is missing, or there are two for one folder; a folder is that of no split; or, with the
                row, a value is wrong, two rows name one image, a patient is in two splits, or an image is missing; or
                an image has no row.
        """
        folders, table = _split_folders(root), metadata_table(root)
        if table is not None:
            for name in folders:
                if (other := metadata_table(root / name)) is not None:
                    raise UserError(f"{other}: {table} already names the images; remove one of the two")
            tables = {"": table}
        else:
            tables = {name: _table_of(root / name) for name in folders}
            if not tables:
                raise UserError(
                    f"{root / TABLES[0]}: no such file; write one with the columns {FILE_NAME}, {self.label}"
                )
        images = [image for name, path in tables.items() for image in self._images(dataset, name, path, folders)]
        check_listed_images(images)
        refuse_unlisted(root, {image.name for image in images}, OWN_ENDINGS, TABLES)
        return self.with_values(ImageListing(tuple(images), tuple(tables.values())))

    def _images(
        self, dataset: DatasetFacts, folder: str, table: Path, splits: Mapping[str, SplitName]
    ) -> Iterator[ListedImage]:
        """Yield the images of a table in `folder` of the root."""
        paths = ImagePaths(table.parent)
        for row in read_metadata(table, self.label, self.patient, self.ignored_columns):
            file = paths.path(row.file_name, row.where)
            name = (PurePosixPath(folder) / file.relative_to(table.parent.resolve())).as_posix()
            split = _split_of(name, splits, row) if splits else "train"
            label = class_position(dataset.classes, row.label, row.where)
            yield ListedImage(row.where, name, file, label, split, row.patient)


def _split_folders(root: Path) -> dict[str, SplitName]:
    """Return the folders of splits by name.

    Raises:
        UserError: the root is missing, a folder is that of no split, or two folders are of one split.
    """
    try:
        present = sorted(path.name for path in root.iterdir() if path.is_dir() and not is_litter_name(path.name))
    except OSError as error:
        raise UserError(f"{root}: no such folder of images ({error.strerror})") from error
    for name in present:
        refuse_unprintable(root, name)
    splits = {name: _SPLIT_FOLDERS[name] for name in present if name in _SPLIT_FOLDERS}
    if splits and (others := [name for name in present if name not in splits]):
        raise UserError(f"{root}: {unknown_name('split folder', others[0], ('train', 'validation', 'test'))}")
    for split in dict.fromkeys(splits.values()):
        names = [name for name, own in splits.items() if own == split]
        if len(names) > 1:
            raise UserError(f"{root}: {names[0]} and {names[1]} are both the split '{split}'; keep one of them")
    return dict(sorted(splits.items(), key=lambda item: ("train", "val", "test").index(item[1])))


def _table_of(folder: Path) -> Path:
    table = metadata_table(folder)
    if table is None:
        raise UserError(f"{folder}: has no {' or '.join(TABLES)}, which names the class of each image")
    return table


def _split_of(name: str, splits: Mapping[str, SplitName], row: MetadataRow) -> SplitName:
    folder = name.partition("/")[0]
    if folder not in splits:
        raise UserError(f"{row.where}: {row.file_name} is in no folder of a split ({', '.join(splits)})")
    return splits[folder]
