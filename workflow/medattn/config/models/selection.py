"""A selection: the papers, data sets, backbones, arms and seeds to work on, and how to run them."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_serializer, model_validator

from medattn.closed_model import MAX_IMAGES, Closed, Name
from medattn.config.models.dataset import ExpandedPath
from medattn.config.models.figure import Figure
from medattn.config.models.metrics import MetricName
from medattn.config.models.paper import Arm, Backbone, Placebo
from medattn.config.models.seeds import SeedLooks, Seeds
from medattn.config.models.verdicts import VerdictRule

LEAST_IMAGES = 10
"""Default minimum of training images for each class of a reduced stand-in."""


class PaperSelection(Closed):
    """Parts of a paper to run, and changes to it. An empty mapping takes the whole paper unchanged."""

    experiments: list[Name] | None = Field(
        None, min_length=1, description="experiments of the paper, if it has any; default: all"
    )
    datasets: list[Name] | None = Field(
        None,
        min_length=1,
        description="names of data sets: those of the paper or, for a single experiment, any in the registry; "
        "default: those of the paper",
    )
    backbones: list[Name] | None = Field(
        None, description="backbones of the paper or of `extra_backbones`; default: all"
    )
    arms: list[Name] | None = Field(
        None, min_length=1, description="arms of the paper or of `extra_arms`; default: all"
    )
    extra_backbones: dict[Name, Backbone] = Field(
        {}, description="additional backbones, or replacements for backbones of the paper; always included"
    )
    extra_arms: dict[Name, Arm] = Field(
        {},
        description="additional arms, such as one with your own mechanism, or replacements for arms of the paper; "
        "always included",
    )
    placebos: list[Placebo] = Field(
        [], description="placebos to add to each arm with a mechanism, in addition to those of its key `placebos`"
    )
    extra_metrics: list[MetricName] = Field([], description="metrics to measure in addition to those of the paper")
    extra_figures: dict[Name, Figure] = Field(
        {}, description="additional figures, such as one of your own kind, or replacements for figures of the paper"
    )
    recipe: dict[str, Any] = Field({}, description="keys to change in the paper's recipe")
    protocol: dict[str, Any] = Field({}, description="keys to change in the paper's protocol")

    @field_serializer("extra_figures")
    def _only_the_keys_that_are_set(self, figures: dict[str, Figure]) -> dict[str, Any]:
        """Return the figures as they were declared: a kind refuses the keys of others, whatever their value."""
        return {name: figure.model_dump(mode="json", exclude_unset=True) for name, figure in figures.items()}


class Selection(Closed):
    """Everything that one call works on. Results are written to <results>/<selection>/."""

    selection: Name = Field(description="name of this selection and of its folder of results")
    papers: dict[Name, PaperSelection] = Field(min_length=1, description="papers, by the names of their folders")
    datasets: dict[Name, dict[str, Any]] = Field(
        {},
        description="keys to change in registered data sets, such as `path`, or complete entries for your own "
        "data sets",
    )
    stand_ins: bool = Field(
        False,
        description="replace every data set that is not available by synthetic images of the same size, channels, "
        "classes and counts; all outputs made from them are marked",
    )
    stand_in_size: int | None = Field(
        None,
        ge=12,
        le=1024,
        description="maximum height and width of stand-ins in pixels; default: those of the data set",
    )
    stand_in_fraction: float | None = Field(
        None,
        gt=0,
        le=1,
        description="number of images of a stand-in as a share of those of its data set; default: 1",
    )
    stand_in_least: int = Field(
        LEAST_IMAGES,
        ge=2,
        le=MAX_IMAGES,
        description="minimum number of training images for each class of a stand-in that `stand_in_fraction` reduces, "
        "or all images of a class that has fewer; for validation and test images the minimum is two fifths of it",
    )
    seeds: Seeds = Field(
        [0, 1, 2, 3, 4],
        description="seeds; a run is trained with each of them. Or looks: numbers of seeds, declared ahead, at which "
        "verdicts may be given",
    )
    equivalence_margin: float = Field(
        1.0,
        gt=0,
        le=100,
        description="maximum difference between two arms that tests of equivalence treat as none, in percentage points "
        "or hundredths of kappa",
    )
    verdicts: VerdictRule = Field(
        default_factory=lambda: VerdictRule(),
        description="the rule for verdicts on published values and comparisons",
    )
    pack: int = Field(
        40, ge=1, le=10_000, description="maximum number of runs that one job trains, one after the other"
    )
    pack_across_cells: bool = Field(
        False, description="allow packs with runs of several cells on the same data set; useful for short runs"
    )
    runs_at_once: int = Field(
        1,
        ge=1,
        le=64,
        description="runs of a pack that its job trains at the same time, each in a separate process; useful for a GPU "
        "that one run does not fill, or for several CPU cores. Does not affect results",
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        "auto", description="device for training; `auto`: a GPU if one is available"
    )
    cuda_graphs: bool = Field(
        True,
        description="on a GPU, capture the training step as a CUDA graph and replay it. Each graph is verified against "
        "an eager step and discarded on mismatch, so this does not affect results",
    )
    checkpoint: Literal["auto"] | Annotated[int, Field(ge=1, le=100_000)] = Field(
        "auto",
        description="when the state of a run is saved: after this number of epochs, or `auto`: once training has taken "
        "25 times as long as saving it took the last time, so that it costs at most 4%. A stopped run saves its state "
        "first; a killed one loses the work since it was saved. Does not affect results",
    )
    data: ExpandedPath = Field(
        "data",
        description="folder of original data, prepared data and ImageNet weights; `~` and environment variables such "
        "as `$HOME` are replaced",
    )
    results: ExpandedPath = Field(
        "results", description="folder of results; `~` and environment variables such as `$HOME` are replaced"
    )

    @model_validator(mode="after")
    def _each_seed_once(self) -> Self:
        if isinstance(self.seeds, SeedLooks):
            if self.seeds.looks[0] < self.verdicts.min_runs:
                raise ValueError(
                    f"seeds.looks: no verdict is possible with {self.seeds.looks[0]} seeds, because verdicts.min_runs "
                    f"is {self.verdicts.min_runs}; remove this look"
                )
            return self
        if len(set(self.seeds)) < len(self.seeds):
            raise ValueError("seeds names a seed twice")
        if min(self.seeds) < 0:
            raise ValueError("seeds must not be negative")
        return self

    @property
    def looks(self) -> tuple[int, ...]:
        """Declared numbers of seeds at which verdicts may be given; none for a plain list of seeds."""
        return tuple(self.seeds.looks) if isinstance(self.seeds, SeedLooks) else ()

    @property
    def trained_seeds(self) -> tuple[int, ...]:
        """The seeds of all cells that `seeds.cells` does not name."""
        return tuple(range(self.seeds.current)) if isinstance(self.seeds, SeedLooks) else tuple(self.seeds)

    def seeds_of(self, cell: str) -> tuple[int, ...]:
        """Return the seeds of a cell, by its id."""
        if isinstance(self.seeds, SeedLooks) and cell in self.seeds.cells:
            return tuple(range(self.seeds.cells[cell]))
        return self.trained_seeds

    @property
    def most_seeds(self) -> int:
        """The largest number of seeds of a cell."""
        further = [*self.seeds.cells.values()] if isinstance(self.seeds, SeedLooks) else []
        return max(len(self.trained_seeds), *further) if further else len(self.trained_seeds)

    @property
    def confidence_at_a_look(self) -> float:
        """Confidence level of the intervals of differences; the looks share the error rate, as they share alpha."""
        return 1 - (1 - self.verdicts.confidence) / max(1, len(self.looks))

    @property
    def rule_at_a_look(self) -> VerdictRule:
        """The rule for verdicts, with the significance level split evenly over the looks."""
        if not self.looks:
            return self.verdicts
        return self.verdicts.model_copy(update={"alpha": self.verdicts.alpha / len(self.looks)})
