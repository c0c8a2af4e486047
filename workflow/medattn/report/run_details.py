"""Details of a run: status, learning curve, attention maps and record."""

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
from medattn.report.embedding import data_url
from medattn.training.history import read_history

_MAX_SIDE = 112
_SHADES = 255


def run_details(inputs: Inputs, run: Run, pack: str, with_map: bool) -> dict[str, Any]:
    """Return the details of a run.

    Args:
        inputs: results of the earlier stages.
        run: the run.
        pack: name of the pack that trains it.
        with_map: whether to include its attention maps, if it has any.
    """
    files = inputs.results.run(run.folder, run.name)
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


def tuning_of(inputs: Inputs, cell: Cell) -> Any:
    """Return the tuning result of a cell, or None if it is not tuned yet."""
    path = inputs.results.tuned(cell.group)
    if not path.is_file():
        return None
    value = read_json(path)
    cells = value.get("cells") if isinstance(value, dict) else None
    return cells.get(cell.id) if isinstance(cells, dict) else None


def _curve(files: RunPaths) -> dict[str, list[float]]:
    """Return epochs, training loss, and accuracy in percent on training and on evaluated images."""
    history = read_history(files.history)
    return {
        "epoch": [row.epoch for row in history],
        "loss": [_rounded(row.train_loss) for row in history],
        "training": [_rounded(100 * row.train_correct / max(1, row.train_images)) for row in history],
        "evaluated": [_rounded(100 * row.correct / max(1, row.images)) for row in history],
    }


def _map(maps: dict[str, Array]) -> dict[str, Any]:
    """Return both maps as images on a common color scale, with the scale from low to high and its ends."""
    low = min(float(values.min()) for values in maps.values())
    high = max(float(values.max()) for values in maps.values())
    images = {time: data_url(_image(values, low, high), "image/png") for time, values in maps.items()}
    scale = data_url(_image(np.linspace(0, 1, _MAX_SIDE, dtype=np.float32)[None], 0, 1), "image/png")
    return {"low": _rounded(low), "high": _rounded(high), "scale": scale, **images}


def _image(values: Array, low: float, high: float) -> bytes:
    """Return a map as PNG with at most 112 pixels a side; dark is high attention, as in the figures."""
    step = max(1, -(-max(values.shape) // _MAX_SIDE))
    shades = np.clip((values[::step, ::step] - low) / max(high - low, 1e-12), 0, 1)
    image = Image.fromarray(np.round(shades * _SHADES).astype(np.uint8))
    image.putpalette(_palette())
    stream = io.BytesIO()
    image.save(stream, "PNG", optimize=True)
    return stream.getvalue()


def _palette() -> list[int]:
    sns.color_palette(MAP_COLORS)  # registers the color map with matplotlib
    colors = mpl.colormaps[MAP_COLORS](np.linspace(0, 1, _SHADES + 1))[:, :3]
    return [int(value) for value in np.round(colors * 255).astype(int).ravel()]


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")
