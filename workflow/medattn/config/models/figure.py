"""A figure of a paper, and the keys of each kind of figure."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from medattn.closed_model import Closed, Name
from medattn.config.models.metrics import MetricName
from medattn.metrics.registry import METRICS

FigureKind = Literal[
    "accuracy_against_cost",
    "attention_map",
    "attention_overlap",
    "block_attention",
    "block_masks",
    "critical_difference",
    "learning_curve",
    "loss_curve",
    "metric_distribution",
    "misclassified_images",
    "paired_differences",
    "roc_curve",
    "sample_images",
    "sensitivity",
    "value_distributions",
]

_COMMON = {"title", "kind", "experiment", "datasets"}
# Kind -> required keys, optional keys.
_KEYS: dict[str, tuple[set[str], set[str]]] = {
    "accuracy_against_cost": (set(), {"arm", "arms", "backbone", "cost"}),
    "attention_map": ({"arm"}, {"backbone"}),
    "attention_overlap": (set(), {"arms", "backbone"}),
    "block_attention": (set(), {"arms", "backbones", "stages", "images", "histograms"}),
    "block_masks": ({"arm"}, {"backbone", "images"}),
    "critical_difference": (set(), {"metric", "whole_paper"}),
    "learning_curve": (set(), {"arm", "backbone"}),
    "loss_curve": (set(), {"arms", "backbone"}),
    "metric_distribution": ({"metric"}, {"positive_class", "arms", "backbones"}),
    "misclassified_images": ({"arm"}, {"backbone"}),
    "paired_differences": (set(), {"arm", "backbone"}),
    "roc_curve": ({"arm"}, {"backbone"}),
    "sample_images": (set(), {"images"}),
    "sensitivity": ({"arm", "varied"}, {"backbone"}),
    "value_distributions": ({"arm", "values"}, {"backbone", "stages"}),
}


class Figure(Closed):
    """A figure with a panel, or a row of panels, for each data set."""

    title: str = Field(min_length=1, description="caption")
    kind: FigureKind = Field(
        description=(
            "`accuracy_against_cost`: test accuracy against the cost of the networks; "
            "`attention_map`: attention on the input before and after training, next to the mean image; "
            "`attention_overlap`: overlap of attention maps with the known relevant region, against chance; "
            "`block_attention`: attention maps inside networks, image by image; "
            "`block_masks`: single channels of the first mask inside a network; "
            "`critical_difference`: mean ranks of arms over data sets, with the groups that Nemenyi's test can't "
            "distinguish; "
            "`learning_curve`: test accuracy over the epochs; "
            "`loss_curve`: cross entropy of training and test images over the epochs; "
            "`metric_distribution`: a metric of each run or fold, by network; "
            "`misclassified_images`: a misclassified test image of each class; "
            "`paired_differences`: differences between arms and vanilla, seed by seed; "
            "`roc_curve`: ROC curves of the classes with their micro- and macro-average; "
            "`sample_images`: training images of several classes; "
            "`sensitivity`: test accuracy against each of several hyper-parameters; "
            "`value_distributions`: distributions of values inside a mechanism, by stage"
        )
    )
    experiment: Name | None = Field(None, description="experiment to show; required if the paper has experiments")
    datasets: list[Name] | None = Field(None, min_length=1, description="data sets to show; default: all")
    arm: Name | None = Field(
        None,
        description="arm to show; required for kinds that show a single arm, and for `sensitivity`, whose other arms "
        "differ from it in one option; default for other kinds: all",
    )
    backbone: Name | None = Field(
        None,
        description="backbone to show; default: the first with the arm; for `paired_differences`, "
        "`accuracy_against_cost` and `attention_overlap`: all",
    )
    arms: list[Name] | None = Field(None, min_length=1, description="arms to show; default: all")
    backbones: list[Name] | None = Field(None, min_length=1, description="backbones to show; default: all")
    cost: Literal["macs", "parameters"] = Field(
        "macs", description="cost on the axis of `accuracy_against_cost`: multiply-accumulates or parameters"
    )
    metric: MetricName = Field("accuracy", description="metric of `metric_distribution` and `critical_difference`")
    whole_paper: bool = Field(
        False, description="rank over the data sets of all experiments of the paper in `critical_difference`"
    )
    positive_class: str | None = Field(None, description="positive class of sensitivity and specificity")
    stages: list[Annotated[int, Field(ge=1)]] | None = Field(
        None,
        min_length=1,
        description="stages of the network to show, counted from 1; each is represented by its last block with "
        "attention. "
        "In a network of unknown stages, every block with attention counts as a stage. Default: all",
    )
    images: int = Field(
        2, ge=1, le=16, description="number of images of each data set; for attention at most the number that runs keep"
    )
    histograms: bool = Field(
        False, description="add histograms of all attention weights below the maps of `block_attention`"
    )
    varied: list[str] | None = Field(
        None, min_length=1, description="options of the mechanism, with a panel of `sensitivity` for each"
    )
    values: list[str] | None = Field(
        None,
        min_length=1,
        description="values of the mechanism that `value_distributions` shows, in the order of the rows",
    )

    @model_validator(mode="after")
    def _keys_of_the_kind(self) -> Self:
        needed, taken = _KEYS[self.kind]
        for key in sorted(self.model_fields_set - _COMMON - needed - taken):
            kinds = " or ".join(f"'{kind}'" for kind, keys in _KEYS.items() if key in keys[0] | keys[1])
            raise ValueError(f"the key '{key}' belongs to figures of the kind {kinds}")
        for key in sorted(needed):
            if key not in self.model_fields_set:
                raise ValueError(f"a figure of the kind '{self.kind}' needs the key '{key}'")
        return self

    @model_validator(mode="after")
    def _positive_class_where_needed(self) -> Self:
        if METRICS[self.metric].classes == "positive" and self.positive_class is None:
            raise ValueError(f"the metric '{self.metric}' needs the key 'positive_class'")
        return self
