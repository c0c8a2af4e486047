"""A figure of a paper: what it shows, and which keys each kind of figure has."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from medattn.closed_model import Closed, Name
from medattn.config.models.metrics import METRICS, Metric

Kind = Literal[
    "accuracy_against_cost",
    "attention_map",
    "attention_overlap",
    "attention_spread",
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

_COMMON = {"title", "kind", "experiment", "datasets", "note"}
# Kind -> the keys that it needs, and those that it takes besides.
_KEYS: dict[str, tuple[set[str], set[str]]] = {
    "accuracy_against_cost": (set(), {"arm", "arms", "backbone", "cost"}),
    "attention_map": ({"arm"}, {"backbone", "stretch"}),
    "attention_overlap": (set(), {"arms", "backbone"}),
    "attention_spread": (set(), {"arms", "backbone", "stages"}),
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
    """A figure, with a panel or a row of panels per data set."""

    title: str = Field(min_length=1, description="caption")
    kind: Kind = Field(
        description=(
            "`accuracy_against_cost`: test accuracy against what the networks cost; "
            "`attention_map`: the map of attention on the images before and after learning, beside the mean image; "
            "`attention_overlap`: how well maps find the region that is known to matter, against chance; "
            "`attention_spread`: how much weights inside networks differ within an image, by stage; "
            "`block_attention`: maps of attention inside networks, image by image; "
            "`block_masks`: single channels of the first mask inside a network; "
            "`critical_difference`: mean ranks of arms over data sets, with what Nemenyi's test can't tell apart; "
            "`learning_curve`: test accuracy over the epochs; "
            "`loss_curve`: cross entropy over the epochs, of training and test images; "
            "`metric_distribution`: a metric of every run, or fold, by network; "
            "`misclassified_images`: a test image of each class that is taken for another; "
            "`paired_differences`: arms against vanilla, seed by seed; "
            "`roc_curve`: ROC curves of the classes, their micro- and macro-average; "
            "`sample_images`: training images of several classes; "
            "`sensitivity`: test accuracy against each of several hyper-parameters; "
            "`value_distributions`: distributions of values inside a mechanism, by stage"
        )
    )
    experiment: Name | None = Field(
        None, description="experiment that it shows; needed where the paper has experiments"
    )
    datasets: list[Name] | None = Field(None, min_length=1, description="data sets that it shows; default: all")
    note: str = Field("", description="a sentence without its full stop for the caption")
    arm: Name | None = Field(
        None,
        description="arm that is drawn; kinds that show one arm need it; `sensitivity` needs the one that the others "
        "differ from; else the default is all",
    )
    backbone: Name | None = Field(
        None,
        description="backbone that is drawn; default: the first with the arm, in `paired_differences`, "
        "`accuracy_against_cost` and `attention_overlap` all",
    )
    arms: list[Name] | None = Field(None, min_length=1, description="arms that are drawn; default: all")
    backbones: list[Name] | None = Field(None, min_length=1, description="backbones that are drawn; default: all")
    cost: Literal["macs", "parameters"] = Field(
        "macs", description="what `accuracy_against_cost` has on its axis: multiply-accumulates or parameters"
    )
    metric: Metric = Field("accuracy", description="what `metric_distribution` and `critical_difference` show")
    whole_paper: bool = Field(
        False, description="`critical_difference` ranks over the data sets of all experiments of the paper"
    )
    positive_class: str | None = Field(None, description="the class that sensitivity and specificity take as positive")
    stages: list[Annotated[int, Field(ge=1)]] | None = Field(
        None,
        min_length=1,
        description="stages of the network that are shown, counted from 1, each by its last block with attention; in a "
        "network whose stages are not known every such block is one; default: all",
    )
    images: int = Field(
        2, ge=1, le=16, description="images of each data set; of attention, at most as many as runs keep"
    )
    histograms: bool = Field(False, description="below the maps of `block_attention`, histograms of all their weights")
    stretch: bool = Field(
        False,
        description="stretch each map of `attention_map` to 0..1 instead of drawing the maps of a row on one scale",
    )
    varied: list[str] | None = Field(
        None, min_length=1, description="options of the mechanism, each with a panel of `sensitivity`"
    )
    values: list[str] | None = Field(
        None, min_length=1, description="what of the mechanism `value_distributions` shows, in the order of the rows"
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
