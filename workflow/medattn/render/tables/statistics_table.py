"""The table of what data sets hold: published, as the registry has it, and as counted in the images at hand."""

from pathlib import Path
from typing import Any

import pandas as pd

from medattn.config.resolved import ResolvedPaper
from medattn.datasets.store import check_store
from medattn.render.inputs import Inputs
from medattn.render.tables.table_model import STAND_IN, STAND_IN_TEXT
from medattn.render.tables.table_text import DASH
from medattn.render.tables.text_table import Field, TextRow, TextTable
from medattn.render.tables.write_tables import write_formats

_GROUPS = (("Images", 3), ("Classes", 2), ("Images at hand", 3))
_COLUMNS = ("Published", "Registry", "At hand", "Published", "Registry", "train", "val", "test")
_SPLITS = ("train", "val", "test")
_CAPTION = (
    "Published: as the paper prints it. Registry: what the data set has by its makers' account. At hand: counted in the "
    "images that were trained and tested on."
)


def write_statistics_table(inputs: Inputs, paper: ResolvedPaper, name: str) -> None:
    """Write tables/<name>.csv, .md, .tex and .html, and its caption."""
    rows = _rows(inputs, paper, name)
    numbers = str(pd.DataFrame(rows).to_csv(index=False, lineterminator="\n"))
    title = paper.statistics[name].title
    write_formats(inputs, _sheet(inputs, name, rows), numbers, f"{title}. {_CAPTION}")


def statistics_sheet(inputs: Inputs, paper: ResolvedPaper, name: str) -> TextTable:
    """Return the table as text."""
    return _sheet(inputs, name, _rows(inputs, paper, name))


def _sheet(inputs: Inputs, name: str, rows: list[dict[str, Any]]) -> TextTable:
    signs = {reason: str(i) for i, reason in enumerate(dict.fromkeys(r["reason"] for r in rows if r["reason"]), 1)}
    notes = {sign: reason for reason, sign in signs.items()}
    if any(row["stand_in"] for row in rows):
        notes[STAND_IN] = STAND_IN_TEXT
    return TextTable(
        name,
        [_GROUPS, [(title, 1) for title in _COLUMNS]],
        [TextRow(name, inputs.dataset_title(row["dataset"]), _fields(row, signs)) for row in rows],
        notes,
    )


def _fields(row: dict[str, Any], signs: dict[str, str]) -> list[Field]:
    at_hand = (signs[row["reason"]],) if row["reason"] else (STAND_IN,) if row["stand_in"] else ()
    known = [Field(_text(row[key])) for key in ("published_images", "registry_images")]
    counted = [Field(_text(row[key]), notes=at_hand if row[key] != "" else ()) for key in _SPLITS]
    classes = [Field(_text(row[key])) for key in ("published_classes", "registry_classes")]
    return [*known, Field(_text(row["images"]), notes=at_hand), *classes, *counted]


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
            **_counted(inputs, paper, dataset),
        }
        for dataset, published in paper.statistics[name].datasets.items()
    ]


def _counted(inputs: Inputs, paper: ResolvedPaper, dataset: str) -> dict[str, Any]:
    """Return how many images each split has at hand, or why that is not known."""
    cells = [c for c in inputs.plan.cells.values() if c.paper == paper.name and c.dataset == dataset]
    at_hand = next((cell for cell in cells if cell.missing is None), None)
    nothing: dict[str, Any] = {**dict.fromkeys(("images", *_SPLITS), ""), "stand_in": False}
    if at_hand is None:
        return {**nothing, "reason": (cells[0].missing if cells else None) or "not in this selection"}
    splits = check_store(Path(at_hand.prepared), verify=False)["splits"]
    counts = {split: splits[split]["images"] for split in _SPLITS if split in splits}
    return {**nothing, **counts, "images": sum(counts.values()), "stand_in": at_hand.stand_in, "reason": ""}
