"""Verdicts on statements about attention maps, measured seed by seed on the maps that runs save."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from medattn.array_files import read_arrays
from medattn.config.models.text_facts import AttentionStatement
from medattn.config.networks.architectures import architecture_of
from medattn.config.resolved import Configuration
from medattn.datasets.store import read_store
from medattn.errors import UserError
from medattn.judge.claim import Claim
from medattn.judge.comparisons import PublishedComparison
from medattn.judge.subject import Subject, SubjectResult, Subjects
from medattn.layout import ResultPaths, RunPaths
from medattn.measure.attention_overlap import attention_overlap
from medattn.measure.measured_cells import MeasuredMetric
from medattn.plan.availability import original_path
from medattn.plan.model import Cell, Plan
from medattn.provenance.records import check_output, read_record

Arrays = Mapping[str, NDArray[np.floating]]
Region = NDArray[np.bool_]

_CHANCE = 50.0
_TOP = 0.1
"""Share of the pixels of a map that count as important."""
_METRICS = {
    "resembles_before_learning": "auc_of_map",
    "closer_after_learning": "auc_of_map",
    "differs_between_images": "important_pixels_not_shared",
    "spreads_in_depth": "spread_of_weights",
    "fluctuates_less_after_normalization": "interquartile_range",
}


@dataclass(frozen=True)
class AttentionRuns:
    """The attention maps that the runs of a selection saved.

    Attributes:
        plan: plan of the selection.
        results: results of the selection.
        configuration: the selection.
    """

    plan: Plan
    results: ResultPaths
    configuration: Configuration

    def pairs(
        self, number: int, paper: str, said: AttentionStatement, subjects: Subjects
    ) -> Iterator[PublishedComparison]:
        """Yield the comparisons of a statement, for every data set and backbone that its table shows.

        Args:
            number: number of the statement in the paper's facts.
            paper: name of the paper.
            said: the statement.
            subjects: the subjects of the selection, which know the cells that can't be run and why.
        """
        resolved = subjects.paper_of(paper, said.table)
        if resolved is None or said.arm not in resolved.arms:
            return
        for dataset in [name for name in resolved.datasets if said.datasets is None or name in said.datasets]:
            for backbone in [name for name in resolved.backbones if said.backbones is None or name in said.backbones]:
                if not resolved.trains(dataset, backbone, said.arm):
                    continue
                subject = Subject(said.table, dataset, backbone, said.arm, "accuracy")
                result = subjects.result(paper, subject)
                values = self._values(said, result.cell if result.measured.is_measured else None)
                for step, (higher, lower) in enumerate(values, start=1):
                    claim = Claim(
                        claim=f"{paper}.{number:02d}.{said.table}.{dataset}.{backbone}.{said.arm}.{said.what}.{step}",
                        paper=paper,
                        table=said.table,
                        kind="comparison",
                        dataset=dataset,
                        backbone=backbone,
                        arm=said.arm,
                        against=_AGAINST[said.what],
                        metric=_METRICS[said.what],
                        statement=f"{said.says} ({said.source})" if said.source else said.says,
                        unit="percent",
                    )
                    results = (_result(result, higher), _result(result, lower))
                    yield PublishedComparison(claim, (subject, subject), results, least=said.least)

    def _values(self, said: AttentionStatement, cell: Cell | None) -> list[tuple[dict[int, float], dict[int, float]]]:
        """Return the values of every comparison by seed: first those stated to be higher, then those to be lower."""
        steps = 2 if said.what == "spreads_in_depth" else 1
        found: list[tuple[dict[int, float], dict[int, float]]] = [({}, {}) for _ in range(steps)]
        if cell is None:
            return found
        region = self._region(cell) if said.what in ("resembles_before_learning", "closer_after_learning") else None
        for run in self.plan.runs_of(cell.id, "train"):
            values = _OF_RUN[said.what](self.results.run(run.folder, run.name), cell, region)
            for (higher, lower), (high, low) in zip(found, values, strict=False):
                higher[run.seed], lower[run.seed] = high, low
        return found

    def _region(self, cell: Cell) -> Region | None:
        try:
            region = read_store(Path(cell.prepared), verify=False).region
        except UserError:  # prepared data may be removed once runs are measured
            region = None
        if region is not None:
            return np.asarray(region, dtype=bool)
        entry, data = self.configuration.datasets[cell.dataset], Path(self.configuration.selection.data)
        return entry.source.expected_region(original_path(cell.dataset, entry, data))[0]


def _result(result: SubjectResult, by_seed: Mapping[int, float]) -> SubjectResult:
    """Return a result with the values of one side of a comparison in place of its accuracies."""
    if not result.measured.is_measured or result.cell is None:
        return result
    if not by_seed:
        return SubjectResult(result.cell, reason="no run has saved the maps, or the expected region is not known")
    values = list(by_seed.values())
    spread = float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")
    measured = MeasuredMetric(
        by_seed=dict(by_seed), mean=float(np.mean(values)), spread=spread, n=len(values), runs=result.measured.runs
    )
    return SubjectResult(result.cell, measured)


def _saved(path: Path, record: Path) -> Arrays:
    try:
        written = read_record(record)
        if path.name not in written["outputs"]:
            return {}
        check_output(written, path)
        return {name: array.astype(np.float32) for name, array in read_arrays(path).items()}
    except UserError:
        return {}


def _before(files: RunPaths, cell: Cell, region: Region | None) -> Iterator[tuple[float, float]]:
    maps = _saved(files.maps, files.record)
    if region is not None and "before" in maps:
        yield 100 * _auc(maps["before"], region), _CHANCE


def _gain(files: RunPaths, cell: Cell, region: Region | None) -> Iterator[tuple[float, float]]:
    maps = _saved(files.maps, files.record)
    if region is not None and "after" in maps:
        yield 100 * _auc(maps["after"], region), 100 * _auc(maps["before"], region)


def _auc(values: NDArray[np.floating], region: Region) -> float:
    if values.shape != region.shape:  # maps of enlarged images: every pixel of the map has the region's value there
        rows, columns = (np.arange(n) * m // n for n, m in zip(values.shape, region.shape, strict=True))
        region = region[np.ix_(rows, columns)]
    return attention_overlap(values, region).auc


def _differing(files: RunPaths, cell: Cell, region: Region | None) -> Iterator[tuple[float, float]]:
    """Yield the share of important pixels that two images don't have in common, mean over pairs of images."""
    maps = [array for name, array in _saved(files.attention, files.record).items() if name.endswith("/map")]
    if not maps:
        return
    last = maps[-1].reshape(len(maps[-1]), -1)
    count = max(1, round(_TOP * last.shape[1]))
    top = [set(np.argsort(row, kind="stable")[-count:].tolist()) for row in last]
    shared = [len(one & other) / count for one, other in combinations(top, 2)]
    if shared:
        yield 100 * (1 - float(np.mean(shared))), 0.0


def _spreads(files: RunPaths, cell: Cell, region: Region | None) -> Iterator[tuple[float, float]]:
    """Yield the spread of weights within images at a stage and at the one before, for stages 2 and 3."""
    spreads = [
        100 * float(array.reshape(len(array), -1).std(axis=1).mean())
        for array in _last_of_stages(_saved(files.attention, files.record), cell, "map")
    ]
    yield from zip(spreads[1:3], spreads[:2], strict=False)


def _fluctuations(files: RunPaths, cell: Cell, region: Region | None) -> Iterator[tuple[float, float]]:
    """Yield the mean interquartile range of the contexts before and after normalization, at stage 3."""
    arrays = _saved(files.attention, files.record)
    ranges = [
        [100 * float((array[:, 75] - array[:, 25]).mean()) for array in _last_of_stages(arrays, cell, name)]
        for name in ("context", "normalized")
    ]
    if all(len(of_stages) > 2 for of_stages in ranges):
        yield ranges[0][2], ranges[1][2]


def _last_of_stages(arrays: Arrays, cell: Cell, name: str) -> list[NDArray[np.floating]]:
    """Return the arrays of a name of the last block of each stage, in order."""
    structure = architecture_of(cell.settings.model or "")
    found = []
    for stage in structure.stages if structure is not None else ():
        of_block = [
            array for path, array in arrays.items()
            if path.endswith(f"/{name}") and f"{path}.".startswith(f"{stage.blocks[-1]}.")
        ]  # fmt: skip
        found += of_block[:1]
    return found


_OF_RUN: dict[str, Callable[[RunPaths, Cell, Region | None], Iterator[tuple[float, float]]]] = {
    "resembles_before_learning": _before,
    "closer_after_learning": _gain,
    "differs_between_images": _differing,
    "spreads_in_depth": _spreads,
    "fluctuates_less_after_normalization": _fluctuations,
}
_AGAINST = {
    "resembles_before_learning": "chance",
    "closer_after_learning": "before training",
    "differs_between_images": "the same map for all images",
    "spreads_in_depth": "the stage before",
    "fluctuates_less_after_normalization": "after normalization",
}
