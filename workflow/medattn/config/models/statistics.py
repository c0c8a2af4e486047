"""A table of a paper that says how many images and classes its data sets have."""

from pydantic import Field

from medattn.closed_model import Closed, Name


class PublishedStatistics(Closed):
    """What a paper prints of a data set."""

    images: int = Field(ge=1, description="images, all splits together")
    classes: int = Field(ge=2, description="classes")


class Statistics(Closed):
    """A table of data sets: published values of images and classes, those of the registry, and those at hand."""

    title: str = Field(min_length=1, description="caption")
    experiment: Name | None = Field(
        None, description="experiment that has the data sets; needed where the paper has experiments"
    )
    datasets: dict[Name, PublishedStatistics] = Field(
        min_length=1, description="what is published, by data set of the registry"
    )
