"""The runs behind a number, for the page: how they ended, their curves, their attention maps and their records."""

import io
from typing import Any

import matplotlib as mpl
import numpy as np
import seaborn as sns
from PIL import Image

from medattn.files import read_json
from medattn.layout import RunPaths
from medattn.plan.model import Cell, Run
from medattn.provenance.records import failure_reason, read_record
from medattn.render.figures.images import Array, attention_maps
from medattn.render.figures.style import MAP_COLORS
from medattn.render.inputs import Inputs
from medattn.report.blocks import data_url
from medattn.training.history import read_history

_LARGEST_MAP = 112
_SHADES = 255


def run_details(inputs: Inputs, run: Run, pack: str, with_map: bool) -> dict[str, Any]:
    """Return what the page shows of a run.

    Args:
        inputs: the selection.
        run: the run.
        pack: id of the pack that trains it.
        with_map: whether its attention map is shown, if it has one.
    """
    files = inputs.results.run(run.cell, run.name)
    details: dict[str, Any] = {
        "id": run.id,
        "stage": run.stage,
        "seed": run.seed,
        "fold": run.fold,
        "pack": pack,
    }
    if not files.record.is_file():
        if files.failure.is_file():
            return {**details, "status": "failed", "reason": failure_reason(files.failure)}
        return {**details, "status": "waiting", "reason": "not trained yet"}
    record = read_record(files.record)
    details |= {"status": record["status"], "reason": record.get("reason", ""), "seconds": record["seconds"]}
    details |= {"epochs": record["epochs"], "record": record}
    if files.history.is_file():
        details["curve"] = _curve(files)
    if with_map and files.maps.is_file():
        details["map"] = _map(attention_maps(files.maps))
    return details


def choice_of(inputs: Inputs, cell: Cell) -> Any:
    """Return what cross-validation chose for a cell and among what, or None where nothing was chosen yet."""
    path = inputs.results.tuned(cell.group)
    if not path.is_file():
        return None
    value = read_json(path)
    cells = value.get("cells") if isinstance(value, dict) else None
    return cells.get(cell.id) if isinstance(cells, dict) else None


def _curve(files: RunPaths) -> dict[str, list[float]]:
    """Return epochs, training loss and accuracy in percent while training and on the evaluated images."""
    history = read_history(files.history)
    return {
        "epoch": [row.epoch for row in history],
        "loss": [_rounded(row.train_loss) for row in history],
        "training": [_rounded(100 * row.train_correct / max(1, row.train_images)) for row in history],
        "evaluated": [_rounded(100 * row.correct / max(1, row.images)) for row in history],
    }


def _map(maps: dict[str, Array]) -> dict[str, Any]:
    """Return both maps as pictures on one scale, with the ends of the scale."""
    low = min(float(values.min()) for values in maps.values())
    high = max(float(values.max()) for values in maps.values())
    pictures = {time: data_url(_picture(values, low, high), "image/png") for time, values in maps.items()}
    return {"low": _rounded(low), "high": _rounded(high), **pictures}


def _picture(values: Array, low: float, high: float) -> bytes:
    """Return a map as PNG of at most 112 pixels, dark where attention is high, as in the figures."""
    step = max(1, -(-max(values.shape) // _LARGEST_MAP))
    shades = np.clip((values[::step, ::step] - low) / max(high - low, 1e-12), 0, 1)
    image = Image.fromarray(np.round(shades * _SHADES).astype(np.uint8))
    image.putpalette(_palette())
    stream = io.BytesIO()
    image.save(stream, "PNG", optimize=True)
    return stream.getvalue()


def _palette() -> list[int]:
    sns.color_palette(MAP_COLORS)  # seaborn brings the colors to matplotlib
    colors = mpl.colormaps[MAP_COLORS](np.linspace(0, 1, _SHADES + 1))[:, :3]
    return [int(value) for value in np.round(colors * 255).astype(int).ravel()]


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")
