"""The selection of the next round: the current one with more seeds for the cells of open claims."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from medattn.config.models.seeds import SeedLooks
from medattn.config.models.selection import Selection
from medattn.errors import UserError
from medattn.files import write_text
from medattn.reading import open_file

_HEADER = (
    "# Written by `medattn next --write`: the selection of the next round. Its results join those of earlier rounds."
)


def next_selection(raw: Mapping[str, Any], selection: Selection, seeds: Mapping[str, int]) -> dict[str, Any]:
    """Return the selection of the next round as plain values.

    Args:
        raw: the current selection as its file has it.
        selection: the current selection.
        seeds: number of seeds of the next round, by id of the cell, where it exceeds the current one.

    Raises:
        UserError: more seeds are needed, and the selection declares no looks.
    """
    if not seeds:
        return dict(raw)
    looks = selection.seeds
    if not isinstance(looks, SeedLooks):
        raise UserError(
            f"{len(seeds)} cells need more seeds than the selection lists; adding seeds keeps the error rate only at "
            "looks that are declared before the runs are measured, such as `seeds: {looks: [5, 10, 20]}`"
        )
    cells = {**looks.cells, **seeds}
    changed = {key: value for key, value in looks.model_dump(exclude_none=True).items() if key != "cells"}
    return {**raw, "seeds": {**changed, "cells": dict(sorted(cells.items()))}}


def write_selection(path: Path, value: Mapping[str, Any]) -> None:
    """Write a selection.

    Raises:
        UserError: the file exists and `medattn next` did not write it.
    """
    if path.exists() and not (path.is_file() and _starts_with_header(path)):
        raise UserError(f"{path}: exists and was not written by `medattn next`; choose another name")
    write_text(path, f"{_HEADER}\n{yaml.safe_dump(dict(value), sort_keys=False, allow_unicode=True, width=120)}")


def _starts_with_header(path: Path) -> bool:
    with open_file(path) as stream:
        return stream.read(len(_HEADER.encode())) == _HEADER.encode()
