"""Curves and measurements as event files of TensorBoard, a folder a run."""

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

from medattn.errors import UserError
from medattn.export.exported_runs import ExportedResults, ExportedRun
from medattn.files import disk_errors

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

EVENTS = "events.out.tfevents.*"


def write_tensorboard(results: ExportedResults, folder: Path) -> list[Path]:
    """Write an event file per run, and one per cell for measurements over several runs; return their folders.

    Earlier event files in these folders are replaced, so that no curve appears twice.

    Raises:
        UserError: TensorBoard is not installed, or the files can't be written.
    """
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise UserError(
            "--tensorboard needs the package tensorboard: pip install tensorboard (the extra `export` of medattn)"
        ) from error

    measured = results.measured()
    runs = {run.run.id: run for run in results.runs}
    written = []
    for name in dict.fromkeys([*runs, *measured]):
        place = folder / name
        with disk_errors(place):
            place.mkdir(parents=True, exist_ok=True)
            for earlier in place.glob(EVENTS):
                earlier.unlink()
            with SummaryWriter(str(place)) as writer:
                _write(writer, runs.get(name), dict(measured.get(name, [])))
        written.append(place)
    return written


def _write(writer: "SummaryWriter", run: ExportedRun | None, measured: dict[str, float]) -> None:
    last, now = 0, time.time()
    if run is not None:
        writer.add_text("settings", f"```json\n{json.dumps({**run.labels(), 'settings': run.settings}, indent=2)}\n```")
        for row in run.history:
            last, at = row.epoch, run.seconds_at(row.epoch) or now
            for name, value in run.curves_at(row):
                writer.add_scalar(f"curves/{name}", value, row.epoch, at)
    for name, value in measured.items():
        writer.add_scalar(f"measured/{name}", value, last, (run and run.seconds_at(last)) or now)
