"""The frozen plan: what every later stage reads (results/<selection>/plan.json)."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from medattn.errors import UserError
from medattn.files import read_json, write_json
from medattn.protocols.base import Stage
from medattn.protocols.registry import protocol_of

SCHEMA = 1


def cell_id(paper: str, experiment: str, dataset: str, backbone: str, arm: str) -> str:
    """Return the name of a cell, unique in a plan and part of paths; a paper that is one experiment has none in it."""
    return ".".join(part for part in (paper, experiment, dataset, backbone, arm) if part)


@dataclass(frozen=True)
class Cell:
    """A cell of the plan: paper x dataset x backbone x arm, in one experiment of the paper.

    Attributes:
        experiment: name of the experiment; empty where the paper is one.
        dataset_title: name of the data set in tables and figures.
        backbone_label: name of the backbone in tables and figures; empty for classifiers on pixels.
        arm_label: name of the arm in tables and figures; empty for vanilla.
        stand_in: whether the images are stand-ins for the paper's.
        missing: why the cell can't be run; None if it can.
        prepared: folder of the prepared data set.
        tables: names of the tables that show the cell.
        metrics: what is measured: the metrics of these tables, those that the paper asks for, and accuracy.
        classes: names of the classes in the order of the labels.
        settings: `backbone`, `arm`, `recipe`, `protocol` as configured, `dataset` (identity) and `code` (digest).
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
    settings: Mapping[str, Any]
    metrics: tuple[str, ...] = ("accuracy",)
    classes: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """Name of the cell, unique in the plan and part of paths."""
        return cell_id(self.paper, self.experiment, self.dataset, self.backbone, self.arm)

    @property
    def group(self) -> str:
        """Name of the arms that share a file of choices: one backbone on one data set."""
        return cell_id(self.paper, self.experiment, self.dataset, self.backbone, "")

    @property
    def is_classifier(self) -> bool:
        """Whether the arm is a classifier on pixels."""
        return self.settings["arm"]["classifier"] is not None

    @property
    def is_tuned(self) -> bool:
        """Whether runs of the stage `tune` choose something for the cell: epochs of a network, or a grid point."""
        chooses_epochs = protocol_of(self.settings["protocol"]).chooses_epochs and not self.is_classifier
        return chooses_epochs or bool(self.settings["arm"]["grid"])

    @property
    def leak(self) -> str:
        """What of the test images gets into a choice or into training by the paper's own reading; else empty."""
        if self.is_classifier:
            return ""
        return protocol_of(self.settings["protocol"]).leak(self.settings["recipe"]["oversampling"] is not None)


@dataclass(frozen=True)
class Run:
    """One training: a cell x seed x fold x grid point.

    Attributes:
        cell: id of the cell.
        name: name of the run, unique in the cell; its end is a hash of everything that decides the result.
        stage: `tune` is evaluated on validation images, to choose; `train` is measured on test images.
        seed: seed of all random streams.
        fold: fold that is left out of training, counted from 0; None where the protocol has no folds in the stage.
        grid_point: values of the arm's grid; None in `train`, where `tune` has chosen.
    """

    cell: str
    name: str
    stage: Stage
    seed: int
    fold: int | None
    grid_point: Mapping[str, Any] | None

    @property
    def id(self) -> str:
        """Name of the run, unique in the plan, and its path under runs/."""
        return f"{self.cell}/{self.name}"


@dataclass(frozen=True)
class Pack:
    """The runs that one job trains, one after the other."""

    id: str
    stage: Stage
    dataset: str
    runs: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """Everything that a selection asks for."""

    selection: str
    configuration: Mapping[str, Any]
    cells: Mapping[str, Cell]
    runs: Mapping[str, Run]
    packs: Mapping[str, Pack]

    def runs_of(self, cell: str, stage: Stage) -> list[Run]:
        """Return the runs of a cell in a stage, in the order of the plan."""
        return [run for run in self.runs.values() if run.cell == cell and run.stage == stage]


def write_plan(path: Path, plan: Plan) -> None:
    """Write the frozen plan, unless the file says the same already (its time then stays as it is)."""
    value = {
        "schema": SCHEMA,
        "selection": plan.selection,
        "configuration": plan.configuration,
        "cells": {cell_id: asdict(cell) for cell_id, cell in plan.cells.items()},
        "runs": {run_id: _run_as_json(run) for run_id, run in plan.runs.items()},
        "packs": {pack_id: asdict(pack) for pack_id, pack in plan.packs.items()},
    }
    write_json(path, value)


def read_plan(path: Path) -> Plan:
    """Read a frozen plan.

    Raises:
        UserError: there is none, or another version of the software wrote it.
    """
    value = read_json(path)
    try:
        if value["schema"] != SCHEMA:
            raise UserError(f"{path}: written by another version of the software; run `medattn plan` again")
        plan = Plan(
            selection=value["selection"],
            configuration=value["configuration"],
            cells={key: _cell(cell) for key, cell in value["cells"].items()},
            runs={key: Run(**run) for key, run in value["runs"].items()},
            packs={key: Pack(**{**pack, "runs": tuple(pack["runs"])}) for key, pack in value["packs"].items()},
        )
        _check_names(plan)
        return plan
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise UserError(f"{path}: not a plan ({error}); run `medattn plan` again") from error


def _check_names(plan: Plan) -> None:
    """Make sure that names which become paths, or parts of commands, can't be anything else.

    Raises:
        ValueError: one could.
        TypeError: one is no text.
        KeyError: a run is of no cell, or a pack of no run.
    """
    names = [*plan.cells, *plan.packs]
    for cell in plan.cells.values():
        names += [cell.id, cell.paper, cell.dataset]
    for key, run in plan.runs.items():
        names += [plan.cells[run.cell].id, run.name]
        if key != run.id:
            raise ValueError(f"the run {key!r} is named {run.id!r}")
    for pack in plan.packs.values():
        names += [pack.id, *(plan.runs[run].name for run in pack.runs)]
    for name in names:
        if not re.fullmatch(r"[a-z0-9][a-z0-9._-]*", name):
            raise ValueError(f"{name!r} is no name")


def _cell(value: Mapping[str, Any]) -> Cell:
    lists = {key: tuple(value[key]) for key in ("tables", "metrics", "classes")}
    return Cell(**{**value, **lists})


def _run_as_json(run: Run) -> dict[str, Any]:
    return {
        "cell": run.cell,
        "name": run.name,
        "stage": run.stage,
        "seed": run.seed,
        "fold": run.fold,
        "grid_point": run.grid_point,
    }
