"""Table of the sizes of data sets: published, in the registry, and of the available images."""

from pathlib import Path
from typing import Any

import pandas as pd

from medattn.config.resolved import ResolvedPaper
from medattn.datasets.store import check_store
from medattn.render.inputs import Inputs
from medattn.render.tables.format_table import DASH
from medattn.render.tables.formatted_table import FormattedField, FormattedRow, FormattedTable
from medattn.render.tables.paper_table import STAND_IN, STAND_IN_TEXT
from medattn.render.tables.write_table import write_formats
from medattn.text_formats import csv_of

_GROUPS = (("Images", 3), ("Classes", 2), ("Available images", 3))
_COLUMNS = ("Published", "Registry", "Available", "Published", "Registry", "train", "val", "test")
_SPLITS = ("train", "val", "test")
_CAPTION = (
    "Published: the value in the paper. Registry: the size stated by the providers of the data set. Available: counted "
    "in the images that the runs are trained and tested on."
)


def write_dataset_statistics(inputs: Inputs, paper: ResolvedPaper, name: str) -> None:
    """Write tables/<name>.csv, .md, .tex and .html, and its caption."""
    rows = _rows(inputs, paper, name)
    csv_text = csv_of(pd.DataFrame(rows))
    title = paper.statistics[name].title
    write_formats(inputs, _formatted(inputs, name, rows), csv_text, f"{title}. {_CAPTION}")


def format_dataset_statistics(inputs: Inputs, paper: ResolvedPaper, name: str) -> FormattedTable:
    """Return the table as text."""
    return _formatted(inputs, name, _rows(inputs, paper, name))


def _formatted(inputs: Inputs, name: str, rows: list[dict[str, Any]]) -> FormattedTable:
    signs = {reason: str(i) for i, reason in enumerate(dict.fromkeys(r["reason"] for r in rows if r["reason"]), 1)}
    notes = {sign: reason for reason, sign in signs.items()}
    if any(row["stand_in"] for row in rows):
        notes[STAND_IN] = STAND_IN_TEXT
    return FormattedTable(
        name,
        [_GROUPS, [(title, 1) for title in _COLUMNS]],
        [FormattedRow(name, inputs.dataset_title(row["dataset"]), _fields(row, signs)) for row in rows],
        notes,
        row_heading="Data set",
    )


def _fields(row: dict[str, Any], signs: dict[str, str]) -> list[FormattedField]:
    notes = (signs[row["reason"]],) if row["reason"] else (STAND_IN,) if row["stand_in"] else ()
    images = [FormattedField(_text(row[key])) for key in ("published_images", "registry_images")]
    classes = [FormattedField(_text(row[key])) for key in ("published_classes", "registry_classes")]
    splits = [FormattedField(_text(row[key]), notes=notes if row[key] != "" else ()) for key in _SPLITS]
    return [*images, FormattedField(_text(row["images"]), notes=notes), *classes, *splits]


def _text(number: int | str) -> str:
    return DASH if number == "" else str(number)


def _rows(inputs: Inputs, paper: ResolvedPaper, name: str) -> list[dict[str, Any]]:
    return [
        {
            "paper": paper.name,
            "table": name,
            "dataset": dataset,
            "published_images": published.images,
            "registry_images": sum((inputs.configuration.datasets[dataset].known_images() or {}).values()) or "",
            "published_classes": published.classes,
            "registry_classes": len(inputs.configuration.datasets[dataset].classes),
            **_available(inputs, paper, dataset),
        }
        for dataset, published in paper.statistics[name].datasets.items()
    ]


def _available(inputs: Inputs, paper: ResolvedPaper, dataset: str) -> dict[str, Any]:
    """Return the number of available images in each split, or the reason why there are none."""
    cells = [c for c in inputs.plan.cells.values() if c.paper == paper.name and c.dataset == dataset]
    available = next((cell for cell in cells if cell.missing is None), None)
    nothing: dict[str, Any] = {**dict.fromkeys(("images", *_SPLITS), ""), "stand_in": False}
    if available is None:
        return {**nothing, "reason": (cells[0].missing if cells else None) or "not in this selection"}
    splits = check_store(Path(available.prepared), verify=False)["splits"]
    counts = {split: splits[split]["images"] for split in _SPLITS if split in splits}
    return {**nothing, **counts, "images": sum(counts.values()), "stand_in": available.stand_in, "reason": ""}
