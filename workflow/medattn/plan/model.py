"""The plan of a selection: cells, their runs, and packs of runs."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache, cached_property
from typing import Any, Literal, Self, TypeVar

from medattn.config.models.paper import Arm, Backbone
from medattn.config.models.recipe import Recipe
from medattn.protocols.base import MeasurementProtocol
from medattn.protocols.registry import protocol_of

Stage = Literal["tune", "train"]
M = TypeVar("M", Backbone, Arm, Recipe)


@dataclass(frozen=True, order=True)
class CellKey:
    """Identity of a cell: paper, experiment, data set, backbone and arm.

    Attributes:
        experiment: name of the experiment; empty for a paper without experiments.
    """

    paper: str
    experiment: str
    dataset: str
    backbone: str
    arm: str

    @classmethod
    def of_row(cls, row: Mapping[Any, Any]) -> Self:
        """Return the key of a table row that has a column for each field."""
        return cls(*(str(row[field.name]) for field in fields(cls)))

    @property
    def id(self) -> str:
        """Name of the cell, unique in a plan and used in paths: the fields that are not empty, joined by dots."""
        return ".".join(part for part in (self.group, self.arm) if part)

    @property
    def group(self) -> str:
        """Name of all arms of one backbone on one data set; they share a file of tuning results."""
        return ".".join(part for part in (self.paper, self.experiment, self.dataset, self.backbone) if part)


@dataclass(frozen=True)
class CellSettings:
    """Everything that decides the results of a cell's runs, except seed, fold and grid point.

    Attributes:
        backbone: image network, without label, arms and normalization; None for a classifier on pixels.
        arm: arm, without label, data sets and backbones.
        recipe: training recipe, with the normalization of the backbone if the backbone sets one.
        protocol: measurement protocol.
        entry_sha256: identity of the data set with its settings.
        code_digest: digest of the code that the runs depend on.
        source: kind of the source that reads the images.
    """

    backbone: Backbone | None
    arm: Arm
    recipe: Recipe
    protocol: MeasurementProtocol
    entry_sha256: str
    code_digest: str
    source: str | None = None

    @property
    def mechanism(self) -> str | None:
        """Attention mechanism of the arm, `none` for vanilla; None for a classifier on pixels."""
        return None if self.arm.classifier else self.arm.mechanism

    @property
    def model(self) -> str | None:
        """Image network, such as `timm/resnet18`; None for a classifier on pixels."""
        return self.backbone.model if self.backbone else None

    @property
    def code_names(self) -> tuple[str | None, str | None, str, str | None, str | None]:
        """Names of mechanism, image network, protocol, placebo and source: the arguments of `code_digest`."""
        return self.mechanism, self.model, self.protocol.kind, self.arm.placebo, self.source

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return the settings that `to_json` turned into plain values; cells with equal settings share the objects.

        Raises:
            ValueError: a value is invalid.
            KeyError: a key is missing.
        """
        backbone = value["backbone"]
        return cls(
            backbone=None if backbone is None else _parsed(Backbone, _text(backbone)),
            arm=_parsed(Arm, _text(value["arm"])),
            recipe=_parsed(Recipe, _text(value["recipe"])),
            protocol=_parsed_protocol(_text(value["protocol"])),
            entry_sha256=value["entry_sha256"],
            code_digest=value["code_digest"],
            source=value.get("source"),
        )

    def to_json(self) -> dict[str, Any]:
        """Return the settings as plain values, defaults included."""
        return {
            "backbone": self.backbone.model_dump(mode="json", exclude={"label", "arms", "normalization"})
            if self.backbone
            else None,
            "arm": self.arm.model_dump(mode="json", exclude={"label", "datasets", "backbones", "placebos"}),
            "recipe": self.recipe.model_dump(mode="json"),
            "protocol": self.protocol.model_dump(mode="json"),
            "entry_sha256": self.entry_sha256,
            "code_digest": self.code_digest,
            "source": self.source,
        }


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


@cache
def _parsed(model: type[M], text: str) -> M:
    return model.model_validate_json(text)


@cache
def _parsed_protocol(text: str) -> MeasurementProtocol:
    return protocol_of(json.loads(text))


@dataclass(frozen=True)
class Cell:
    """A cell of the plan: paper x dataset x backbone x arm, in one experiment of the paper.

    Attributes:
        experiment: name of the experiment; empty for a paper without experiments.
        dataset_title: name of the data set in tables and figures.
        backbone_label: name of the backbone in tables and figures; empty for classifiers on pixels.
        arm_label: name of the arm in tables and figures; empty for vanilla.
        stand_in: whether the images are stand-ins for the paper's images.
        missing: why the cell can't be run; None if it can.
        prepared: folder of the prepared data set.
        tables: names of the tables that show the cell.
        settings: everything that decides the results of its runs.
        metrics: metrics that are measured: accuracy, those of the tables and those that the paper adds.
        classes: names of the classes in the order of the labels.
    """

    paper: str
    experiment: str
    dataset: str
    backbone: str
    arm: str
    dataset_title: str
    backbone_label: str
    arm_label: str
    stand_in: bool
    missing: str | None
    prepared: str
    tables: tuple[str, ...]
    settings: CellSettings
    metrics: tuple[str, ...] = ("accuracy",)
    classes: tuple[str, ...] = ()

    @cached_property
    def key(self) -> CellKey:
        """Identity of the cell."""
        return CellKey(self.paper, self.experiment, self.dataset, self.backbone, self.arm)

    @property
    def id(self) -> str:
        """Name of the cell, unique in the plan and used in paths."""
        return self.key.id

    @property
    def group(self) -> str:
        """Name of all arms of the cell's backbone on its data set; they share a file of tuning results."""
        return self.key.group

    @property
    def is_classifier(self) -> bool:
        """Whether the arm is a classifier on pixels."""
        return self.settings.arm.classifier is not None

    @property
    def is_tuned(self) -> bool:
        """Whether runs of the stage `tune` choose the cell's grid point or the measured epochs of its network."""
        chooses_epochs = self.settings.protocol.chooses_epochs and not self.is_classifier
        return chooses_epochs or bool(self.settings.arm.grid)

    @property
    def leak(self) -> str:
        """Influence of test images on a choice or the training under the configured reading; empty if there is none."""
        if self.is_classifier:
            return ""
        return self.settings.protocol.leak(self.settings.recipe.oversampling is not None)

    def to_json(self) -> dict[str, Any]:
        """Return the cell as plain values."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {**values, "settings": self.settings.to_json()}


@dataclass(frozen=True)
class Run:
    """One training: a cell x seed x fold x grid point.

    Attributes:
        cell: id of the cell.
        name: name of the run, unique in the cell; it ends with a hash of everything that decides the result.
        stage: `tune` is evaluated on validation images, to choose; `train` is measured on test images.
        seed: seed of all random streams.
        fold: fold that is left out of training, counted from 0; None where the protocol has no folds in the stage.
        grid_point: values of the arm's grid; None in `train`, where `tune` has chosen them.
        shared_with: ids of further cells with equal settings, which measure the run, too.
        kept_in: cell in whose folder the run finished, under another plan; None for that of `cell`.
    """

    cell: str
    name: str
    stage: Stage
    seed: int
    fold: int | None
    grid_point: Mapping[str, Any] | None
    shared_with: tuple[str, ...] = ()
    kept_in: str | None = None

    @property
    def id(self) -> str:
        """Name of the run, unique in the plan, and its path under runs/."""
        return f"{self.folder}/{self.name}"

    @property
    def key(self) -> str:
        """Name of the run without its place in the grid, which does not decide its result."""
        return run_key(self.name)

    @property
    def folder(self) -> str:
        """Folder under runs/ that contains the folder of the run."""
        return self.kept_in or self.cell

    @property
    def cells(self) -> tuple[str, ...]:
        """Ids of all cells that the run serves, its own first."""
        return (self.cell, *self.shared_with)

    def to_json(self) -> dict[str, Any]:
        """Return the run as plain values; what most runs lack is left out."""
        optional = {"shared_with", "kept_in"}
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {key: value for key, value in values.items() if key not in optional or value}


def run_key(name: str) -> str:
    """Return the name of a run without its place in the grid: `tune-s0-f1-g02-0123456789` without `-g02`."""
    return re.sub(r"-g\d+(?=-)", "", name)


@dataclass(frozen=True)
class Pack:
    """The runs that one job trains, one after the other."""

    id: str
    stage: Stage
    dataset: str
    runs: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """All cells, runs and packs that a selection asks for.

    Attributes:
        selection: name of the selection.
        configuration: the selection as plain values, defaults included.
        cells: cells by id, in the order of the papers.
        runs: runs by id, cell by cell.
        packs: packs by id.
    """

    selection: str
    configuration: Mapping[str, Any]
    cells: Mapping[str, Cell]
    runs: Mapping[str, Run]
    packs: Mapping[str, Pack]

    def runs_of(self, cell: str, stage: Stage) -> list[Run]:
        """Return the runs that serve a cell in a stage, in the order of seeds, or of the plan where none is shared."""
        return list(self._runs_by_cell.get((cell, stage), ()))

    @cached_property
    def _runs_by_cell(self) -> dict[tuple[str, Stage], list[Run]]:
        found: dict[tuple[str, Stage], list[Run]] = {}
        for run in self.runs.values():
            for cell in run.cells:
                found.setdefault((cell, run.stage), []).append(run)
        # Shared runs stand where their first cell has them, which may be before or after the cell's own ones.
        order = {seed: place for place, seed in enumerate(dict.fromkeys(run.seed for run in self.runs.values()))}
        for (cell, _), runs in found.items():
            if any(run.cell != cell for run in runs):
                runs.sort(key=lambda run: (order[run.seed], -1 if run.fold is None else run.fold))
        return found
