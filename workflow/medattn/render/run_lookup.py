"""Look-up of the runs that a figure shows, or of the reason why there are none."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from medattn.array_files import parse_arrays
from medattn.compare.pairs import arms_of
from medattn.config.resolved import ResolvedPaper
from medattn.measure.measured_run import last_scores
from medattn.metrics.scored import Scored
from medattn.plan.finished_run import FinishedRun
from medattn.provenance.records import ending, read_output
from medattn.render.inputs import Inputs, backbone_label

NO_SNAPSHOTS = "the run saved no attention"


@dataclass(frozen=True)
class SkippedCell:
    """A cell that a figure should show but cannot, with the reason; `backbone` and `arm` may be empty."""

    dataset: str
    backbone: str
    arm: str
    reason: str


def successful_runs(
    inputs: Inputs, paper: ResolvedPaper, dataset: str, backbone: str, arm: str, *, with_images: bool = False
) -> list[FinishedRun] | SkippedCell:
    """Return the runs of a cell that ended without error, by seed and fold, or why there are none.

    Args:
        inputs: results of the earlier stages.
        paper: the paper.
        dataset: the data set.
        backbone: the backbone.
        arm: the arm.
        with_images: skip the cell if its images were moved away after its runs finished.
    """
    cell = inputs.cell(paper, dataset, backbone, arm)
    if cell is None:
        return SkippedCell(dataset, backbone, arm, "not in this selection")
    if with_images and cell.missing and not (Path(cell.prepared) / "manifest.json").is_file():
        return SkippedCell(dataset, backbone, arm, cell.missing)
    found, reasons = [], []
    for run in inputs.plan.runs_of(cell.id, "train"):
        files = inputs.results.run(run.folder, run.name)
        record = ending(files)
        if isinstance(record, str):
            reasons.append(record)
        else:
            found.append(FinishedRun(run, cell, files, record))
    return found or SkippedCell(dataset, backbone, arm, cell.missing or (reasons[0] if reasons else "no run"))


def first_run(
    inputs: Inputs, paper: ResolvedPaper, dataset: str, backbone: str, arm: str, *, with_images: bool = False
) -> FinishedRun | SkippedCell:
    """Return the first of `successful_runs`, with the same arguments, or why there is none."""
    found = successful_runs(inputs, paper, dataset, backbone, arm, with_images=with_images)
    return found if isinstance(found, SkippedCell) else found[0]


def run_words(runs: Iterable[FinishedRun]) -> str:
    """Name runs for a caption: "seed 0" or "seed 1, fold 1", joined by "or" if the data sets show different ones."""
    words = []
    for found in runs:
        fold = "" if found.run.fold is None else f", fold {found.run.fold + 1}"
        words.append(f"seed {found.run.seed}{fold}")
    return " or ".join(dict.fromkeys(words))


def first_scores(
    inputs: Inputs, paper: ResolvedPaper, dataset: str, backbone: str, arm: str, *, with_images: bool = False
) -> tuple[FinishedRun, Scored] | SkippedCell:
    """Return the run of `first_run` with its scores at the last measured epoch, or why there are none.

    Raises:
        UserError: the scores are not the file that the record names.
    """
    run = first_run(inputs, paper, dataset, backbone, arm, with_images=with_images)
    if isinstance(run, SkippedCell):
        return run
    scored = last_scores(run.run, run.cell, inputs.results)
    return SkippedCell(dataset, backbone, arm, scored) if isinstance(scored, str) else (run, scored)


def arrays_of(found: FinishedRun, name: str) -> dict[str, NDArray[np.generic]]:
    """Read the arrays of a safetensors file of a run; empty if its record names no such file.

    Raises:
        UserError: the file is not the one that the record names.
    """
    path = found.files.folder / name
    if name not in found.record["outputs"]:
        return {}
    return parse_arrays(read_output(found.record, path), path)


def backbone_with(paper: ResolvedPaper, arm: str, backbone: str | None) -> str | None:
    """Return the declared backbone, or by default the first one that has the arm; None if the selection has none."""
    fitting = [name for name in paper.backbones if arm in arms_of(paper, name)]
    return next((name for name in fitting if backbone in (None, name)), None)


def chosen_datasets(paper: ResolvedPaper, datasets: Iterable[str] | None) -> list[str]:
    """Return the data sets of the selection that a figure shows; all if `datasets` is None."""
    return [name for name in paper.datasets if datasets is None or name in datasets]


def chosen(names: Iterable[str], wanted: Iterable[str] | None) -> list[str]:
    """Return those of `names` that are wanted, in the wanted order; all if `wanted` is None."""
    known = list(names)
    return known if wanted is None else [name for name in wanted if name in known]


def sentences_on(inputs: Inputs, paper: ResolvedPaper, skipped: Iterable[SkippedCell]) -> list[str]:
    """Return sentences that name the skipped cells, one for each reason."""
    by_reason: dict[str, list[SkippedCell]] = {}
    for cell in skipped:
        by_reason.setdefault(cell.reason, []).append(cell)
    return [f"Not shown: {_named(inputs, paper, found)} ({reason})." for reason, found in by_reason.items()]


def as_sentence(words: str) -> str:
    """Capitalize `words` and add a full stop."""
    return f"{words[0].upper()}{words[1:]}."


def _named(inputs: Inputs, paper: ResolvedPaper, skipped: list[SkippedCell]) -> str:
    by_dataset: dict[str, list[str]] = {}
    for cell in skipped:
        known = cell.backbone in paper.backbones and cell.arm in paper.arms
        network = network_label(paper, cell.backbone, cell.arm) if known else f"{cell.backbone} {cell.arm}".strip()
        by_dataset.setdefault(cell.dataset, [])
        if network and network not in by_dataset[cell.dataset]:
            by_dataset[cell.dataset].append(network)
    return "; ".join(_phrases(inputs, by_dataset))


def _phrases(inputs: Inputs, by_dataset: Mapping[str, list[str]]) -> Iterator[str]:
    for dataset, networks in by_dataset.items():
        title = inputs.dataset_title(dataset)
        yield f"{', '.join(networks)} on {title}" if networks else title


def network_label(paper: ResolvedPaper, backbone: str, arm: str) -> str:
    """Return the label of a network with its arm, as in tables."""
    declared = paper.arms[arm]
    label = declared.label or ("" if declared.mechanism == "none" else arm)
    return f"{backbone_label(paper, backbone)} {label}".strip()
