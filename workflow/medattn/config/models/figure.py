"""A figure of a paper, and the keys of each kind of figure."""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from medattn.closed_model import Closed, Name
from medattn.config.figure_kinds import figure_kind, figure_kinds
from medattn.config.models.metrics import MetricName
from medattn.errors import UserError
from medattn.metrics.registry import METRICS
from medattn.own_code import OWN_NAME, own_name
from medattn.suggestions import unknown_name

_COMMON = {"title", "kind", "experiment", "datasets", "note"}


def _known(kind: str) -> str:
    if own_name(kind) is not None:
        try:
            figure_kind(kind)
        except UserError as error:
            raise ValueError(str(error)) from error
    elif kind not in figure_kinds():
        own = " (write your own as module:function)" if ":" in kind else ""
        raise ValueError(unknown_name("kind of figure", kind, figure_kinds()) + own)
    return kind


class _KindSchema:
    """JSON schema of the key `kind`, built only when a schema is requested."""

    @staticmethod
    def __get_pydantic_json_schema__(*_: Any) -> dict[str, Any]:
        shown = "; ".join(f"`{name}`: {kind.summary}" for name, kind in figure_kinds().items())
        kinds = [{"enum": list(figure_kinds())}, {"pattern": f"^{OWN_NAME}$"}]
        return {"type": "string", "anyOf": kinds, "description": shown}


Kind = Annotated[str, AfterValidator(_known), _KindSchema()]


class Figure(Closed):
    """A figure with a panel, or a row of panels, for each data set."""

    title: str = Field(min_length=1, description="caption")
    kind: Kind
    experiment: Name | None = Field(None, description="experiment to show; required if the paper has experiments")
    datasets: list[Name] | None = Field(None, min_length=1, description="data sets to show; default: all")
    note: str = Field("", description="sentence of the caption, without its full stop")
    arm: Name | None = Field(
        None,
        description="arm to show; required for kinds that show a single arm, and for `sensitivity`, whose other arms "
        "differ from it in one option; default for other kinds: all",
    )
    backbone: Name | None = Field(
        None,
        description="backbone to show; default: the first with the arm; for `paired_differences`, "
        "`accuracy_against_cost`, `attention_overlap` and `specification_curve`: all",
    )
    arms: list[Name] | None = Field(None, min_length=1, description="arms to show; default: all")
    backbones: list[Name] | None = Field(None, min_length=1, description="backbones to show; default: all")
    cost: Literal["macs", "parameters"] = Field(
        "macs", description="cost on the axis of `accuracy_against_cost`: multiply-accumulates or parameters"
    )
    metric: MetricName = Field(
        "accuracy",
        description="metric of `metric_distribution`, `critical_difference`, `forest_plot` and `specification_curve`",
    )
    whole_paper: bool = Field(
        False, description="rank over the data sets of all experiments of the paper in `critical_difference`"
    )
    positive_class: str | None = Field(None, description="positive class of sensitivity and specificity")
    stages: list[Annotated[int, Field(ge=1, le=1000)]] | None = Field(
        None,
        min_length=1,
        description="stages of the network to show, counted from 1; each is represented by its last block with "
        "attention. In a "
        "network of unknown stages, every block with attention counts as a stage. Default: all",
    )
    images: int = Field(
        2, ge=1, le=16, description="number of images of each data set; for attention at most the number that runs keep"
    )
    histograms: bool = Field(
        False, description="add histograms of all attention weights below the maps of `block_attention`"
    )
    stretch: bool = Field(
        False,
        description="stretch each map of `attention_map` to 0..1; default: the maps of a row share one color scale",
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
        kind = figure_kind(self.kind)
        for key in sorted(self.model_fields_set - _COMMON - kind.needed - kind.optional):
            kinds = [name for name, other in figure_kinds().items() if key in other.needed | other.optional]
            own = f"; `OPTIONAL_KEYS` in the file of '{self.kind}' can allow it" if own_name(self.kind) else ""
            raise ValueError(f"the key '{key}' belongs to figures of the kind {' or '.join(map(repr, kinds))}{own}")
        for key in sorted(kind.needed - self.model_fields_set):
            raise ValueError(f"a figure of the kind '{self.kind}' needs the key '{key}'")
        return self

    @model_validator(mode="after")
    def _positive_class_where_needed(self) -> Self:
        if METRICS[self.metric].classes == "positive" and self.positive_class is None:
            raise ValueError(f"the metric '{self.metric}' needs the key 'positive_class'")
        return self
