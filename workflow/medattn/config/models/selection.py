"""A selection: which papers, data sets, backbones, arms and seeds to work on, and how."""

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from medattn.closed_model import Closed, Name
from medattn.config.models.metrics import Metric
from medattn.config.models.paper import Arm, Backbone
from medattn.config.models.verdicts import VerdictRule

LEAST_IMAGES = 10
"""Training images that a class of a smaller stand-in keeps, if nobody says otherwise."""


class PaperSelection(Closed):
    """What to take from a paper, and what to change. An empty mapping takes it in full."""

    experiments: list[Name] | None = Field(
        None, min_length=1, description="experiments of the paper, where it has any; default: all"
    )
    datasets: list[Name] | None = Field(
        None,
        min_length=1,
        description="data sets by name, of the paper or, for one experiment, any other; default: the paper's",
    )
    backbones: list[Name] | None = Field(None, description="backbones of the paper or of extra_backbones; default: all")
    arms: list[Name] | None = Field(None, min_length=1, description="arms of the paper or of extra_arms; default: all")
    extra_backbones: dict[Name, Backbone] = Field(
        {}, description="backbones that the paper does not have, or has otherwise"
    )
    extra_arms: dict[Name, Arm] = Field(
        {}, description="arms that the paper does not have, your own mechanism for one, or has otherwise"
    )
    extra_metrics: list[Metric] = Field([], description="metrics that are measured beside those of the paper")
    recipe: dict[str, Any] = Field({}, description="keys of the paper's recipe to change")
    protocol: dict[str, Any] = Field({}, description="keys of the paper's protocol to change")


class Selection(Closed):
    """The whole of what one call works on. Results go to <results>/<selection>/."""

    selection: Name = Field(description="name of this selection; its results lie under it")
    papers: dict[Name, PaperSelection] = Field(min_length=1, description="papers by the names of their folders")
    datasets: dict[Name, dict[str, Any]] = Field(
        {}, description="keys to change in registered data sets (`path`, ...), or whole entries for your own"
    )
    stand_ins: bool = Field(
        False,
        description="take phantoms of the same size, channels, classes and counts for all data sets that are not at "
        "hand; all that is made from them is marked",
    )
    stand_in_size: int | None = Field(
        None, ge=12, le=1024, description="largest height and width of stand-ins in pixels; default: the data set's"
    )
    stand_in_fraction: float | None = Field(
        None,
        gt=0,
        le=1,
        description="share of a data set's images that its stand-in has; default: all",
    )
    stand_in_least: int = Field(
        LEAST_IMAGES,
        ge=2,
        description="training images that a class of a smaller stand-in keeps at least, where it has as many; of "
        "other images it keeps two fifths of that",
    )
    seeds: list[int] = Field([0, 1, 2, 3, 4], min_length=1, description="a run is trained with each seed")
    equivalence_margin: float = Field(
        1.0,
        gt=0,
        le=100,
        description="largest difference between two arms that counts as none where tests of equivalence ask: "
        "percentage points, or hundredths of kappa",
    )
    verdicts: VerdictRule = Field(
        default_factory=lambda: VerdictRule(),
        description="the rule by which published values and comparisons are judged",
    )
    pack: int = Field(40, ge=1, le=10_000, description="runs that one job trains, one after the other, at most")
    pack_across_cells: bool = Field(
        False, description="let a pack hold runs of several cells on the same data set; for short runs"
    )
    runs_at_once: int = Field(
        1,
        ge=1,
        le=64,
        description="runs of a pack that its job trains at the same time, each in a process of its own: on a GPU that "
        "one run does not fill, or on as many more CPU cores. Changes no result",
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        "auto", description="where networks are trained; `auto`: a GPU if there is one"
    )
    cuda_graphs: bool = Field(
        True,
        description="on a GPU, record the training step and replay it; a recording that does not do what the step "
        "does is not used. Changes no result",
    )
    checkpoint_seconds: float = Field(
        0.0,
        ge=0,
        description="least seconds between two checkpoints of a run; 0: after every epoch, so that whatever happens "
        "one epoch is lost at most. Where epochs are shorter than the writing of a large network, more is faster",
    )
    data: str = Field("data", min_length=1, description="folder of original and prepared data and of ImageNet weights")
    results: str = Field("results", min_length=1, description="folder of results")

    @model_validator(mode="after")
    def _each_seed_once(self) -> Self:
        if len(set(self.seeds)) < len(self.seeds):
            raise ValueError("seeds names a seed twice")
        if min(self.seeds) < 0:
            raise ValueError("seeds must not be negative")
        return self
