"""The three values of a table entry: published, measured by the paper's procedure, and measured over runs."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from medattn.compare.test_result import PRIMARY_TEST
from medattn.config.models.paper import Mark
from medattn.metrics.registry import METRICS
from medattn.render.tables.marks import MarkName, mark_name
from medattn.render.tables.table_columns import Column
from medattn.result_tables import PER_SEED, rows_of

# The test and the p-value that decide a mark. The papers test epochs without correction; over runs, p is adjusted for
# the number of comparisons.
_P_OF = {"epochs": ("welch", "p"), "runs": (PRIMARY_TEST, "p_adjusted")}


@dataclass(frozen=True)
class PublishedText:
    """A published value, digit for digit, with its marks (`star`, `bold`); `sd` is empty if there is none."""

    mean: str
    sd: str
    marks: tuple[str, ...]


@dataclass(frozen=True)
class MeasuredValue:
    """A measured or counted value.

    Attributes:
        mean: mean over the values.
        sd: sample standard deviation; None for a single value.
        n: number of values.
        marks: marks of the significant differences from other arms, which say in which direction (marks.py).
    """

    mean: float
    sd: float | None
    n: int
    marks: tuple[MarkName, ...]


def published_value(rows: pd.DataFrame, column: Column) -> PublishedText | None:
    """Return the published value of a column, or None if the paper has none.

    Args:
        rows: the rows of published.csv for one table, backbone and arm.
        column: the column.
    """
    facts = METRICS[column.metric]
    rows = rows[rows["metric"].isin([column.metric, facts.published or column.metric])]
    if column.dataset:
        rows = rows_of(rows, dataset=column.dataset)
    if facts.classes == "each":
        rows = rows[rows["class_name"].str.lower() == column.class_name.lower()]
    if rows.empty or not rows.iloc[0]["mean"]:
        return None
    row = rows.iloc[0]
    return PublishedText(row["mean"], row["std"], tuple(flag for flag in row["flags"].split("|") if flag))


def value_of_seed(
    measured: pd.DataFrame,
    seed: int,
    compared: pd.DataFrame,
    arm: str,
    marks: Sequence[Mark],
    *,
    higher_is_better: bool = True,
) -> tuple[MeasuredValue | None, str]:
    """Return the value of one seed by the paper's procedure, and the reason or remark that measurements.csv gives."""
    rows = measured[measured["procedure"].isin(PER_SEED) & (measured["seed"] == seed)]
    return _value(rows, _marks("epochs", compared, arm, marks, higher_is_better=higher_is_better)), _reason(rows)


def value_over_runs(
    measured: pd.DataFrame,
    compared: pd.DataFrame,
    arm: str,
    marks: Sequence[Mark],
    looks: int = 1,
    *,
    higher_is_better: bool = True,
) -> tuple[MeasuredValue | None, str]:
    """Return the value over runs, and the reason or remark that measurements.csv gives.

    Args:
        measured: the rows of measurements.csv about the value.
        compared: the rows of comparisons.csv about it.
        arm: the arm.
        marks: the marks of the table.
        looks: number of declared looks, which share the level of a mark. Between looks there are no marks.
        higher_is_better: whether a higher value is the better one.
    """
    rows = rows_of(measured, procedure="runs")
    at_looks = compared[compared["alpha"].notna()]
    found = _marks("runs", at_looks, arm, marks, looks, higher_is_better=higher_is_better)
    return _value(rows, found), _reason(rows)


def _reason(rows: pd.DataFrame) -> str:
    return "" if rows.empty else str(rows.iloc[0]["reason"])


def _value(rows: pd.DataFrame, marks: tuple[MarkName, ...]) -> MeasuredValue | None:
    if rows.empty or pd.isna(rows.iloc[0]["value"]):
        return None
    row = rows.iloc[0]
    spread = None if pd.isna(row["spread"]) else float(row["spread"])
    return MeasuredValue(float(row["value"]), spread, int(row["n"]), marks)


def _marks(
    procedure: str, compared: pd.DataFrame, arm: str, marks: Sequence[Mark], looks: int = 1, *, higher_is_better: bool
) -> tuple[MarkName, ...]:
    """Return all marks of an arm whose p-value is below their alpha, or below a look's share of it."""
    own = [mark for mark in marks if mark.arm == arm]
    if not own:
        return ()
    test, column = _P_OF[procedure]
    tests = rows_of(compared, procedure=procedure, test=test)
    found: list[MarkName] = []
    for mark in own:
        rows = rows_of(tests, against=mark.against)
        significant = rows[rows[column] < mark.alpha / looks]
        if len(significant):
            is_worse = (float(significant.iloc[0]["difference"]) > 0) != higher_is_better
            found.append(mark_name(mark.sign, is_worse))
    return tuple(found)
