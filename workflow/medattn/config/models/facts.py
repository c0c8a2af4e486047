"""Facts about the published values of a paper (papers/<paper>/facts.yaml)."""

import re
from fractions import Fraction
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from medattn.closed_model import PUBLISHED_PATTERN, Closed, Name
from medattn.config.models.metrics import MetricName
from medattn.config.models.row_filter import Column, RowFilter
from medattn.config.models.text_facts import AfterEpoch, AttentionStatement, OfferedReading, UnpublishedComparison

MAX_SCAN = 100_000
"""Largest number of images that a scan tries; with it, a scan of a few values takes seconds."""
MAX_TESTED = 2_000_000
"""Largest number of test images."""
TestedImages = Annotated[int, Field(ge=1, le=MAX_TESTED)]
"""Number of test images, or of those of a class."""
StatedNumber = Annotated[int, Field(ge=-(10**12), le=10**12)]
"""A whole number in a text."""


class TestSet(Closed):
    """The images behind a group of rows."""

    __test__ = False  # pytest collects classes by this prefix

    rows: RowFilter = Field(description="rows measured on these images")
    images: list[TestedImages] = Field(
        [],
        max_length=20,
        description="possible numbers of images according to the text, per fold if there are folds; default: `n_test`",
    )
    averaged: int = Field(1, ge=1, le=10_000, description="number of measurements that each published value averages")
    over: Literal["epochs", "runs", "folds"] = Field(
        "epochs", description="unit of averaging; each fold has other images, while epochs and runs share theirs"
    )
    scan_from: int = Field(10, ge=1, le=MAX_SCAN, description="smallest number of images to try, if it is unknown")
    scan_to: int = Field(3000, ge=2, le=MAX_SCAN, description="largest number of images to try, if it is unknown")
    known: dict[str, TestedImages] = Field(
        {}, max_length=20, description="other plausible numbers of images, by description"
    )
    classes: dict[str, TestedImages] = Field({}, description="number of images of each class, all folds together")
    batch_size: int | None = Field(
        None, ge=1, le=100_000, description="batch size, if the authors may have dropped an incomplete last batch"
    )

    @model_validator(mode="after")
    def _sizes(self) -> Self:
        if self.scan_to < self.scan_from:
            raise ValueError(f"scan_to is {self.scan_to}, but scan_from is {self.scan_from}")
        return self


class StatedTotal(Closed):
    """Numbers in the text that must add up to a total."""

    what: str = Field(min_length=1, description="description of the sum")
    table: str = Field("", description="table with the numbers; empty: the text")
    parts: dict[str, StatedNumber] = Field(min_length=2, description="summands by name")
    total: StatedNumber = Field(description="published total")


class StatedCount(Closed):
    """A whole number in the text, and its true value from another source."""

    what: str = Field(min_length=1, description="description of the number")
    table: str = Field("", description="table with the number; empty: the text")
    published: StatedNumber = Field(description="published number")
    known: StatedNumber = Field(description="true number")
    source: str = Field(min_length=1, description="source of the true number")


class NetworkCount(Closed):
    """The exact parameters or operations of a network, for rows that state them rounded."""

    rows: RowFilter = Field(description="rows that state the count")
    count: int = Field(ge=0, le=10**15, description="number of parameters, or of operations of a forward pass")
    source: str = Field(min_length=1, description="method of counting")


class FormulaStage(Closed):
    """A stage of a network: blocks with feature maps of the same size."""

    blocks: int = Field(ge=1, le=10_000, description="number of blocks")
    height: int = Field(ge=1, le=100_000, description="height of the feature maps in pixels")
    width: int = Field(ge=1, le=100_000, description="width of the feature maps in pixels")


class ParameterFormula(Closed):
    """Parameters that a module adds to its network.

    The formula is either weights x the sum over stages of blocks x height x width, or a sum of products.
    """

    says: str = Field(min_length=1, description="name of the formula")
    rows: RowFilter = Field(description="rows with the module; the rows of the baseline are found automatically")
    weights: int = Field(1, ge=1, le=10**9, description="weights for each position of each block")
    stages: list[FormulaStage] = Field([], description="stages of the network")
    products: list[list[Annotated[int, Field(le=10**12)] | str]] = Field(
        [],
        description="products to add, in place of stages; each is a list of factors, with fractions in quotes: "
        '`"2/16"`',
    )

    @model_validator(mode="after")
    def _stages_or_products(self) -> Self:
        if bool(self.stages) == bool(self.products):
            raise ValueError("a formula has either stages or products")
        for factor in (factor for product in self.products for factor in product):
            if not re.fullmatch(r"\d{1,12}(/[1-9]\d{0,11})?", str(factor)):
                raise ValueError(f"products: '{factor}' is neither a whole number nor a fraction")
        return self


class OverallScore(Closed):
    """A stated score over all classes of a model whose values for each class are published."""

    says: str = Field(min_length=1, description="short form of the statement")
    source: str = Field("", description="section or table with the statement")
    rows: RowFilter = Field(description="rows with precision and recall of the model for each class")
    metric: Literal["accuracy", "f1"] = Field(description="stated score")
    published: str = Field(
        pattern=PUBLISHED_PATTERN, description='stated value with all published digits, in quotes: `"0.990"`'
    )
    unit: Literal["percent", "fraction"] = Field("percent", description="unit of the stated value")

    @model_validator(mode="after")
    def _is_a_proportion(self) -> Self:
        whole = 100 if self.unit == "percent" else 1
        if Fraction(self.published) > whole:
            raise ValueError(f"published is {self.published}, but must lie between 0 and {whole} (unit: {self.unit})")
        return self


class FeatureMapSize(Closed):
    """The stated size of feature maps after several layers that reduce it."""

    says: str = Field(min_length=1, description="short form of the statement")
    source: str = Field("", description="section or figure with the statement")
    size: int = Field(ge=1, le=100_000, description="height or width before the layers, in pixels")
    times: int = Field(1, ge=1, le=100, description="number of layers that reduce the size")
    stride: int = Field(2, ge=2, le=1000, description="stride of these layers")
    kernels: list[Annotated[int, Field(ge=1, le=1000)]] = Field(
        [2, 3], min_length=1, max_length=10, description="possible kernel sizes of these layers, in pixels"
    )
    published: int = Field(ge=1, le=100_000, description="published height or width after the layers, in pixels")


class Convolution(Closed):
    """A convolution. A linear layer is a convolution with kernel 1 and one position."""

    kernel: int = Field(1, ge=1, le=1000, description="height and width of the kernel")
    inputs: int = Field(ge=1, le=10**8, description="input channels")
    outputs: int = Field(ge=1, le=10**8, description="output channels")
    bias: bool = Field(True, description="whether the layer has a bias")
    height: int = Field(1, ge=1, le=100_000, description="height of the output in pixels; affects operations only")
    width: int = Field(1, ge=1, le=100_000, description="width of the output in pixels; affects operations only")
    input_learns: bool = Field(
        True,
        description="whether the input depends on trained weights, so that a training step needs its gradient",
    )


class CostStatement(Closed):
    """A statement that a small convolutional network costs little in comparison with other networks."""

    says: str = Field(
        min_length=1, description="short form of the statement; entries with the same text belong to one statement"
    )
    source: str = Field("", description="section or table with the statement")
    of: str = Field(min_length=1, description="name of the small network, with the options that decide its size")
    counts: Literal["parameters", "operations", "training_operations"] = Field(
        "parameters",
        description="unit of cost: parameters, multiply-accumulates of a forward pass, or those of a training step",
    )
    layers: list[Convolution] = Field(min_length=1, description="layers of the small network")
    formula: list[list[Annotated[int, Field(ge=0, le=10**9)]]] = Field(
        [], description="stated formula for the parameters: a sum of products, each a list of factors"
    )
    against: dict[str, Annotated[int, Field(ge=1, le=10**15)]] = Field(
        min_length=1, description="counts of the other networks, by name"
    )
    levels: list[float] = Field(
        [],
        description="possible meanings of `little`, as maximum shares of the other counts: the statement holds if all "
        "shares are below the smallest level, and fails if one is above the largest; empty: report the shares without "
        "a "
        "verdict",
    )

    @model_validator(mode="after")
    def _levels_are_positive(self) -> Self:
        if not all(level > 0 for level in self.levels):
            raise ValueError("levels: a share must be greater than 0")
        if self.formula and self.counts != "parameters":
            raise ValueError(f"formula: applies to parameters only, but counts is '{self.counts}'")
        return self


class SignificanceStatement(Closed):
    """A statement that the means of two arms differ, tested with their published standard deviations."""

    says: str = Field(min_length=1, description="short form of the statement")
    source: str = Field("", description="section or table with the statement")
    rows: RowFilter = Field(description="rows that the statement covers")
    arm: str = Field(description="arm that is stated to be better")
    against: str = Field(description="arm that it is compared with")
    flag: str = Field("", description="flag of the rows that the statement covers, such as `star`; empty: all rows")
    levels: list[float] = Field(
        [0.01],
        min_length=1,
        description="possible levels of significance: the statement holds if p is below the smallest, and fails if p "
        "is above the largest",
    )

    @model_validator(mode="after")
    def _levels_are_probabilities(self) -> Self:
        if not all(0 < level < 1 for level in self.levels):
            raise ValueError("levels: a level must lie between 0 and 1")
        return self


class Statement(Closed):
    """A stated comparison: every value of some rows is higher than its counterpart in other rows."""

    says: str = Field(min_length=1, description="short form of the statement")
    source: str = Field("", description="section or table with the statement")
    rows: RowFilter = Field(
        default_factory=lambda: RowFilter(), description="rows that the statement covers; default: all"
    )
    higher: RowFilter = Field(description="rows among them that are stated to be higher")
    lower: RowFilter | None = Field(
        None,
        description="rows among them that are stated to be lower. The counterpart of a row has the same value in every "
        "column that neither `higher` nor `lower` uses. Default: all other rows of the same column of the table",
    )
    least: float = Field(0.0, description="stated minimum difference; 0: any")
    most: float | None = Field(None, description="stated maximum difference; default: none")
    all: bool = Field(
        False,
        description="whether the statement is that all pairs hold. Each pair is then judged without correction, and "
        "the statement holds if every pair does",
    )
    measured_in: Literal["points", "percent"] = Field(
        "points", description="unit of the difference: `points`, the unit of the rows, or `percent` of the lower value"
    )
    generally: bool = Field(
        False,
        description="whether the text makes the statement in general and not for every pair: the check counts the "
        "pairs, and no pair is a claim",
    )

    @model_validator(mode="after")
    def _all_or_generally(self) -> Self:
        if self.all and self.generally:
            raise ValueError("a statement holds for all pairs or generally, not both; remove all or generally")
        return self


class OtherMetric(Closed):
    """Rows whose values may be those of another metric than the one that their table names."""

    rows: RowFilter = Field(description="rows that may have another metric")
    metric: MetricName = Field(description="metric that they may have; they get a verdict for both")
    says: str = Field(min_length=1, description="short reason, which each verdict repeats")


class IndependentRows(Closed):
    """Rows that were measured independently: equal digits in several of them can only be coincidence."""

    rows: RowFilter = Field(description="rows that were measured independently")
    differ: list[Column] = Field(
        min_length=1, description="columns in which these rows differ; they agree in all others"
    )


class Facts(Closed):
    """Facts about the published values of a paper."""

    baseline: Name = Field("vanilla", description="arm without a module; the other arms add parameters to it")
    test_sets: dict[Name, TestSet] = Field(
        {}, description="test sets behind the rows; rows without one are grouped by data set and split"
    )
    totals: list[StatedTotal] = Field([], description="numbers that must add up")
    stated: list[StatedCount] = Field([], description="stated numbers with a known true value")
    counts: list[NetworkCount] = Field([], description="exact counts of networks")
    formulas: list[ParameterFormula] = Field([], description="formulas for added parameters")
    overall: list[OverallScore] = Field([], description="stated scores over all classes")
    other_metrics: list[OtherMetric] = Field([], description="rows that get a verdict for another metric, too")
    after_epochs: list[AfterEpoch] = Field([], description="stated accuracies after a number of epochs")
    feature_maps: list[FeatureMapSize] = Field([], description="stated sizes of feature maps")
    costs: list[CostStatement] = Field(
        [], description="statements that a network costs little in comparison with others"
    )
    significance: list[SignificanceStatement] = Field(
        [], description="statements of significance; their tests form one family for the correction"
    )
    statements: list[Statement] = Field([], description="stated comparisons")
    unpublished: list[UnpublishedComparison] = Field(
        [], description="stated comparisons between values that are not published"
    )
    attention: list[AttentionStatement] = Field([], description="statements about attention maps")
    redrawn: list[Name] = Field(
        [],
        description="data sets whose published test images are unknown: other images are drawn as the test set, and "
        "verdicts allow for the draw",
    )
    left_open: list[str] = Field(
        [],
        description="keys that the paper leaves open, such as `recipe.learning_rate`, or `datasets.isic2018.source` "
        "with all keys below it; `*` matches any one part of a key. A selection that changes any other key deviates "
        "from the paper and gets no verdict. A reading of the kept scores counts for `fragile` in claims.csv if it "
        "differs from the configured one in these keys only, as `protocol.ties` or `metrics.auc.averaging`",
    )
    readings: dict[Name, OfferedReading] = Field(
        {}, description="readings of what the paper leaves open, by name; each changes only keys of `left_open`"
    )
    independent: list[IndependentRows] = Field([], description="groups of rows that were measured independently")
