"""Entries of the data set registry."""

from collections.abc import Sequence
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from medattn.closed_model import Closed, FilePath, ImageCount
from medattn.sources.base import ClassName, SplitName
from medattn.sources.registry import AnySource


def _is_expanded(path: str) -> str:
    # Each reader of a selection expands its paths, so they must be the same after the second time.
    if path.startswith("~"):
        raise ValueError(f"an environment variable gives {path}, in which ~ is not replaced; write the path out")
    return path


ExpandedPath = Annotated[FilePath, AfterValidator(_is_expanded)]
"""Path of a file or folder without `~` and variables."""


class DatasetEntry(Closed):
    """One data set: its source, the images that it must contain, its license."""

    title: str = Field(description="name for tables and figures")
    source: AnySource = Field(description="where the images come from and how they are read")
    path: ExpandedPath | None = Field(
        None,
        description="the original file or folder, with `~` and environment variables such as `$HOME` replaced; "
        "default: <data>/<file>, <data>/<name of data set>, or, for IDRiD, <data>/idrid",
    )
    classes: list[ClassName] = Field(
        min_length=2, max_length=10_000, description="class names in the order of the labels 0, 1, ..."
    )
    ordinal: bool = Field(
        False,
        description="the classes are grades, in their order: Cohen's kappa with quadratic weights is measured as well",
    )
    counts: dict[SplitName, list[ImageCount]] | None = Field(
        None,
        description="images per class that each split must have; checked where given. Without a test split, "
        "the data set is one pool of images",
    )
    images: dict[SplitName, ImageCount] | None = Field(
        None, description="images that each split must have, where the numbers per class are unknown"
    )
    per_class: list[ImageCount] | None = Field(
        None, description="images per class that all splits together must have, where the splits are unknown"
    )
    stand_in: bool | None = Field(
        None,
        description="true: use phantoms of the same size, channels, classes and counts instead; false: never; "
        "default: `stand_ins` of the selection decides. All results from phantoms are marked",
    )
    license: str = Field("", description="license of the images")
    citation: str = Field("", description="publication to cite")
    homepage: str = Field("", description="page of the data set")

    @model_validator(mode="after")
    def _path_only_where_files_are_read(self) -> Self:
        if self.path is not None and self.source.is_embedded:
            raise ValueError(f"the source '{self.source.kind}' reads no file; remove path")
        return self

    @model_validator(mode="after")
    def _stand_in_only_for_what_may_be_missing(self) -> Self:
        if self.stand_in and self.source.is_embedded:
            raise ValueError(f"images of the source '{self.source.kind}' are always available; remove stand_in")
        return self

    @model_validator(mode="after")
    def _class_names_are_unique(self) -> Self:
        if len(set(self.classes)) < len(self.classes):
            raise ValueError("classes names a class twice")
        self.source.check_classes(self.classes)
        return self

    @model_validator(mode="after")
    def _no_class_has_the_name_of_the_mean(self) -> Self:
        if "mean" in self.classes:  # the tables have rows of each class, and rows `mean` over the classes
            raise ValueError("classes: 'mean' is the name of the mean over the classes; use another name")
        return self

    @model_validator(mode="after")
    def _counts_match_classes(self) -> Self:
        given: list[tuple[str, Sequence[int]]] = [("per_class", self.per_class)] if self.per_class is not None else []
        for counts in (self.counts, self.source.own_counts):
            given += list((counts or {}).items())
        for name, per_class in given:
            if len(per_class) != len(self.classes):
                raise ValueError(f"{name} counts {len(per_class)} classes, but classes names {len(self.classes)}")
        return self

    @property
    def is_synthetic(self) -> bool:
        """Whether the images are phantoms, which the software draws."""
        return self.source.is_synthetic

    @property
    def marked_title(self) -> str:
        """Title for tables and figures, which says so if the images are synthetic."""
        says_so = "synthetic" in self.title.lower()
        return f"{self.title} (synthetic)" if self.is_synthetic and not says_so else self.title

    def known_images(self) -> dict[str, int] | None:
        """Return the number of images of each split, or of all as `train` where splits are unknown; None if unknown."""
        counts = self.counts or self.source.own_counts
        if counts:
            return {split: sum(classes) for split, classes in counts.items()}
        if self.images:
            return dict(self.images.items())
        return {"train": sum(self.per_class)} if self.per_class else None
