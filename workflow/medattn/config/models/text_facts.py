"""What a paper's text says beside its tables, and what it leaves open (parts of papers/<paper>/facts.yaml)."""

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from medattn.closed_model import Closed, Name
from medattn.config.models.metrics import Metric
from medattn.config.models.selection import PaperSelection


class AfterEpoch(Closed):
    """An accuracy after a number of epochs that the text states."""

    says: str = Field(min_length=1, description="the statement, in short")
    source: str = Field("", description="where the paper makes it: section or figure")
    table: Name = Field(description="table of paper.yaml that shows the arm")
    dataset: Name = Field(description="its data set")
    backbone: Name = Field(description="its backbone")
    arm: Name = Field(description="the arm")
    epoch: int = Field(ge=1, description="the epoch after which it is measured")
    published: str = Field(
        pattern=r"^\d+(\.\d+)?$",
        description='the accuracy in percent, digit by digit and in quotes: `"99.1"`',
    )


class AttentionStatement(Closed):
    """What the text says about its attention maps, measured on those that runs keep."""

    says: str = Field(min_length=1, description="the statement, in short")
    source: str = Field("", description="where the paper makes it: section or figure")
    what: Literal[
        "resembles_before_learning",
        "closer_after_learning",
        "differs_between_images",
        "spreads_in_depth",
        "fluctuates_less_after_normalization",
    ] = Field(
        description="what is measured: the AUC of the map before learning as a detector of the expected region against "
        "chance; that after learning, against before; the share of the 10 % of highest pixels that two images do not "
        "have in common; the spread of weights within an image at stages 2 and 3, against the stage before; the "
        "interquartile range of pixel contexts before normalization at stage 3, against after"
    )
    table: Name = Field(description="table of paper.yaml that shows the arm")
    arm: Name = Field(description="the arm")
    datasets: list[Name] | None = Field(None, min_length=1, description="its data sets; default: all of the table")
    backbones: list[Name] | None = Field(None, min_length=1, description="its backbones; default: all that go with it")
    least: float = Field(0.0, ge=0, description="by how many percentage points at least; 0: just higher")


class Unpublished(Closed):
    """A comparison in the text between arms whose numbers the paper does not print, such as those of a figure."""

    says: str = Field(min_length=1, description="the statement, in short")
    source: str = Field("", description="where the paper makes it: section or figure")
    table: Name = Field(description="table of paper.yaml that shows the arms")
    arm: list[Name] = Field(min_length=1, description="arms that the statement is about")
    against: Name | None = Field(
        None, description="arm that each of them is compared with; default: itself, in `against_table`"
    )
    against_table: Name | None = Field(
        None, description="table of paper.yaml that shows what the arms are compared with; default: `table`"
    )
    metric: Metric = Field("accuracy", description="what is compared; of a metric of each class the mean")
    direction: Literal["higher", "lower", "same"] = Field(
        description="`higher`: the arms are better than `against`; `lower`: worse; `same`: they don't differ by more "
        "than the margin"
    )
    least: float = Field(0.0, ge=0, description="by how many percentage points at least; 0: just higher or lower")
    most: float | None = Field(None, description="by how many percentage points at most; default: no limit")

    @model_validator(mode="after")
    def _something_to_compare_with(self) -> Self:
        if self.against is None and self.against_table in (None, self.table):
            raise ValueError("an arm is compared with itself; set against, or another table as against_table")
        return self


class Reading(Closed):
    """Another value for something that the paper leaves open, as the keys of a selection that choose it."""

    says: str = Field(min_length=1, description="the reading, in short")
    paper: PaperSelection = Field(
        default_factory=lambda: PaperSelection(), description="keys of the selection, under the name of the paper"
    )
    datasets: dict[Name, dict[str, Any]] = Field({}, description="keys of the selection, under `datasets`")
