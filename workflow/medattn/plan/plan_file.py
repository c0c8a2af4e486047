"""The file of a plan, results/<selection>/plan.json, which every later stage reads."""

import re
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from medattn.errors import UserError
from medattn.files import json_text, read_json, write_text
from medattn.plan.model import Cell, CellSettings, Pack, Plan, Run
from medattn.version import __version__

SCHEMA = 2
_OBSOLETE = ("checkpoint_seconds",)
"""Keys of the configuration in plans of earlier versions that have no effect."""


def write_plan(path: Path, plan: Plan) -> None:
    """Write a plan to `path`."""
    write_text(path, plan_text(plan))


def plan_text(plan: Plan) -> str:
    """Return the text of a plan's file."""
    value = {
        "schema": SCHEMA,
        "version": __version__,
        "selection": plan.selection,
        "configuration": plan.configuration,
        "cells": {key: cell.to_json() for key, cell in plan.cells.items()},
        "runs": {key: run.to_json() for key, run in plan.runs.items()},
        "packs": {key: asdict(pack) for key, pack in plan.packs.items()},
    }
    return json_text(value)


def read_plan(path: Path) -> Plan:
    """Read a plan.

    Raises:
        UserError: the file is missing or damaged, or a version of the software with another schema wrote it.
    """
    value = read_json(path)
    try:
        _check_schema(path, value)
        plan = Plan(
            selection=value["selection"],
            configuration={k: v for k, v in value["configuration"].items() if k not in _OBSOLETE},
            cells={key: _cell(cell) for key, cell in value["cells"].items()},
            runs={key: _run(run) for key, run in value["runs"].items()},
            packs={key: Pack(**{**pack, "runs": tuple(pack["runs"])}) for key, pack in value["packs"].items()},
        )
        _check_names(plan)
        return plan
    except ValidationError as error:
        first = error.errors()[0]
        reason = f"{'.'.join(str(part) for part in (error.title, *first['loc']))}: {first['msg']}"
        raise UserError(f"{path}: not a plan ({reason}); run `medattn plan --write` again") from error
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise UserError(f"{path}: not a plan ({error}); run `medattn plan --write` again") from error


def _check_schema(path: Path, value: Mapping[str, Any]) -> None:
    if value["schema"] != SCHEMA:
        writer = f"medattn {value['version']}" if "version" in value else "an early version of medattn"
        raise UserError(
            f"{path}: {writer} wrote this plan (schema {value['schema']}), and medattn {__version__} reads schema "
            f"{SCHEMA}; run `medattn plan --write` to make the plan again"
        )


def _check_names(plan: Plan) -> None:
    """Check that names which become parts of paths or commands contain nothing else.

    Raises:
        ValueError: a name contains something else.
        TypeError: a name is not text.
        KeyError: the cell of a run, or a run of a pack, is not in the plan.
    """
    names = [*plan.cells, *plan.packs]
    for cell in plan.cells.values():
        names += [cell.id, cell.paper, cell.dataset]
    for key, run in plan.runs.items():
        names += [*(plan.cells[cell].id for cell in run.cells), run.folder, run.name]
        if key != run.id:
            raise ValueError(f"the run {key!r} is named {run.id!r}")
    for pack in plan.packs.values():
        names += [pack.id, *(plan.runs[run].name for run in pack.runs)]
    for name in names:
        if not re.fullmatch(r"[a-z0-9][a-z0-9._-]*", name):
            raise ValueError(f"{name!r} is not a valid name")


def _run(value: Mapping[str, Any]) -> Run:
    return Run(**{**value, "shared_with": tuple(value.get("shared_with", ()))})


def _cell(value: Mapping[str, Any]) -> Cell:
    lists = {key: tuple(value[key]) for key in ("tables", "metrics", "classes")}
    return Cell(**{**value, **lists, "settings": CellSettings.from_json(value["settings"])})
