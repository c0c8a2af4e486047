"""Reading the tables that the stages hand on, with text as text and empty fields as missing numbers; picking rows."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from medattn.config.resolved import ResolvedPaper
from medattn.errors import UserError

KEYS = ["paper", "experiment", "dataset", "backbone", "arm", "metric", "class_name"]
_TEXT = [
    *KEYS, "against", "against_backbone", "family", "procedure", "test", "quantity", "verdict",
    "unit", "n_test", "status", "reason", "runs", "note", "correction", "leak",
    "datasets", "clique", "control", "left_out",
]  # fmt: skip
_MEASURED = [*KEYS, "procedure", "seed", "value", "spread", "n", "n_test", "stand_in", "leak", "status", "reason"]
OF_A_SEED = ("epochs", "folds")
"""Procedures that give one number for each seed: of its one run, or of its cross-validation."""
_RANKED = [
    "paper", "experiment", "metric", "class_name", "family", "arm", "backbone", "datasets", "mean_rank",
    "critical_difference", "p", "p_iman_davenport", "clique", "stand_in", "left_out", "note",
]  # fmt: skip
_TRUTH = ["stand_in", "measured"]


def read_measurements(path: Path) -> pd.DataFrame:
    """Read measurements.csv: a row per cell, metric and procedure, of `epochs` also per seed."""
    return _read(path, _MEASURED)


def read_epochs(path: Path) -> pd.DataFrame:
    """Read epochs.csv: the test accuracy of every epoch of every run."""
    return _read(path, [*KEYS[:-1], "seed", "fold", "epoch", "value", "measured"])


def read_comparisons(path: Path) -> pd.DataFrame:
    """Read comparisons.csv: a row per pair of arms, metric, procedure and test."""
    needed = ["against", "family", "procedure", "test", "n", "difference", "low", "high", "p", "p_adjusted", "note"]
    return _read(path, [*KEYS, *needed])


def read_rankings(path: Path) -> pd.DataFrame:
    """Read rankings.csv: a row per arm that is ranked over data sets."""
    return _read(path, _RANKED)


def rows_of_paper(table: pd.DataFrame, paper: ResolvedPaper, /, **values: object) -> pd.DataFrame:
    """Return the rows of `table` that belong to a paper's experiment and whose columns have the given values."""
    return rows_of(table, paper=paper.name, experiment=paper.experiment, **values)


class CellRows:
    """The rows of a table by cell and metric, found without looking at all of them, and some of its columns."""

    def __init__(self, table: pd.DataFrame, columns: Sequence[str]) -> None:
        self._table = table[[*columns]]
        self._positions = table.groupby(KEYS[:6], sort=False).indices

    def of(self, paper: ResolvedPaper, dataset: str, backbone: str, arm: str, metric: str) -> pd.DataFrame:
        """Return the rows of a metric of a cell, in the order of the table."""
        place = (paper.name, paper.experiment, dataset, backbone, arm, metric)
        return self._table.iloc[self._positions.get(place, [])]


def rows_of(table: pd.DataFrame, /, **values: object) -> pd.DataFrame:
    """Return the rows of `table` whose columns have the given values."""
    chosen = np.ones(len(table), dtype=bool)
    for column, value in values.items():
        chosen &= (table[column] == value).to_numpy(dtype=bool)
    return table if chosen.all() else table[chosen]


def _read(path: Path, needed: Sequence[str]) -> pd.DataFrame:
    try:
        table = pd.read_csv(path, dtype=dict.fromkeys(_TEXT, str), keep_default_na=False, na_values=[""])
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such file; run the step that makes it first") from error
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: not a table; delete it and run the step that makes it") from error
    skipped = [name for name in needed if name not in table.columns]
    if skipped:
        raise UserError(f"{path}: no column '{skipped[0]}'; delete it and run the step that makes it")
    for name in set(_TEXT) & set(table.columns):
        table[name] = table[name].fillna("")
    for name in set(_TRUTH) & set(table.columns):
        table[name] = table[name].astype(str).str.lower() == "true"
    return table
