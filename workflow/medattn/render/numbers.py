"""The three numbers of a table's position: printed, measured by the paper's procedure, measured over runs."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from medattn.compare.paired import TEST
from medattn.config.paper import Mark
from medattn.render.inputs import rows_of

# The paper tests epochs as they are; runs are corrected for the number of comparisons.
_P_OF = {"epochs": ("welch", "p"), "runs": (TEST, "p_adjusted")}


@dataclass(frozen=True)
class Printed:
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


def printed_number(rows: pd.DataFrame) -> Printed | None:
    """Return the printed number of one cell; `rows` are its rows in published.csv."""
    if rows.empty or not rows.iloc[0]["mean"]:
        return None
    row = rows.iloc[0]
    return Printed(row["mean"], row["std"], tuple(flag for flag in row["flags"].split("|") if flag))


def epochs_number(
    measured: pd.DataFrame, seed: int, compared: pd.DataFrame, arm: str, marks: Sequence[Mark]
) -> Number | None:
    """Return the number by the paper's procedure: one run, that of `seed`."""
    rows = rows_of(measured, procedure="epochs", status="measured", seed=seed)
    return _number(rows, _marks("epochs", compared, arm, marks))


def runs_number(measured: pd.DataFrame, compared: pd.DataFrame, arm: str, marks: Sequence[Mark]) -> Number | None:
    """Return the number over runs."""
    rows = rows_of(measured, procedure="runs", status="measured")
    return _number(rows, _marks("runs", compared, arm, marks))


def _number(rows: pd.DataFrame, marks: tuple[str, ...]) -> Number | None:
    if rows.empty or pd.isna(rows.iloc[0]["value"]):
        return None
    row = rows.iloc[0]
    spread = None if pd.isna(row["spread"]) else float(row["spread"])
    return Number(float(row["value"]), spread, int(row["n"]), marks)


def _marks(procedure: str, compared: pd.DataFrame, arm: str, marks: Sequence[Mark]) -> tuple[str, ...]:
    """Return the signs of all marks whose p is below their level."""
    test, column = _P_OF[procedure]
    tests = rows_of(compared, procedure=procedure, test=test)
    return tuple(
        mark.sign
        for mark in marks
        if mark.arm == arm and (rows_of(tests, against=mark.against)[column] < mark.level).any()
    )
