"""Statements of a paper's text outside its tables, and readings of what it leaves open: parts of facts.yaml."""

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from medattn.closed_model import PUBLISHED_PATTERN, Closed, Name
from medattn.config.models.metrics import MetricName
from medattn.config.models.selection import PaperSelection


class AfterEpoch(Closed):
    """A stated accuracy after a number of epochs."""

    says: str = Field(min_length=1, description="short form of the statement")
    source: str = Field("", description="section or figure with the statement")
    table: Name = Field(description="table in paper.yaml that shows the arm")
    dataset: Name = Field(description="data set of the accuracy")
    backbone: Name = Field(description="backbone of the accuracy")
    arm: Name = Field(description="arm of the accuracy")
    epoch: int = Field(ge=1, le=100_000, description="epoch after which the accuracy is measured")
    published: str = Field(
        pattern=PUBLISHED_PATTERN,
        description='stated accuracy in percent with all published digits, in quotes: `"99.1"`',
    )


class AttentionStatement(Closed):
    """A statement about attention maps, measured on the maps that runs save."""

    says: str = Field(min_length=1, description="short form of the statement")
    source: str = Field("", description="section or figure with the statement")
    what: Literal[
        "resembles_before_learning",
        "closer_after_learning",
        "differs_between_images",
        "spreads_in_depth",
        "fluctuates_less_after_normalization",
    ] = Field(
        description="measured comparison. `resembles_before_learning`: AUC of the map before training as a detector of "
        "the expected region, against chance; `closer_after_learning`: this AUC after training, against before; "
        "`differs_between_images`: share of the 10 % of highest pixels that two images do not share; "
        "`spreads_in_depth`: spread of the weights within an image at stages 2 and 3, against the previous stage; "
        "`fluctuates_less_after_normalization`: interquartile range of the pixel contexts of stage 3 before "
        "normalization, against after"
    )
    table: Name = Field(description="table in paper.yaml that shows the arm")
    arm: Name = Field(description="arm with the attention maps")
    datasets: list[Name] | None = Field(None, min_length=1, description="data sets; default: all of the table")
    backbones: list[Name] | None = Field(None, min_length=1, description="backbones; default: all with the arm")
    least: float = Field(0.0, ge=0, description="stated minimum difference in percentage points; 0: any")


class UnpublishedComparison(Closed):
    """A stated comparison between arms whose values are not published as numbers, such as those in a figure."""

    says: str = Field(min_length=1, description="short form of the statement")
    source: str = Field("", description="section or figure with the statement")
    table: Name = Field(description="table in paper.yaml that shows the arms")
    arm: list[Name] = Field(min_length=1, description="arms that the statement covers")
    against: Name | None = Field(
        None, description="arm that each of them is compared with; default: the same arm in `against_table`"
    )
    against_table: Name | None = Field(
        None, description="table in paper.yaml that shows the other side of the comparison; default: `table`"
    )
    metric: MetricName = Field(
        "accuracy", description="metric that is compared; of a metric with a value per class, its mean"
    )
    direction: Literal["higher", "lower", "same"] = Field(
        description="`higher`: the arms are better than `against`; `lower`: worse; `same`: they differ by at most the "
        "margin"
    )
    least: float = Field(0.0, ge=0, description="stated minimum difference in percentage points; 0: any")
    most: float | None = Field(None, description="stated maximum difference in percentage points; default: none")

    @model_validator(mode="after")
    def _something_to_compare_with(self) -> Self:
        if self.against is None and self.against_table in (None, self.table):
            raise ValueError("an arm is compared with itself; set 'against', or another table as 'against_table'")
        return self


class OfferedReading(Closed):
    """Another value for something that the paper leaves open, as the keys of a selection that choose it."""

    says: str = Field(min_length=1, description="short form of the reading")
    paper: PaperSelection = Field(
        default_factory=lambda: PaperSelection(), description="keys of the selection, under the name of the paper"
    )
    datasets: dict[Name, dict[str, Any]] = Field({}, description="keys of the selection, under `datasets`")
