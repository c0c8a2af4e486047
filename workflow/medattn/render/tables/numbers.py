"""The three numbers of a table's position: published, measured by the paper's procedure, measured over runs."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from medattn.compare.permutation_test import TEST
from medattn.config.models.paper import Mark
from medattn.metrics.registry import METRICS
from medattn.render.tables.columns import Column
from medattn.result_tables import PER_SEED, rows_of

# The paper tests epochs as they are; runs are corrected for the number of comparisons.
_P_OF = {"epochs": ("welch", "p"), "runs": (TEST, "p_adjusted")}


@dataclass(frozen=True)
class Published:
    """A number as the paper prints it, digit for digit, with its marks (`star`, `bold`)."""

    mean: str
    sd: str
    marks: tuple[str, ...]


@dataclass(frozen=True)
class Number:
    """A measured number: mean, sample standard deviation (none of a single value), count of values, marks."""

    mean: float
    sd: float | None
    n: int
    marks: tuple[str, ...]


def published_value(rows: pd.DataFrame, column: Column) -> Published | None:
    """Return the published value of a column; `rows` are those of one backbone, arm and table in published.csv."""
    facts = METRICS[column.metric]
    rows = rows[rows["metric"].isin([column.metric, facts.published or column.metric])]
    if column.dataset:
        rows = rows_of(rows, dataset=column.dataset)
    if facts.classes == "each":
        rows = rows[rows["class_name"].str.lower() == column.class_name.lower()]
    if rows.empty or not rows.iloc[0]["mean"]:
        return None
    row = rows.iloc[0]
    return Published(row["mean"], row["std"], tuple(flag for flag in row["flags"].split("|") if flag))


def number_of_a_seed(
    measured: pd.DataFrame, seed: int, compared: pd.DataFrame, arm: str, marks: Sequence[Mark]
) -> tuple[Number | None, str]:
    """Return the number by the paper's procedure, of one seed, and what a reader must know of it."""
    rows = measured[measured["procedure"].isin(PER_SEED) & (measured["seed"] == seed)]
    return _number(rows, _marks("epochs", compared, arm, marks)), _reason(rows)


def number_over_runs(
    measured: pd.DataFrame, compared: pd.DataFrame, arm: str, marks: Sequence[Mark]
) -> tuple[Number | None, str]:
    """Return the number over runs, and what a reader must know of it."""
    rows = rows_of(measured, procedure="runs")
    return _number(rows, _marks("runs", compared, arm, marks)), _reason(rows)


def _reason(rows: pd.DataFrame) -> str:
    return "" if rows.empty else str(rows.iloc[0]["reason"])


def _number(rows: pd.DataFrame, marks: tuple[str, ...]) -> Number | None:
    if rows.empty or pd.isna(rows.iloc[0]["value"]):
        return None
    row = rows.iloc[0]
    spread = None if pd.isna(row["spread"]) else float(row["spread"])
    return Number(float(row["value"]), spread, int(row["n"]), marks)


def _marks(procedure: str, compared: pd.DataFrame, arm: str, marks: Sequence[Mark]) -> tuple[str, ...]:
    """Return the signs of all marks whose p is below their level."""
    own = [mark for mark in marks if mark.arm == arm]
    if not own:
        return ()
    test, column = _P_OF[procedure]
    tests = rows_of(compared, procedure=procedure, test=test)
    return tuple(mark.sign for mark in own if (rows_of(tests, against=mark.against)[column] < mark.alpha).any())
