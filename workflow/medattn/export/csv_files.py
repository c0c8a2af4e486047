"""Curves and measurements as CSV."""

import csv
import io
from pathlib import Path

from medattn.export.destination import refuse_other_tables
from medattn.export.exported_runs import CURVES, ExportedResults, curve_values
from medattn.files import write_text
from medattn.text_formats import csv_of, csv_row

_RUN = ("run", "paper", "experiment", "dataset", "backbone", "arm", "stage", "seed", "fold", "status", "stand_in")


def write_csv(results: ExportedResults, folder: Path) -> list[Path]:
    """Write curves.csv, a row per run and epoch, and, if there are any, measurements.csv; return the files.

    Raises:
        UserError: a file of one of these names is not of an export.
    """
    curves, measurements = folder / "curves.csv", folder / "measurements.csv"
    refuse_other_tables(folder, {curves.name: _RUN, measurements.name: [*results.measurements.columns][:5]})
    write_text(curves, _curves(results))
    if results.measurements.empty:
        return [curves]
    write_text(measurements, csv_of(results.measurements))
    return [curves, measurements]


def _curves(results: ExportedResults) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*_RUN, "epoch", "evaluated", *CURVES])
    for run in results.runs:
        labels = run.labels()
        fixed = csv_row([labels[name] for name in _RUN])
        for row in run.history:
            values = dict(curve_values(row))
            writer.writerow([*fixed, row.epoch, run.evaluated, *(values.get(name) for name in CURVES)])
    return text.getvalue()
