"""A paper: datasets, backbones, arms, recipe, protocol, tables and figures (papers/<paper>/paper.yaml)."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from medattn.closed_model import Closed, Name, Scalar
from medattn.config.models.figure import Figure
from medattn.config.models.metrics import METRICS, Metric, Shown
from medattn.config.models.placement import EVERYWHERE, Placement
from medattn.config.models.recipe import InputNormalization, Recipe
from medattn.config.models.statistics import Statistics
from medattn.protocols.registry import AnyProtocol

MAIN = "main"
"""Name of the family of all comparisons that no other family has."""


class Backbone(Closed):
    """An image network, by its name in torchvision, timm or medattn; a library's last layer is replaced."""

    model: str = Field(
        pattern=r"^(torchvision|timm|medattn)/[A-Za-z0-9_.-]+$",
        description="`torchvision/<name>`, `timm/<name>`, or `medattn/<name>` for a network of our own",
    )
    label: str = Field("", description="name in tables and figures; default: the key")
    options: dict[str, Scalar] = Field({}, description="options of the network, below under its name")
    stem: Literal["imagenet", "small"] = Field(
        "imagenet",
        description="first layers: the network's own, or, for images of about 32 px, a 3x3 convolution of "
        "stride 1 without pooling",
    )
    weights: Literal["none", "imagenet"] = Field(
        "none",
        description="start from random or ImageNet weights (`medattn fetch --weights` gets them ahead)",
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
        description="parts of the network that learn, by their names in the library (`features.19`); all else is "
        "frozen, its batch normalization included, but for new layers (the last one, attention); default: all learns",
    )
    input_size: int | None = Field(
        None,
        ge=8,
        le=1024,
        description="height and width in pixels to which stored images are enlarged; default: as stored",
    )
    arms: list[Name] | None = Field(
        None, description="arms that go with this backbone; default: all without a classifier"
    )

    @model_validator(mode="after")
    def _random_weights_where_initialized(self) -> Self:
        if self.initialization != "library" and self.weights != "none":
            raise ValueError("initialization belongs to a backbone that starts from random weights; remove weights")
        return self


class Arm(Closed):
    """One variant in a comparison: a mechanism with its hyper-parameters, vanilla, or a pixel classifier."""

    label: str = Field("", description="name in tables and figures; default: the key")
    mechanism: str = Field("none", description="a mechanism in attention/, your own as `module:Class`, or `none`")
    options: dict[str, Scalar] = Field({}, description="hyper-parameters of the mechanism or classifier")
    placement: Placement = Field(
        EVERYWHERE,
        description="where in the network the mechanism stands, if it works on the outputs of blocks",
    )
    classifier: Literal["logistic_regression", "svm"] | None = Field(
        None, description="a scikit-learn classifier on pixels instead of a network; its backbone is `none`"
    )
    datasets: list[Name] | None = Field(None, min_length=1, description="data sets that it is trained on; default: all")
    backbones: list[Name] | None = Field(
        None, min_length=1, description="backbones that it goes with; default: all that take it"
    )
    grid: dict[str, list[Scalar]] = Field(
        {},
        description="hyper-parameters searched over: `recipe.<key>` or `options.<key>` with the values; all "
        "combinations are tried",
    )

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if self.classifier and self.mechanism != "none":
            raise ValueError("an arm has a mechanism or a classifier, not both")
        for key, values in self.grid.items():
            if not values:
                raise ValueError(f"grid: {key} has no values")
            if len({repr(v) for v in values}) < len(values):
                raise ValueError(f"grid: {key} names a value twice")
        return self


class Mark(Closed):
    """A mark in a table where one arm differs from another of the same backbone and data set."""

    arm: Name = Field(description="arm that carries the mark")
    against: Name = Field(description="arm that it is compared with")
    sign: Literal["bold", "star"] = Field(description="how the difference is shown")
    alpha: float = Field(0.01, gt=0, lt=1, description="p below which the mark is set")


class Family(Closed):
    """Comparisons that answer one question and are corrected together: some arms, each against the same other one.

    Arms that are in no family are compared with vanilla, and arms with those that a table's mark names, in the family
    `main`.
    """

    arms: list[Name] = Field(min_length=1, description="arms that are compared; each belongs to one family at most")
    against: Name = Field("vanilla", description="arm that each of them is compared with")
    against_backbone: Name | None = Field(
        None, description="backbone of `against`; default: that of the arm which is compared with it"
    )


class Table(Closed):
    """A table in the layout of the paper: a row per backbone and arm, a column per data set."""

    title: str = Field(min_length=1, description="caption")
    experiment: Name | None = Field(
        None, description="experiment that it shows; needed where the paper has experiments"
    )
    datasets: list[Name] | None = Field(None, min_length=1, description="data sets that it shows; default: all")
    backbones: list[Name] | None = Field(None, min_length=1, description="backbones that it shows; default: all")
    arms: list[Name] | None = Field(None, min_length=1, description="arms that it shows; default: all")
    metrics: list[Shown] = Field(["accuracy"], min_length=1, description="what is shown, in the order of the columns")
    class_columns: bool = Field(
        False, description="a column for each class beside the mean, of metrics that every class has"
    )
    positive_class: str | None = Field(None, description="the class that sensitivity and specificity take as positive")
    unit: Literal["percent", "fraction"] = Field("percent", description="unit in which shares are shown")
    decimals: int = Field(2, ge=0, le=6, description="decimals of a number")
    decimals_of: dict[Shown, Annotated[int, Field(ge=0, le=6)]] = Field(
        {}, description="decimals of single metrics, where they differ"
    )
    marks: list[Mark] = Field([], description="marks for differences between arms")
    note: str = Field("", description="a sentence without its full stop for the caption")

    @model_validator(mode="after")
    def _positive_class_where_needed(self) -> Self:
        if len(set(self.metrics)) < len(self.metrics):
            raise ValueError("metrics names a metric twice")
        needing = [metric for metric in self.metrics if METRICS[metric].classes == "positive"]
        if needing and self.positive_class is None:
            raise ValueError(f"the metric '{needing[0]}' needs the key 'positive_class'")
        return self


class Override(Closed):
    """What an experiment does otherwise than the paper's other experiments."""

    backbones: dict[Name, dict[str, Any]] = Field({}, description="keys of backbones to change, by backbone")
    arms: dict[Name, dict[str, Any]] = Field({}, description="keys of arms to change, by arm")
    recipe: dict[str, Any] = Field({}, description="keys of the recipe to change")
    protocol: dict[str, Any] = Field({}, description="keys of the protocol to change")


class Experiment(Closed):
    """A part of a paper that is trained and measured in its own way."""

    datasets: list[Name] = Field(min_length=1, description="data sets, by their names in the registry")
    backbones: list[Name] | None = Field(None, min_length=1, description="backbones of the paper; default: all")
    arms: list[Name] | None = Field(None, min_length=1, description="arms of the paper; default: all")
    override: Override = Field(
        default_factory=lambda: Override(), description="what is otherwise than in the paper's keys"
    )


def shows(table: Table, dataset: str, backbone: str, arm: str) -> bool:
    """Return whether a table has a row of backbone and arm and a column of the data set."""
    asked = ((table.datasets, dataset), (table.backbones, backbone), (table.arms, arm))
    return all(names is None or name in names for names, name in asked)


def shows_costs(table: Table) -> bool:
    """Return whether a table shows what networks cost, which is counted and not measured."""
    return not all(METRICS[metric].measured for metric in table.metrics)


class Paper(Closed):
    """One reproduced publication."""

    title: str = Field(description="title of the publication")
    citation: str = Field(description="how to cite it")
    datasets: list[Name] = Field(
        [], description="data sets, by their names in the registry; where the paper has experiments, they name theirs"
    )
    experiments: dict[Name, Experiment] = Field(
        {}, description="parts that differ in more than data set, backbone and arm; default: the paper is one"
    )
    backbones: dict[Name, Backbone] = Field({}, description="networks by name")
    arms: dict[Name, Arm] = Field(min_length=1, description="arms by name")
    recipe: Recipe = Field(description="how networks are trained")
    metrics: list[Metric] = Field([], description="metrics that are measured beside those of the tables")
    protocol: AnyProtocol = Field(description="how runs become a measurement")
    families: dict[Name, Family] = Field(
        {}, description="comparisons that are corrected together, by name; what is in none is the family `main`"
    )
    tables: dict[Name, Table] = Field({}, description="tables by name")
    statistics: dict[Name, Statistics] = Field({}, description="tables of what data sets hold, by name")
    figures: dict[Name, Figure] = Field({}, description="figures by name")

    @model_validator(mode="after")
    def _each_arm_in_one_family(self) -> Self:
        if MAIN in self.families:
            raise ValueError(f"families: '{MAIN}' is the name of what is in none")
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
            raise ValueError("a paper names either datasets or experiments, which name theirs")
        return self
