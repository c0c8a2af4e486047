"""A paper: data sets, backbones, arms, recipe, protocol, tables and figures (papers/<paper>/paper.yaml)."""

import math
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from medattn.closed_model import Closed, Name, Scalar
from medattn.config.models.figure import Figure
from medattn.config.models.metrics import ColumnName, MetricName
from medattn.config.models.placement import EVERYWHERE, Placement
from medattn.config.models.recipe import InputNormalization, Recipe
from medattn.config.models.statistics import Statistics
from medattn.metrics.registry import METRICS
from medattn.protocols.registry import AnyProtocol

Placebo = Literal["frozen", "constant"]
"""Kind of an arm whose mechanism never learns."""
MAX_GRID_POINTS = 1000
"""Most grid points of an arm: each is a training for every fold."""
MAIN = "main"
"""Name of the family of all comparisons that belong to no declared family."""
PLACEBOS = "placebos"
"""Name of the family of all comparisons with a placebo, which are corrected apart from the paper's own."""


class Backbone(Closed):
    """An image network of torchvision, timm or medattn; the last layer of a library's network is replaced."""

    model: str = Field(
        pattern=r"^(torchvision|timm|medattn)/[A-Za-z0-9_.-]+$",
        description="`torchvision/<name>`, `timm/<name>`, or `medattn/<name>` for a network of this package",
    )
    label: str = Field("", description="name in tables and figures; default: the key")
    options: dict[str, Scalar] = Field({}, description="options of the network; see the section with its name")
    stem: Literal["imagenet", "small"] = Field(
        "imagenet",
        description="first layers: those of the network, or, for images of about 32 px, a 3x3 convolution with "
        "stride 1 and no pooling",
    )
    weights: Literal["none", "imagenet"] = Field(
        "none",
        description="initial weights: random or of ImageNet; `medattn fetch --weights` downloads them in advance",
    )
    initialization: Literal["library", "torch"] = Field(
        "library",
        description="random weights to start from: as the library initializes the network (He's, fan out, in ResNets "
        "and small stems), or torch's defaults of every layer, as in a hand-written network",
    )
    normalization: InputNormalization | None = Field(
        None,
        description="`normalization` of the recipe for this network, where its ImageNet weights were trained with "
        "another; GoogLeNet and Inception-v3 of torchvision convert `imagenet` to that of their weights; default: the "
        "recipe's",
    )
    trainable: list[str] | None = Field(
        None,
        description="parts of the network to train, by their names in the library, such as `features.19`. New layers "
        "(the "
        "last layer and attention) are always trained; all other layers are frozen, including their batch "
        "normalization. Default: train all",
    )
    input_size: int | None = Field(
        None,
        ge=8,
        le=1024,
        description="height and width in pixels to which stored images are resized; default: as stored",
    )
    arms: list[Name] | None = Field(
        None, description="arms to combine with this backbone; default: all arms that are no classifiers"
    )

    @model_validator(mode="after")
    def _random_weights_where_initialized(self) -> Self:
        if self.initialization != "library" and self.weights != "none":
            raise ValueError("initialization belongs to a backbone that starts from random weights; remove weights")
        return self


class Arm(Closed):
    """One variant in a comparison: a mechanism with its hyper-parameters, vanilla, or a classifier on pixels."""

    label: str = Field("", description="name in tables and figures; default: the key")
    mechanism: str = Field(
        "none", description="name of a mechanism in attention/, `module:Class` for your own, or `none`"
    )
    options: dict[str, Scalar] = Field({}, description="hyper-parameters of the mechanism or classifier")
    placement: Placement = Field(
        EVERYWHERE,
        description="where in the network to insert a mechanism that works on the outputs of blocks",
    )
    classifier: Literal["logistic_regression", "svm"] | None = Field(
        None,
        description="scikit-learn classifier on pixels instead of a network; the backbone of such an arm is `none`",
    )
    datasets: list[Name] | None = Field(None, min_length=1, description="data sets to train the arm on; default: all")
    backbones: list[Name] | None = Field(
        None, min_length=1, description="backbones to combine the arm with; default: all that allow it"
    )
    grid: dict[str, list[Scalar]] = Field(
        {},
        description="hyper-parameters to search: `recipe.<key>` or `options.<key>` with a list of values; all "
        "combinations are trained, at most 1000",
    )
    placebos: list[Placebo] = Field(
        [],
        description="placebos of this arm: `frozen` adds the arm `<name>-frozen`, `constant` the arm "
        "`<name>-constant`. Each has the keys of this arm, is compared with it and with vanilla, and is shown next to "
        "it. Its grid has no `options.coefficient`, because a placebo adds no term to the loss",
    )
    placebo: Placebo | None = Field(
        None,
        description="makes this arm a placebo, whose mechanism never learns. `frozen`: the mechanism keeps its "
        "initial parameters and normalization statistics. `constant`: a fixed factor replaces it at each insertion "
        "point (on the input: one factor), the strength of the initialized mechanism on the first training images. "
        "Either adds no term to the loss. Default: the mechanism learns",
    )
    placebo_of: Name | None = Field(None, description="arm that this placebo belongs to; required with `placebo`")

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if self.classifier and self.mechanism != "none":
            raise ValueError("an arm has a mechanism or a classifier, not both")
        if self.mechanism == "none" and (self.placebo or self.placebos):
            raise ValueError("an arm without a mechanism has no placebo")
        if (self.placebo is None) != (self.placebo_of is None):
            raise ValueError("an arm has both 'placebo' and 'placebo_of', or neither")
        if self.placebo and self.placebos:
            raise ValueError("a placebo has no placebos")
        if len(set(self.placebos)) < len(self.placebos):
            raise ValueError("placebos names a kind twice")
        points = math.prod(map(len, self.grid.values()))
        if points > MAX_GRID_POINTS:
            raise ValueError(f"grid has {points} combinations, more than {MAX_GRID_POINTS}; list fewer values")
        for key, values in self.grid.items():
            if not values:
                raise ValueError(f"grid: {key} has no values")
            if len({repr(v) for v in values}) < len(values):
                raise ValueError(f"grid: {key} has a value twice")
        return self


class Mark(Closed):
    """A mark in a table for an arm that is better or worse than another arm of the same backbone and data set."""

    arm: Name = Field(description="arm that gets the mark")
    against: Name = Field(description="arm to compare it with")
    sign: Literal["bold", "star"] = Field(description="how to show a better value; a worse one gets an arrow down")
    alpha: float = Field(
        0.01, gt=0, lt=1, description="significance level: the mark is set if p is lower; looks share it"
    )


class Family(Closed):
    """A family of comparisons, corrected together: several arms, each compared with the same other arm.

    The family `main` holds all other comparisons: each arm without a family against vanilla, and the arms that the
    marks of tables name.
    """

    arms: list[Name] = Field(min_length=1, description="arms to compare; each arm belongs to at most one family")
    against: Name = Field("vanilla", description="arm to compare each of them with")
    against_backbone: Name | None = Field(
        None, description="backbone of `against`; default: the backbone of the arm that is compared with it"
    )


class Table(Closed):
    """A table in the layout of the paper: a row for each backbone and arm, a column for each data set."""

    title: str = Field(min_length=1, description="caption")
    experiment: Name | None = Field(None, description="experiment to show; required if the paper has experiments")
    datasets: list[Name] | None = Field(None, min_length=1, description="data sets to show; default: all")
    backbones: list[Name] | None = Field(None, min_length=1, description="backbones to show; default: all")
    arms: list[Name] | None = Field(None, min_length=1, description="arms to show; default: all")
    metrics: list[ColumnName] = Field(
        ["accuracy"], min_length=1, description="metrics and costs to show, in the order of the columns"
    )
    class_columns: bool = Field(
        False, description="add a column for each class next to the mean, for metrics that have a value for each class"
    )
    positive_class: str | None = Field(None, description="positive class of sensitivity and specificity")
    unit: Literal["percent", "fraction"] = Field("percent", description="unit of proportions")
    decimals: int = Field(2, ge=0, le=6, description="number of decimals")
    decimals_of: dict[ColumnName, Annotated[int, Field(ge=0, le=6)]] = Field(
        {}, description="number of decimals of metrics that differ from `decimals`"
    )
    marks: list[Mark] = Field([], description="marks for differences between arms")
    note: str = Field("", description="a sentence without its full stop for the caption")

    @model_validator(mode="after")
    def _positive_class_where_needed(self) -> Self:
        if len(set(self.metrics)) < len(self.metrics):
            raise ValueError("metrics has a metric twice")
        needing = [metric for metric in self.metrics if METRICS[metric].classes == "positive"]
        if needing and self.positive_class is None:
            raise ValueError(f"the metric '{needing[0]}' needs the key 'positive_class'")
        return self


class ExperimentOverride(Closed):
    """Differences between an experiment and the keys of its paper."""

    backbones: dict[Name, dict[str, Any]] = Field({}, description="keys to change, by backbone")
    arms: dict[Name, dict[str, Any]] = Field({}, description="keys to change, by arm")
    recipe: dict[str, Any] = Field({}, description="keys to change in the recipe")
    protocol: dict[str, Any] = Field({}, description="keys to change in the protocol")


class Experiment(Closed):
    """A part of a paper with its own data sets, arms, recipe or protocol."""

    datasets: list[Name] = Field(min_length=1, description="data sets, by their names in the registry")
    backbones: list[Name] | None = Field(None, min_length=1, description="backbones of the paper; default: all")
    arms: list[Name] | None = Field(None, min_length=1, description="arms of the paper; default: all")
    override: ExperimentOverride = Field(
        default_factory=lambda: ExperimentOverride(), description="differences from the keys of the paper"
    )


def shows_costs(table: Table) -> bool:
    """Return whether a table shows costs of networks, which are counted and not measured."""
    return not all(METRICS[metric].measured for metric in table.metrics)


class Paper(Closed):
    """A reproduced publication."""

    title: str = Field(description="title of the publication")
    citation: str = Field(description="how to cite it")
    datasets: list[Name] = Field(
        [], description="data sets, by their names in the registry; a paper with experiments names them there instead"
    )
    experiments: dict[Name, Experiment] = Field(
        {}, description="parts of the paper that differ in more than data set, backbone and arm; default: none"
    )
    backbones: dict[Name, Backbone] = Field({}, description="backbones by name")
    arms: dict[Name, Arm] = Field(min_length=1, description="arms by name")
    recipe: Recipe = Field(description="how networks are trained")
    metrics: list[MetricName] = Field([], description="metrics to measure in addition to those of the tables")
    protocol: AnyProtocol = Field(description="how runs become a measurement")
    families: dict[Name, Family] = Field(
        {}, description="families of comparisons by name; all other comparisons form the family `main`"
    )
    tables: dict[Name, Table] = Field({}, description="tables by name")
    statistics: dict[Name, Statistics] = Field({}, description="tables of images and classes of data sets, by name")
    figures: dict[Name, Figure] = Field({}, description="figures by name")

    @model_validator(mode="after")
    def _each_arm_in_one_family(self) -> Self:
        for name in (MAIN, PLACEBOS):
            if name in self.families:
                raise ValueError(f"families: '{name}' is reserved for comparisons without a family")
        seen: dict[str, str] = {}
        for name, family in self.families.items():
            for arm in family.arms:
                if arm in seen:
                    raise ValueError(f"families: the arm '{arm}' is in '{seen[arm]}' and in '{name}'")
                seen[arm] = name
            if family.against in family.arms and family.against_backbone is None:
                raise ValueError(f"families: '{name}' compares the arm '{family.against}' with itself")
        return self

    @model_validator(mode="after")
    def _each_table_once(self) -> Self:
        for name in self.tables.keys() & self.statistics.keys():
            raise ValueError(f"statistics: '{name}' is also the name of a table")
        return self

    @model_validator(mode="after")
    def _datasets_here_or_in_experiments(self) -> Self:
        if bool(self.datasets) == bool(self.experiments):
            raise ValueError("a paper needs either datasets or experiments, not both")
        return self
