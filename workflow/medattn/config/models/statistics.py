"""A table of a paper with the numbers of images and classes of its data sets."""

from pydantic import Field

from medattn.closed_model import MAX_IMAGES, Closed, Name


class PublishedStatistics(Closed):
    """Published numbers of a data set."""

    images: int = Field(ge=1, le=MAX_IMAGES, description="number of images in all splits together")
    classes: int = Field(ge=2, le=100_000, description="number of classes")


class Statistics(Closed):
    """A table of data sets: images and classes as published, as registered, and as counted in the available images."""

    title: str = Field(min_length=1, description="caption")
    experiment: Name | None = Field(
        None, description="experiment that the data sets belong to; required if the paper has experiments"
    )
    datasets: dict[Name, PublishedStatistics] = Field(
        min_length=1, description="published numbers, by name of the data set in the registry"
    )
