"""The files of a results folder that go into its crate, with their titles and media types."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from medattn.layout import ResultPaths

_TYPES = {
    ".csv": "text/csv",
    ".json": "application/json",
    ".md": "text/markdown",
    ".tex": "application/x-tex",
    ".html": "text/html",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".rst": "text/x-rst",
    ".tsv": "text/tab-separated-values",
    ".log": "text/plain",
    ".safetensors": "application/octet-stream",
}
_NAMES = {
    "plan.json": "The plan: cells, runs and packs with all their settings",
    "plan.csv": "The plan, a row for each cell",
    "graph.json": "The jobs of the plan, as Snakemake reads them",
    "measurements.csv": "Measurements, a row for each cell, metric and procedure",
    "epochs.csv": "Test accuracy of every run at every epoch",
    "readings.csv": "Value of every run under every reading",
    "comparisons.csv": "Comparisons of arms, a row for each pair, metric and procedure",
    "rankings.csv": "Ranks of arms over data sets",
    "multiverse.csv": "Every cell and every pair of arms under every reading",
    "claims.csv": "Verdicts on the published values and comparisons",
    "answer.csv": "Effect of every mechanism, on each data set and pooled, with its verdict",
    "complexity.csv": "Published and counted costs of the networks",
    "manifest.json": "The seal: every file of the results folder with its hash",
}
_FOLDERS = {
    "tables": "Table",
    "figures": "Figure",
    "captions": "Caption",
    "rendered": "Hashes of what tables and figures were made from",
    "tuned": "Tuning result",
    "packs": "Status of the runs of a pack",
}
_RUN_FILES = {
    "record.json": "Record of the run",
    "history.csv": "Metrics of the run by epoch",
    "scores.safetensors": "Scores of the run",
    "maps.safetensors": "Attention maps of the run",
}
# Excluded by default, because arrays are large and the records contain their hashes.
_ARRAYS = ".safetensors"


@dataclass(frozen=True)
class CrateFile:
    """A file of the crate.

    Attributes:
        source: the file that is copied.
        name: its path in the crate.
        title: its description.
        media_type: its media type.
    """

    source: Path
    name: str
    title: str
    media_type: str


def crate_files(results: ResultPaths, sealed: Iterable[str], arrays: bool) -> Iterator[CrateFile]:
    """Yield the files of the crate, in the order of the names.

    Logs and benchmarks of jobs are left out, because they name machines; audit.json, because every audit makes another
    one, and the crate follows from the sealed folder alone.

    Args:
        results: paths of the results folder.
        sealed: names of the files that the seal covers.
        arrays: also scores and attention maps.
    """
    unsealed = [path.name for path in (results.manifest, results.seals) if path.is_file()]
    for name in [*sealed, *unsealed]:
        top = name.partition("/")[0]
        if top in ("logs", "benchmarks") or (name.endswith(_ARRAYS) and not arrays):
            continue
        path = results.folder / name
        media_type = _TYPES.get(path.suffix, "application/octet-stream")
        yield CrateFile(path, name, _title(name), media_type)


def _title(name: str) -> str:
    parts = name.split("/")
    if len(parts) == 4 and parts[0] == "runs" and parts[3] in _RUN_FILES:
        return f"{_RUN_FILES[parts[3]]} {parts[1]}/{parts[2]}"
    if len(parts) == 2 and parts[0] in _FOLDERS:
        return f"{_FOLDERS[parts[0]]}: {Path(name).stem}"
    return _NAMES.get(name, name)
