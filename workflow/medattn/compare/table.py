"""The table of comparisons: every declared pair of arms, by both procedures, corrected within its family."""

from dataclasses import asdict
from typing import Any

import pandas as pd

from medattn.compare.epochs_tests import compare_epochs
from medattn.compare.holm import holm
from medattn.compare.inputs import OF_A_SEED, read_epochs, read_measurements, rows_of, rows_of_paper
from medattn.compare.outcome import Outcome
from medattn.compare.paired import compare_runs
from medattn.compare.pairs import declared_pairs
from medattn.config.protocol import CrossValidatedEpochs
from medattn.config.resolved import Configuration, ResolvedPaper
from medattn.files import write_text
from medattn.layout import Results

COLUMNS = [
    "paper", "experiment", "dataset", "backbone", "arm", "against", "metric", "class_name", "procedure", "test", "n",
    "difference", "low", "high", "effect", "p", "p_adjusted", "correction", "least_p", "stand_in", "leak", "note",
]  # fmt: skip
# A family is corrected together. Student and Welch ask the same question of the same epochs: hence `test`.
FAMILY = ["paper", "experiment", "metric", "class_name", "procedure", "test"]
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
    own = rows_of_paper(measured, paper)
    metrics = list(dict.fromkeys(zip(own["metric"], own["class_name"], strict=True)))
    for metric, class_name in metrics:
        for dataset in paper.datasets:
            for pair in declared_pairs(paper, dataset):
                names = {
                    "paper": paper.name,
                    "experiment": paper.experiment,
                    "dataset": dataset,
                    "backbone": pair.backbone,
                    "arm": pair.arm,
                    "against": pair.against,
                    "metric": metric,
                    "class_name": class_name,
                }
                rows += _of_pair(paper, own, epochs, names, seed)
    return rows


def _of_pair(
    paper: ResolvedPaper, measured: pd.DataFrame, epochs: pd.DataFrame, names: dict[str, str], seed: int
) -> list[dict[str, Any]]:
    cell = {key: value for key, value in names.items() if key != "against"}
    first, second = rows_of(measured, **cell), rows_of(measured, **{**cell, "arm": names["against"]})
    marks = {
        "stand_in": bool(first["stand_in"].any() or second["stand_in"].any()),
        "leak": next((leak for leak in [*first["leak"], *second["leak"]] if leak), ""),
    }
    reason = _reason(first, names["arm"]) or _reason(second, names["against"])
    outcomes = [("runs", compare_runs(_run_values(first), _run_values(second)))]
    if isinstance(paper.protocol, CrossValidatedEpochs) and names["metric"] == "accuracy":
        of_epochs = {key: value for key, value in cell.items() if key != "class_name"}
        by_epochs = compare_epochs(
            _epoch_values(epochs, of_epochs, seed),
            _epoch_values(epochs, {**of_epochs, "arm": names["against"]}, seed),
        )
        outcomes = [*(("epochs", outcome) for outcome in by_epochs), *outcomes]
    return [_row({**names, **marks}, procedure, outcome, reason) for procedure, outcome in outcomes]


def _row(names: dict[str, Any], procedure: str, outcome: Outcome, reason: str) -> dict[str, Any]:
    row = {**names, "procedure": procedure, **asdict(outcome), "correction": CORRECTION}
    if outcome.n == 0 and reason:
        row["note"] = reason
    return row


def _reason(rows: pd.DataFrame, arm: str) -> str:
    """Return why the arm has no number: the first reason given, or that nothing was measured."""
    if (rows["status"] == "measured").any():
        return ""
    reasons = [str(reason) for reason in rows["reason"] if reason]
    return f"{arm}: {reasons[0] if reasons else 'not measured'}"


def _epoch_values(epochs: pd.DataFrame, place: dict[str, str], seed: int) -> list[float]:
    rows = rows_of(epochs, **place, seed=seed, measured=True)
    return [float(value) for value in rows["value"]]


def _run_values(rows: pd.DataFrame) -> dict[int, float]:
    """Return the number of each seed: of its one run, or of its cross-validation."""
    rows = rows[rows["procedure"].isin(OF_A_SEED) & (rows["status"] == "measured")]
    return {int(seed): float(value) for seed, value in zip(rows["seed"], rows["value"], strict=True)}
