"""The table of comparisons: every declared pair of arms, by both procedures, corrected within its family."""

from dataclasses import asdict
from typing import Any

import pandas as pd

from medattn.compare.epochs_tests import compare_epochs
from medattn.compare.holm import holm
from medattn.compare.inputs import read_epochs, read_measurements
from medattn.compare.outcome import Outcome
from medattn.compare.paired import compare_runs
from medattn.compare.pairs import declared_pairs
from medattn.config.resolved import Configuration, ResolvedPaper
from medattn.files import write_text
from medattn.layout import Results

COLUMNS = [
    "paper", "experiment", "dataset", "backbone", "arm", "against", "metric", "procedure", "test", "n", "difference",
    "low", "high", "effect", "p", "p_adjusted", "correction", "least_p", "stand_in", "note",
]  # fmt: skip
# A family is corrected together. Student and Welch ask the same question of the same epochs: hence `test`.
FAMILY = ["paper", "experiment", "metric", "procedure", "test"]
CORRECTION = "holm"


def comparisons(results: Results, configuration: Configuration) -> pd.DataFrame:
    """Compare every declared pair of arms of every paper on every data set.

    Args:
        results: where measurements.csv and epochs.csv lie.
        configuration: the papers with their arms and marks, and the seeds.

    Returns:
        A row per pair, data set, metric, procedure and test; where nothing can be compared, it says why.
    """
    measured, epochs = read_measurements(results.measurements), read_epochs(results.epochs)
    seed = configuration.selection.seeds[0]
    rows = [row for paper in configuration.papers for row in _of_paper(paper, measured, epochs, seed)]
    table = pd.DataFrame(rows, columns=COLUMNS)
    if not table.empty:
        table["p_adjusted"] = table.groupby(FAMILY)["p"].transform(lambda p: holm(p.to_numpy(dtype=float)))
    return table


def write_comparisons(results: Results, configuration: Configuration) -> pd.DataFrame:
    """Write comparisons.csv, and return what stands in it."""
    table = comparisons(results, configuration)
    write_text(results.comparisons, table.to_csv(index=False))
    return table


def _of_paper(paper: ResolvedPaper, measured: pd.DataFrame, epochs: pd.DataFrame, seed: int) -> list[dict[str, Any]]:
    rows = []
    experiment = {"paper": paper.name, "experiment": paper.experiment}
    metrics = list(dict.fromkeys(_of_arm(measured, experiment)["metric"]))
    for metric in metrics:
        for dataset in paper.datasets:
            for pair in declared_pairs(paper, dataset):
                place = {**experiment, "dataset": dataset, "backbone": pair.backbone, "metric": metric}
                names = {**place, "arm": pair.arm, "against": pair.against}
                first = _of_arm(measured, {**place, "arm": pair.arm})
                second = _of_arm(measured, {**place, "arm": pair.against})
                stand_in = bool(first["stand_in"].any() or second["stand_in"].any())
                reason = _reason(first, pair.arm) or _reason(second, pair.against)
                by_epochs = compare_epochs(
                    _epoch_values(epochs, {**place, "arm": pair.arm}, seed),
                    _epoch_values(epochs, {**place, "arm": pair.against}, seed),
                )
                by_runs = compare_runs(_run_values(first), _run_values(second))
                outcomes = [("epochs", outcome) for outcome in by_epochs] + [("runs", by_runs)]
                rows += [_row(names, procedure, outcome, stand_in, reason) for procedure, outcome in outcomes]
    return rows


def _row(names: dict[str, str], procedure: str, outcome: Outcome, stand_in: bool, reason: str) -> dict[str, Any]:
    row = {**names, "procedure": procedure, **asdict(outcome), "correction": CORRECTION, "stand_in": stand_in}
    if outcome.n == 0 and reason:
        row["note"] = reason
    return row


def _of_arm(table: pd.DataFrame, place: dict[str, str]) -> pd.DataFrame:
    chosen = pd.Series(True, index=table.index)
    for column, value in place.items():
        chosen &= table[column] == value
    return table[chosen]


def _reason(rows: pd.DataFrame, arm: str) -> str:
    """Return why the arm has no number: the first reason given, or that nothing was measured."""
    if (rows["status"] == "measured").any():
        return ""
    reasons = [str(reason) for reason in rows["reason"] if reason]
    return f"{arm}: {reasons[0] if reasons else 'not measured'}"


def _epoch_values(epochs: pd.DataFrame, place: dict[str, str], seed: int) -> list[float]:
    rows = _of_arm(epochs, place)
    rows = rows[(rows["seed"] == seed) & rows["measured"]]
    return [float(value) for value in rows["value"]]


def _run_values(rows: pd.DataFrame) -> dict[int, float]:
    """Return the mean of each run, by seed: the rows of the procedure `epochs`, of which each is one run."""
    rows = rows[(rows["procedure"] == "epochs") & (rows["status"] == "measured")]
    return {int(seed): float(value) for seed, value in zip(rows["seed"], rows["value"], strict=True)}
