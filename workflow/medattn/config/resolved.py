"""The resolved configuration, which the later stages read."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from medattn.config.models.dataset import DatasetEntry
from medattn.config.models.figure import Figure
from medattn.config.models.metrics import MetricName
from medattn.config.models.paper import Arm, Backbone, ExperimentOverride, Paper, Table
from medattn.config.models.recipe import Recipe
from medattn.config.models.selection import Selection
from medattn.config.models.statistics import Statistics
from medattn.config.overrides import differing_keys, override_keys, override_protocol_keys
from medattn.protocols.base import MeasurementProtocol

NO_BACKBONE = "none"


@dataclass(frozen=True)
class ResolvedPaper:
    """A paper or one of its experiments, with the choices and overrides of a selection applied and validated.

    Attributes:
        name: name of the paper's folder.
        experiment: name of the experiment; empty for a paper without experiments.
        paper: the paper as read from its folder.
        datasets: names of the data sets.
        backbones: backbones by name, without `none`.
        arms: arms by name.
        recipe: recipe with the overrides of experiment and selection.
        protocol: protocol with the overrides of experiment and selection.
        tables: tables that show the experiment, by name.
        statistics: tables of the experiment's data sets, by name.
        figures: figures that show the experiment, by name.
        metrics: metrics measured in addition to accuracy and the metrics of the tables.
    """

    name: str
    experiment: str
    paper: Paper
    datasets: tuple[str, ...]
    backbones: Mapping[str, Backbone]
    arms: Mapping[str, Arm]
    recipe: Recipe
    protocol: MeasurementProtocol
    tables: Mapping[str, Table]
    statistics: Mapping[str, Statistics]
    figures: Mapping[str, Figure]
    metrics: tuple[MetricName, ...]

    @cached_property
    def declared_recipe(self) -> Recipe:
        """Recipe of the experiment in paper.yaml, without the overrides of the selection."""
        return override_keys(self.paper.recipe, self.declared_override.recipe, "recipe")

    @cached_property
    def changed_procedure(self) -> tuple[str, ...]:
        """Keys of recipe and protocol whose values the selection changes."""
        keys = [*differing_keys("recipe", self.declared_recipe.model_dump(), self.recipe.model_dump())]
        protocol = override_protocol_keys(self.paper.protocol, self.declared_override.protocol, "protocol")
        if self.protocol.kind != protocol.kind:
            return (*keys, "protocol.kind")
        return (*keys, *differing_keys("protocol", protocol.model_dump(), self.protocol.model_dump()))

    @property
    def declared_override(self) -> ExperimentOverride:
        """Overrides of the experiment in paper.yaml; none for a paper without experiments."""
        return self.paper.experiments[self.experiment].override if self.experiment else ExperimentOverride()

    def trains(self, dataset: str, backbone: str, arm: str) -> bool:
        """Return whether an arm is trained with a backbone (`none` for classifiers on pixels) on a data set."""
        declared = self.arms[arm]
        if dataset not in (declared.datasets or self.datasets):
            return False
        if backbone == NO_BACKBONE or declared.classifier:
            return backbone == NO_BACKBONE and declared.classifier is not None
        listed = self.backbones[backbone].arms or self.arms
        is_listed = arm in listed or declared.placebo_of in listed
        return is_listed and backbone in (declared.backbones or self.backbones)

    def shows(self, table: Table, dataset: str, backbone: str, arm: str) -> bool:
        """Return whether a table has a row for backbone and arm and a column for the data set.

        A placebo is shown wherever the arm that it belongs to is shown.
        """
        partner = self.arms[arm].placebo_of if arm in self.arms else None
        asked = ((table.datasets, dataset), (table.backbones, backbone))
        is_shown = table.arms is None or arm in table.arms or partner in table.arms
        return is_shown and all(names is None or name in names for names, name in asked)


@dataclass(frozen=True)
class Configuration:
    """Complete resolved configuration."""

    selection: Selection
    papers: tuple[ResolvedPaper, ...]  # an entry for each experiment of each paper
    datasets: Mapping[str, DatasetEntry]
    declared_datasets: Mapping[str, DatasetEntry]  # without the changes of the selection
