"""The table of comparisons: every declared pair of arms, by every procedure, corrected within its family."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from medattn.compare.effects import cliffs_delta, dz
from medattn.compare.epochs_tests import compare_epochs
from medattn.compare.equivalence import TEST as EQUIVALENCE
from medattn.compare.equivalence import equivalence
from medattn.compare.holm import holm
from medattn.compare.images import ImagesOfDataset
from medattn.compare.inputs import read_epochs, read_measurements
from medattn.compare.measured import Measure, Measured, Numbers, Place
from medattn.compare.models import Models
from medattn.compare.nadeau_bengio import nadeau_bengio, shares_of_folds
from medattn.compare.outperforming import outperforming
from medattn.compare.pairs import Pair, declared_pairs
from medattn.compare.permutation_test import permutation
from medattn.compare.rankings import rankings
from medattn.compare.replicates import pair_up
from medattn.compare.test_result import TestResult
from medattn.compare.wilcoxon import wilcoxon
from medattn.config.models.metrics import METRICS
from medattn.config.resolved import Configuration, ResolvedPaper
from medattn.files import write_text
from medattn.layout import ResultPaths
from medattn.plan.model import Plan, cell_id, read_plan

COLUMNS = [
    "paper", "experiment", "dataset", "backbone", "arm", "against", "against_backbone", "metric", "class_name",
    "family", "procedure", "test", "n", "difference", "quantity", "estimate", "low", "high", "effect", "p",
    "p_adjusted", "correction", "least_p", "margin", "verdict", "stand_in", "leak", "note",
]  # fmt: skip
# Corrected together. Tests that ask the same question of the same numbers are not: hence `test`.
TOGETHER = ["paper", "experiment", "family", "metric", "class_name", "procedure", "test"]
CORRECTION = "holm"
_SHARED_IMAGES = "folds share training images, which this test ignores"

Tested = tuple[str, TestResult]


def comparisons(results: ResultPaths, configuration: Configuration, measured: Measured) -> pd.DataFrame:
    """Compare every declared pair of arms of every paper on every data set.

    Args:
        results: where plan.json lies, and the runs.
        configuration: the papers with their arms, marks and families, and the seeds.
        measured: what was measured.

    Returns:
        A row per pair, data set, metric, procedure and test; where nothing can be compared, it says why.
    """
    selection = configuration.selection
    plan, seed = read_plan(results.plan), selection.seeds[0]
    models = Models(plan, results, seed)
    rows = [
        row
        for paper in configuration.papers
        for dataset in paper.datasets
        for row in _OnDataset(
            paper,
            dataset,
            plan,
            measured,
            ImagesOfDataset(models, dataset, configuration.datasets[dataset]),
            selection.equivalence_margin,
        ).rows()
    ]
    table = pd.DataFrame(rows, columns=COLUMNS)
    if not table.empty:
        table["p_adjusted"] = table.groupby(TOGETHER)["p"].transform(lambda p: holm(p.to_numpy(dtype=float)))
    return table


def write_comparisons(results: ResultPaths, configuration: Configuration) -> pd.DataFrame:
    """Write comparisons.csv and rankings.csv, and return what stands in the former.

    Raises:
        UserError: a file of the stages before is missing or damaged.
    """
    seed = configuration.selection.seeds[0]
    measured = Measured(read_measurements(results.measurements), read_epochs(results.epochs), seed)
    table = comparisons(results, configuration, measured)
    write_text(results.comparisons, table.to_csv(index=False))
    write_text(results.rankings, rankings(measured, configuration).to_csv(index=False))
    return table


class _OnDataset:
    """The comparisons of a paper's arms on one data set."""

    def __init__(
        self,
        paper: ResolvedPaper,
        dataset: str,
        plan: Plan,
        measured: Measured,
        images: ImagesOfDataset,
        margin: float,
    ) -> None:
        self._paper, self._dataset, self._plan, self._measured = paper, dataset, plan, measured
        self._images, self._margin = images, margin

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield the rows of comparisons.csv: metric by metric, pair by pair."""
        pairs = declared_pairs(self._paper, self._dataset)
        places = dict.fromkeys(place for pair in pairs for place in self._places(pair))
        for measure in self._measured.measures(list(places)):
            for pair in pairs:
                yield from self._of_pair(pair, measure)

    def _places(self, pair: Pair) -> tuple[Place, Place]:
        start = (self._paper.name, self._paper.experiment, self._dataset)
        return Place(*start, pair.backbone, pair.arm), Place(*start, pair.against_backbone, pair.against)

    def _of_pair(self, pair: Pair, measure: Measure) -> Iterator[dict[str, Any]]:
        place, other = self._places(pair)
        first, second = self._measured.numbers(place, measure), self._measured.numbers(other, measure)
        common = {
            **place._asdict(),
            "against": pair.against,
            "against_backbone": pair.against_backbone,
            **measure._asdict(),
            "family": pair.family,
            "correction": CORRECTION,
            "stand_in": first.stand_in or second.stand_in,
            "leak": first.leak or second.leak,
        }
        reason = _reason(first, pair.arm) or _reason(second, pair.against)
        margin = self._margin / (1 if METRICS[measure.metric].unit == "percent" else 100)
        for procedure, outcome in self._tests(place, other, measure, first, second, margin):
            row = {**common, "procedure": procedure, **vars(outcome)}
            row["estimate"] = outcome.difference if outcome.estimate is None else outcome.estimate
            if outcome.test == EQUIVALENCE:
                row["margin"] = margin
            if outcome.n == 0 and reason:
                row["note"] = reason
            yield row

    def _tests(
        self, place: Place, other: Place, measure: Measure, first: Numbers, second: Numbers, margin: float
    ) -> Iterator[Tested]:
        """Yield what each procedure says: the paper's own first, then those over runs, folds and images."""
        protocol = self._paper.protocol
        if protocol.tests_epochs and measure.metric == "accuracy":
            for outcome in compare_epochs(self._measured.epochs(place), self._measured.epochs(other)):
                yield "epochs", outcome
        yield from _over_runs(first, second, margin)
        if protocol.tested_folds is not None:
            yield from _over_folds(first, second, protocol.tested_folds)
        cell, against = (self._plan.cells.get(cell_id(*each)) for each in (place, other))
        if cell is not None and against is not None:
            for outcome in self._images.compare(cell, against, measure):
                yield "images", outcome


def _over_runs(first: Numbers, second: Numbers, margin: float) -> Iterator[Tested]:
    pairs = pair_up(first.by_seed, second.by_seed)
    yield "runs", permutation(pairs)
    yield "runs", wilcoxon(pairs)
    yield "runs", outperforming(pairs)
    yield "runs", dz(pairs)
    yield "runs", cliffs_delta(pairs)
    yield "runs", equivalence(pairs, margin)


def _over_folds(first: Numbers, second: Numbers, folds: int) -> Iterator[Tested]:
    pairs = pair_up(first.by_fold, second.by_fold, "seed/fold")
    both = sorted(set(first.by_fold) & set(second.by_fold))
    yield "folds", nadeau_bengio(pairs, shares_of_folds(first.images, both, folds))
    optimiztic = pair_up(first.by_fold, second.by_fold, "seed/fold", _SHARED_IMAGES)
    yield "folds", permutation(optimiztic)
    yield "folds", wilcoxon(optimiztic)


def _reason(numbers: Numbers, arm: str) -> str:
    """Return why the arm has no number; empty where it has one."""
    return "" if numbers.by_seed else f"{arm}: {numbers.reason}"
