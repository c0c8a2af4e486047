"""Which files of a results folder go into its crate, and what each is."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from medattn.audit.manifest import sealed_files
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
    "plan.csv": "The plan, a row per cell",
    "graph.json": "The jobs of the plan, as Snakemake reads them",
    "measurements.csv": "Measurements, a row per cell, metric and procedure",
    "epochs.csv": "Test accuracy of every run at every epoch",
    "comparisons.csv": "Comparisons of arms, a row per pair, metric and procedure",
    "rankings.csv": "Ranks of arms over data sets",
    "claims.csv": "A verdict for every published value and comparison",
    "complexity.csv": "What the networks cost, beside what is published",
    "manifest.json": "The seal: every file of the results folder with its hash",
    "audit.json": "What the last audit found",
}
_FOLDERS = {
    "tables": "Table",
    "figures": "Figure",
    "captions": "Caption",
    "tuned": "What cross-validation chose",
    "packs": "How the runs of a pack ended",
}
_OF_A_RUN = {
    "record.json": "Record of the run",
    "history.csv": "Epochs of the run",
    "scores.safetensors": "Scores of the run",
    "maps.safetensors": "Attention maps of the run",
}
# Arrays are large, and their hashes stand in the records.
_ARRAYS = ".safetensors"


@dataclass(frozen=True)
class Item:
    """A file of the crate.

    Attributes:
        source: where it is copied from.
        name: its path in the crate.
        title: what it is, in words.
        encoding: its media type.
    """

    source: Path
    name: str
    title: str
    encoding: str


def contents(results: ResultPaths, arrays: bool) -> Iterator[Item]:
    """Yield the files of the crate; with `arrays` also scores and attention maps.

    What jobs published (logs/, benchmarks/) stays behind: it names machines.
    """
    made_after = [path.name for path in (results.manifest, results.audit) if path.is_file()]
    for name in [*sealed_files(results.folder), *made_after]:
        top = name.partition("/")[0]
        if top in ("logs", "benchmarks") or (name.endswith(_ARRAYS) and not arrays):
            continue
        path = results.folder / name
        encoding = _TYPES.get(path.suffix, "application/octet-stream")
        yield Item(path, name, _title(name), encoding)


def _title(name: str) -> str:
    parts = name.split("/")
    if len(parts) == 4 and parts[0] == "runs" and parts[3] in _OF_A_RUN:
        return f"{_OF_A_RUN[parts[3]]} {parts[1]}/{parts[2]}"
    if len(parts) == 2 and parts[0] in _FOLDERS:
        return f"{_FOLDERS[parts[0]]}: {Path(name).stem}"
    return _NAMES.get(name, name)
