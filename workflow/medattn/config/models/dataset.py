"""Entries of the data set registry."""

from typing import Self

from pydantic import Field, model_validator

from medattn.config.models.base import Closed
from medattn.config.sources.sources import ClassFoldersSource, PhantomSource, Source, SplitName

__all__ = ["DatasetEntry", "SplitName"]


class DatasetEntry(Closed):
    """One data set: where it comes from, what it must hold, what may be done with it."""

    title: str = Field(description="name for tables and figures")
    source: Source = Field(description="where the images come from and how they are read")
    path: str | None = Field(
        None,
        description="the original file or folder; default: <data>/<file>, <data>/<name of data set>, or, for "
        "IDRiD, <data>/idrid",
    )
    classes: list[str] = Field(min_length=2, description="class names in the order of the labels 0, 1, ...")
    ordinal: bool = Field(
        False,
        description="the classes are grades, in their order: Cohen's kappa with quadratic weights is measured as well",
    )
    counts: dict[SplitName, list[int]] | None = Field(
        None,
        description="images per class that each split must hold; checked where given. Where it names no test split, "
        "the data set is one pool of images without one",
    )
    images: dict[SplitName, int] | None = Field(
        None, description="images that each split must hold, where it isn't known how many of which class"
    )
    per_class: list[int] | None = Field(
        None, description="images per class that all splits together must hold, where the splits aren't known"
    )
    stand_in: bool | None = Field(
        None,
        description="true: take phantoms of the same size, channels, classes and counts instead; false: never; "
        "default: as `stand_ins` of the selection says. All that is made from them is marked",
    )
    license: str = Field("", description="license of the images")
    citation: str = Field("", description="publication to cite")
    homepage: str = Field("", description="page of the data set")

    @model_validator(mode="after")
    def _path_only_where_files_are_read(self) -> Self:
        if self.path is not None and self.source.kind in {"digits", "phantom"}:
            raise ValueError(f"the source '{self.source.kind}' reads no file; remove path")
        return self

    @model_validator(mode="after")
    def _stand_in_only_for_what_may_be_missing(self) -> Self:
        if self.stand_in and self.source.kind in {"digits", "phantom"}:
            raise ValueError(f"images of the source '{self.source.kind}' are always at hand; remove stand_in")
        return self

    @model_validator(mode="after")
    def _class_names_are_unique(self) -> Self:
        if len(set(self.classes)) < len(self.classes):
            raise ValueError("classes names a class twice")
        if isinstance(self.source, ClassFoldersSource):
            folders = self.source.folders
            if folders is not None and (len(folders) != len(self.classes) or len(set(folders)) < len(folders)):
                raise ValueError(f"source.folders should name a folder for each of the {len(self.classes)} classes")
        return self

    @model_validator(mode="after")
    def _counts_match_classes(self) -> Self:
        given: list[tuple[str, list[int]]] = [("per_class", self.per_class)] if self.per_class is not None else []
        for counts in (self.counts, self.source.counts if isinstance(self.source, PhantomSource) else None):
            given += list((counts or {}).items())
        for name, per_class in given:
            if len(per_class) != len(self.classes):
                raise ValueError(f"{name} counts {len(per_class)} classes, but classes names {len(self.classes)}")
            if min(per_class) < 0:
                raise ValueError(f"{name} has a negative count")
        if min((self.images or {}).values(), default=0) < 0:
            raise ValueError("images has a negative count")
        return self

    def known_images(self) -> dict[str, int] | None:
        """Return the images of each split; where splits are not known, all as a training split; None if unknown."""
        counts = self.counts or getattr(self.source, "counts", None)
        if counts:
            return {split: sum(classes) for split, classes in counts.items()}
        if self.images:
            return dict(self.images.items())
        return {"train": sum(self.per_class)} if self.per_class else None
