"""What is known of a paper's published values beside the numbers themselves (papers/<paper>/facts.yaml)."""

import re
from fractions import Fraction
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from medattn.closed_model import Closed, Name
from medattn.config.models.metrics import Metric
from medattn.config.models.text_facts import AfterEpoch, AttentionStatement, Reading, Unpublished

Column = Literal["table", "dataset", "backbone", "arm", "split", "metric", "class_name"]


class Rows(Closed):
    """Rows of the published values: those with one of the values in each column that is named; without any, all."""

    table: list[str] = Field([], description="tables; default: all")
    dataset: list[str] = Field([], description="data sets; default: all")
    backbone: list[str] = Field([], description="backbones; default: all")
    arm: list[str] = Field([], description="arms; default: all")
    split: list[str] = Field([], description="splits; default: all")
    metric: list[str] = Field([], description="metrics; default: all")
    class_name: list[str] = Field([], description="classes; default: all")


class TestSet(Closed):
    """The images that some rows were measured on."""

    __test__ = False  # no test class, whatever its name

    rows: Rows = Field(description="rows that were measured on these images")
    images: list[int] = Field(
        [],
        description="numbers of images that the text allows, of one fold where it has folds; default: `n_test`",
    )
    averaged: int = Field(1, ge=1, description="how many measurements each published value is the mean of")
    over: Literal["epochs", "runs", "folds"] = Field(
        "epochs", description="what is averaged; `folds` have images of their own, the others share theirs"
    )
    scan_from: int = Field(10, ge=1, description="smallest number of images to try where it is to be found out")
    scan_to: int = Field(3000, ge=2, description="largest number of images to try")
    known: dict[str, int] = Field({}, description="other sizes that are worth a look, by what they are")
    classes: dict[str, int] = Field({}, description="images of each class, of all folds together")
    batch_size: int | None = Field(
        None, ge=1, description="images in a batch: an incomplete last one may have been dropped"
    )

    @model_validator(mode="after")
    def _sizes(self) -> Self:
        if self.scan_to < self.scan_from:
            raise ValueError(f"scan_to is {self.scan_to}, less than scan_from, {self.scan_from}")
        if any(n < 1 for n in [*self.images, *self.known.values()]):
            raise ValueError("a number of images is at least 1")
        if any(n < 0 for n in self.classes.values()):
            raise ValueError("classes: a number of images can't be negative")
        return self


class Total(Closed):
    """Numbers of the text that must add up."""

    what: str = Field(min_length=1, description="what is added up")
    table: str = Field("", description="table that prints them; empty: the text")
    parts: dict[str, int] = Field(min_length=2, description="the parts, by name")
    total: int = Field(description="the total as published")


class Stated(Closed):
    """A whole number of the text beside what is known from elsewhere."""

    what: str = Field(min_length=1, description="what is counted")
    table: str = Field("", description="table that prints it; empty: the text")
    published: int = Field(description="as published")
    known: int = Field(description="as it is")
    source: str = Field(min_length=1, description="where it is known from")


class Count(Closed):
    """The exact parameters or operations of a network, for rows that print them rounded."""

    rows: Rows = Field(description="rows that print it")
    count: int = Field(ge=0, description="parameters, or operations of a forward pass")
    source: str = Field(min_length=1, description="how it was counted")


class Stage(Closed):
    """A stage of a network: blocks with feature maps of one size."""

    blocks: int = Field(ge=1, description="number of blocks")
    height: int = Field(ge=1, description="height of their feature maps, in pixels")
    width: int = Field(ge=1, description="width of their feature maps, in pixels")


class Formula(Closed):
    """A formula for what a module adds to its network.

    Either weights x the sum over stages of blocks x height x width, or a sum of products.
    """

    says: str = Field(min_length=1, description="name of the formula")
    rows: Rows = Field(description="rows with the module; those of the baseline are found beside them")
    weights: int = Field(1, ge=1, description="weights for each position of each block")
    stages: list[Stage] = Field([], description="the stages")
    products: list[list[int | str]] = Field(
        [],
        description='instead of stages: products that are added, each a list of factors, fractions in quotes: `"2/16"`',
    )

    @model_validator(mode="after")
    def _stages_or_products(self) -> Self:
        if bool(self.stages) == bool(self.products):
            raise ValueError("a formula has either stages or products")
        for factor in (factor for product in self.products for factor in product):
            if not re.fullmatch(r"\d+(/[1-9]\d*)?", str(factor)):
                raise ValueError(f"products: '{factor}' is neither a whole number nor a fraction")
        return self


class Overall(Closed):
    """A score over all classes that the text states of a model whose class values are published."""

    says: str = Field(min_length=1, description="the statement, in short")
    source: str = Field("", description="where the paper makes it: section or table")
    rows: Rows = Field(description="rows with the model's precision and recall of each class")
    metric: Literal["accuracy", "f1"] = Field(description="the score")
    published: str = Field(
        pattern=r"^\d+(\.\d+)?$", description='the number, digit by digit as published and in quotes: `"0.990"`'
    )
    unit: Literal["percent", "fraction"] = Field("percent", description="how it is written")

    @model_validator(mode="after")
    def _is_a_proportion(self) -> Self:
        whole = 100 if self.unit == "percent" else 1
        if Fraction(self.published) > whole:
            raise ValueError(f"published is {self.published}, but a number in {self.unit} lies between 0 and {whole}")
        return self


class FeatureMap(Closed):
    """The stated size of feature maps that were made smaller several times."""

    says: str = Field(min_length=1, description="the statement, in short")
    source: str = Field("", description="where the paper makes it: section or figure")
    size: int = Field(ge=1, description="height or width before, in pixels")
    times: int = Field(1, ge=1, description="how many layers make it smaller")
    stride: int = Field(2, ge=2, description="their stride")
    kernels: list[Annotated[int, Field(ge=1)]] = Field(
        [2, 3], min_length=1, description="sizes of kernels that each of them may have, in pixels"
    )
    published: int = Field(ge=1, description="the size afterwards as published, in pixels")


class Convolution(Closed):
    """A convolution; a linear layer is one with a kernel of 1 and one position."""

    kernel: int = Field(1, ge=1, description="height and width of the kernel")
    inputs: int = Field(ge=1, description="channels before")
    outputs: int = Field(ge=1, description="channels behind")
    bias: bool = Field(True, description="whether it has one")
    height: int = Field(1, ge=1, description="height of its output, in pixels; only operations depend on it")
    width: int = Field(1, ge=1, description="width of its output, in pixels; only operations depend on it")
    input_learns: bool = Field(
        True, description="whether its input depends on what is trained, so that a training step needs its gradient"
    )


class Cost(Closed):
    """What a network of a few convolutions costs beside others, of which the text says that it is little."""

    says: str = Field(min_length=1, description="the statement, in short; entries with the same belong together")
    source: str = Field("", description="where the paper makes it: section or table")
    of: str = Field(min_length=1, description="name of the network, with what its size depends on")
    counts: Literal["parameters", "operations", "training_operations"] = Field(
        "parameters",
        description="what is counted: parameters, multiply-accumulates of a forward pass, or those of a training step",
    )
    layers: list[Convolution] = Field(min_length=1, description="its layers")
    formula: list[list[int]] = Field(
        [], description="the text's formula for its parameters: products that are added, each a list of its factors"
    )
    against: dict[str, Annotated[int, Field(ge=1)]] = Field(
        min_length=1, description="counts of the networks that it is said to be little beside, by name"
    )
    levels: list[float] = Field(
        [],
        description="shares of the others' counts up to which the statement may be meant: with all shares below the "
        "least it holds, with one above the greatest it doesn't; empty: nothing is stated, so the shares are only told",
    )

    @model_validator(mode="after")
    def _levels_are_positive(self) -> Self:
        if not all(level > 0 for level in self.levels):
            raise ValueError("levels: a share is above 0")
        if self.formula and self.counts != "parameters":
            raise ValueError("formula: only parameters have one, and this counts operations")
        return self


class Significance(Closed):
    """A statement that the means of two arms differ, which their published deviations let us test."""

    says: str = Field(min_length=1, description="the statement, in short")
    source: str = Field("", description="where the paper makes it: section or table")
    rows: Rows = Field(description="rows that it is about")
    arm: str = Field(description="arm that is said to be better")
    against: str = Field(description="arm that it is compared with")
    flag: str = Field(
        "", description="flag of the rows for which it is published, such as `star`; empty: it is said of all"
    )
    levels: list[float] = Field(
        [0.01],
        min_length=1,
        description="levels that may be meant: below the least the statement holds, above the greatest it doesn't",
    )

    @model_validator(mode="after")
    def _levels_are_probabilities(self) -> Self:
        if not all(0 < level < 1 for level in self.levels):
            raise ValueError("levels: a level lies between 0 and 1")
        return self


class Statement(Closed):
    """A comparison in the text: every value of some rows is higher than its counterpart in other rows."""

    says: str = Field(min_length=1, description="the statement, in short")
    source: str = Field("", description="where the paper makes it: section or table")
    rows: Rows = Field(default_factory=lambda: Rows(), description="rows that it is about; default: all")
    higher: Rows = Field(description="rows among them that are said to be higher")
    lower: Rows | None = Field(
        None,
        description="rows among them that are said to be lower: the counterpart has the same value in every column "
        "that neither `higher` nor `lower` names; default: all others of the same column of the table",
    )
    least: float = Field(0.0, description="by how much at least; 0: just higher")
    most: float | None = Field(None, description="by how much at most; default: no limit")
    measured_in: Literal["points", "percent"] = Field(
        "points", description="`points`: the difference, in the unit of the rows; `percent`: of the lower value"
    )
    generally: bool = Field(
        False,
        description="the text says it in general and not of every pair: pairs are counted, and none is a claim",
    )


class OtherMetric(Closed):
    """Rows whose values may be those of another metric than the one that their table names."""

    rows: Rows = Field(description="the rows")
    metric: Metric = Field(description="the metric that they may be; they are judged as both")
    says: str = Field(min_length=1, description="why, in short, for the reason of each verdict")


class Independent(Closed):
    """Rows that were measured independently, so that the same digits in several of them would be chance."""

    rows: Rows = Field(description="the rows")
    differ: list[Column] = Field(min_length=1, description="columns in which such rows differ; all others are equal")


class Facts(Closed):
    """What is known of a paper's published values beside the numbers: the top level of the file."""

    baseline: Name = Field("vanilla", description="arm without a module, over which others add parameters")
    test_sets: dict[Name, TestSet] = Field(
        {}, description="the images behind the rows; rows without one are grouped by data set and split"
    )
    totals: list[Total] = Field([], description="numbers that must add up")
    stated: list[Stated] = Field([], description="numbers of the text beside what is known")
    counts: list[Count] = Field([], description="exact counts of networks")
    formulas: list[Formula] = Field([], description="formulas for added parameters")
    overall: list[Overall] = Field([], description="scores over all classes that the text states")
    other_metrics: list[OtherMetric] = Field([], description="rows that are judged as another metric, too")
    after_epochs: list[AfterEpoch] = Field([], description="accuracies after a number of epochs that the text states")
    feature_maps: list[FeatureMap] = Field([], description="stated sizes of feature maps")
    costs: list[Cost] = Field([], description="statements that a network costs little beside others")
    significance: list[Significance] = Field(
        [], description="statements of significance; all their tests together are the family that is corrected for"
    )
    statements: list[Statement] = Field([], description="comparisons in the text")
    unpublished: list[Unpublished] = Field(
        [], description="comparisons in the text between numbers that are not published"
    )
    attention: list[AttentionStatement] = Field([], description="statements about attention maps")
    redrawn: list[Name] = Field(
        [],
        description="data sets of which nobody knows the test images of the paper, so that others are taken: verdicts "
        "then allow for the draw",
    )
    left_open: list[str] = Field(
        [],
        description="keys that the paper leaves open, such as `recipe.learning_rate` or, with all below it, "
        "`datasets.isic2018.source`; `*` is any one part of a key. A selection that changes other keys no longer "
        "follows the paper and gets no verdict",
    )
    readings: dict[Name, Reading] = Field(
        {}, description="readings of what is left open, by name: each changes only keys of `left_open`"
    )
    independent: list[Independent] = Field([], description="rows that were measured independently")
