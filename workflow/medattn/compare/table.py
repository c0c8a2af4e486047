"""comparisons.csv: every declared pair of arms, by every procedure, corrected within its family."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from medattn.compare.effects import cliffs_delta, dz
from medattn.compare.epochs_tests import compare_epochs
from medattn.compare.equivalence import TEST as EQUIVALENCE
from medattn.compare.equivalence import equivalence
from medattn.compare.holm import holm
from medattn.compare.looks import diverged_seeds, seeds_of_pair, undeclared_look
from medattn.compare.multiverse import multiverse
from medattn.compare.nadeau_bengio import fold_ratios, nadeau_bengio
from medattn.compare.outperforming import outperforming
from medattn.compare.pairs import ArmPair, declared_pairs
from medattn.compare.permutation_test import permutation
from medattn.compare.primary_test import primary_test
from medattn.compare.rankings import rankings
from medattn.compare.replicates import pair_up
from medattn.compare.same_images import SameImageComparison
from medattn.compare.test_result import TestResult
from medattn.compare.trained_model import TrainedModels
from medattn.compare.wilcoxon import wilcoxon
from medattn.config.models.selection import Selection
from medattn.config.resolved import Configuration, ResolvedPaper
from medattn.files import write_text
from medattn.layout import ResultPaths
from medattn.measure.measured_cells import MeasuredCells, MeasuredMetric, MetricKey
from medattn.measure.reading_values import ReadingValues
from medattn.metrics.registry import METRICS
from medattn.plan.kept_rows import write_keeping_values
from medattn.plan.model import CellKey, Plan
from medattn.plan.plan_file import read_plan
from medattn.result_tables import COMPARISONS, EPOCHS, MEASUREMENTS, MULTIVERSE, READINGS, read_table
from medattn.text_formats import csv_of

# Rows with these values in common are corrected together. Different tests of the same numbers ask the same question, so
# each test has its own correction.
CORRECTED_TOGETHER = ["paper", "experiment", "family", "metric", "class_name", "procedure", "test"]
CORRECTION = "holm"
_ROW = [*COMPARISONS.columns][:12]
_SHARED_IMAGES = "folds share training images, which this test ignores"

EpochValues = Mapping[CellKey, NDArray[np.float64]]
"""Test accuracy at the measured epochs of one run of each cell."""


def comparisons(
    results: ResultPaths, configuration: Configuration, measured: MeasuredCells, epochs: EpochValues
) -> pd.DataFrame:
    """Compare every declared pair of arms of every paper on every data set.

    Args:
        results: the folder with plan.json and the runs.
        configuration: the papers with their arms, marks and families, and the seeds.
        measured: the measured values.
        epochs: the accuracies at the measured epochs of the first seed's runs.

    Returns:
        A row per pair, data set, metric, procedure and test. A row without a result has the reason in its note.
    """
    selection = configuration.selection
    plan = read_plan(results.plan)
    models = TrainedModels(plan, results, selection.trained_seeds[0])
    rows = [
        row
        for paper in configuration.papers
        for dataset in paper.datasets
        for row in _DatasetComparisons(
            paper,
            dataset,
            plan,
            measured,
            epochs,
            SameImageComparison(models, dataset, configuration.datasets[dataset]),
            selection,
        ).rows()
    ]
    table = pd.DataFrame(rows, columns=[*COMPARISONS.columns])
    if not table.empty:
        grouped = table.groupby(CORRECTED_TOGETHER)["p"]
        table["p_adjusted"] = grouped.transform(lambda p: holm(p.to_numpy(dtype=float)))
    return table


def write_comparisons(
    results: ResultPaths, configuration: Configuration, root: Path = Path(), *, allow_fewer: bool = False
) -> pd.DataFrame:
    """Write comparisons.csv, rankings.csv and multiverse.csv, and return the first.

    Args:
        results: the folder with the files of the earlier stages.
        configuration: the selection.
        root: the folder that contains papers/.
        allow_fewer: write even if values of the present files get lost.

    Raises:
        UserError: a file of an earlier stage is missing or damaged, or values would get lost.
    """
    measured = MeasuredCells(read_table(results.measurements, MEASUREMENTS))
    epochs = _measured_epochs(read_table(results.epochs, EPOCHS), configuration.selection.trained_seeds[0])
    table = comparisons(results, configuration, measured, epochs)
    values = ReadingValues(read_table(results.readings, READINGS, optional=True))
    readings = multiverse(configuration, read_plan(results.plan), values, root)
    readings["n"] = readings["n"].astype("Int64")
    write_keeping_values(
        results.multiverse,
        csv_of(readings),
        [*MULTIVERSE.columns][:11],
        ("mean", "difference"),
        allow_fewer=allow_fewer,
        whole=not results.readings.is_file(),
    )
    write_keeping_values(results.comparisons, csv_of(table), _ROW, ("estimate",), allow_fewer=allow_fewer)
    write_text(results.rankings, csv_of(rankings(measured, configuration)))
    return table


def _measured_epochs(epochs: pd.DataFrame, seed: int) -> EpochValues:
    """Return the accuracies at the measured epochs of a seed's runs."""
    rows = epochs[epochs["measured"] & (epochs["seed"] == seed)]
    keys = ["paper", "experiment", "dataset", "backbone", "arm"]
    return {
        CellKey(*(str(part) for part in key)): group["value"].to_numpy(dtype=np.float64)
        for key, group in rows.groupby(keys, sort=False, observed=True)
    }


class _DatasetComparisons:
    """The comparisons of a paper's arms on one data set."""

    def __init__(
        self,
        paper: ResolvedPaper,
        dataset: str,
        plan: Plan,
        measured: MeasuredCells,
        epochs: EpochValues,
        images: SameImageComparison,
        selection: Selection,
    ) -> None:
        self._paper, self._dataset, self._plan = paper, dataset, plan
        self._measured, self._epochs = measured, epochs
        self._images, self._selection = images, selection

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield the rows of comparisons.csv: metric by metric, pair by pair."""
        pairs = declared_pairs(self._paper, self._dataset)
        cells = dict.fromkeys(cell for pair in pairs for cell in self._cells(pair))
        for key in self._measured.metric_keys(cells):
            for pair in pairs:
                yield from self._rows_of_pair(pair, key)

    def _cells(self, pair: ArmPair) -> tuple[CellKey, CellKey]:
        start = (self._paper.name, self._paper.experiment, self._dataset)
        return CellKey(*start, pair.backbone, pair.arm), CellKey(*start, pair.against_backbone, pair.against)

    def _rows_of_pair(self, pair: ArmPair, key: MetricKey) -> Iterator[dict[str, Any]]:
        cell, other_cell = self._cells(pair)
        first, second = self._measured.of(cell, key), self._measured.of(other_cell, key)
        common = {
            **asdict(cell),
            "against": pair.against,
            "against_backbone": pair.against_backbone,
            **key._asdict(),
            "family": pair.family,
            "correction": CORRECTION,
            "stand_in": first.stand_in or second.stand_in,
            "leak": first.leak or second.leak,
        }
        reason = _reason(first, pair.arm) or _reason(second, pair.against)
        shared = bool(first.runs) and (first.runs, first.by_seed) == (second.runs, second.by_seed)
        if shared:
            reason = "both have the same runs, because their settings are equal"
            first = second = MeasuredMetric(reason=reason)
        at_look = not undeclared_look(seeds_of_pair(first, second), self._selection.looks)
        lost = diverged_seeds(first, second)
        margin = self._selection.equivalence_margin / (1 if METRICS[key.metric].unit == "percent" else 100)
        for procedure, result in self._results(cell, other_cell, key, first, second, margin):
            if shared:
                result = TestResult(result.test, 0)
            row = {**common, "procedure": procedure, **vars(result)}
            row["estimate"] = result.difference if result.estimate is None else result.estimate
            if result.test == EQUIVALENCE:
                row["margin"] = margin
            if result.n == 0 and reason:
                row["note"] = reason
            if procedure == "runs" and result.p == result.p:
                row["alpha"] = self._selection.rule_at_a_look.alpha if at_look else None
                row["note"] = "; ".join(part for part in (result.note, lost) if part)
            yield row

    def _results(
        self,
        cell: CellKey,
        other_cell: CellKey,
        key: MetricKey,
        first: MeasuredMetric,
        second: MeasuredMetric,
        margin: float,
    ) -> Iterator[tuple[str, TestResult]]:
        """Yield each procedure with its results: the paper's own first, then those over runs, folds and images."""
        protocol = self._paper.protocol
        if protocol.tests_epochs and key.metric == "accuracy":
            none: NDArray[np.float64] = np.empty(0)
            for result in compare_epochs(self._epochs.get(cell, none), self._epochs.get(other_cell, none)):
                yield "epochs", result
        yield from _over_runs(first, second, margin)
        if protocol.tested_folds is not None:
            yield from _over_folds(first, second, protocol.tested_folds)
        planned, other_planned = self._plan.cells.get(cell.id), self._plan.cells.get(other_cell.id)
        if planned is not None and other_planned is not None:
            for result in self._images.compare(planned, other_planned, key):
                yield "images", result


def _over_runs(first: MeasuredMetric, second: MeasuredMetric, margin: float) -> Iterator[tuple[str, TestResult]]:
    pairs = pair_up(first.by_seed, second.by_seed)
    yield "runs", primary_test(pairs)
    yield "runs", permutation(pairs)
    yield "runs", wilcoxon(pairs)
    yield "runs", outperforming(pairs)
    yield "runs", dz(pairs)
    yield "runs", cliffs_delta(pairs)
    yield "runs", equivalence(pairs, margin)


def _over_folds(first: MeasuredMetric, second: MeasuredMetric, folds: int) -> Iterator[tuple[str, TestResult]]:
    pairs = pair_up(first.by_fold, second.by_fold, "seed/fold")
    both = sorted(set(first.by_fold) & set(second.by_fold))
    yield "folds", nadeau_bengio(pairs, fold_ratios(first.test_images, both, folds))
    uncorrected = pair_up(first.by_fold, second.by_fold, "seed/fold", _SHARED_IMAGES)
    yield "folds", permutation(uncorrected)
    yield "folds", wilcoxon(uncorrected)


def _reason(measured: MeasuredMetric, arm: str) -> str:
    """Return why the arm has no value for any seed; empty if it has one."""
    return "" if measured.by_seed else f"{arm}: {measured.reason or 'not measured'}"
