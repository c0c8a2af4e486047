"""The CSV files that one stage writes and later stages read: their columns, the one reader, and picking rows."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from medattn.config.resolved import ResolvedPaper
from medattn.errors import UserError
from medattn.reading import open_file
from medattn.text_formats import from_csv_field


@dataclass(frozen=True)
class TableFormat:
    """Columns of a CSV file, and the command that writes it.

    Attributes:
        command: the command.
        columns: the columns in the order of the file. A column that is neither in `numbers` nor in `truths` has text.
        numbers: columns of numbers; an empty field is NaN.
        truths: columns of `True` and `False`.
    """

    command: str
    columns: Sequence[str]
    numbers: Collection[str] = ()
    truths: Collection[str] = ()

    @property
    def texts(self) -> list[str]:
        """The columns of text."""
        return [name for name in self.columns if name not in self.numbers and name not in self.truths]


MEASUREMENTS = TableFormat(
    "medattn measure",
    [
        "paper", "experiment", "dataset", "backbone", "arm", "metric", "class_name", "procedure", "seed", "fold",
        "value", "spread", "n", "unit", "n_test", "stand_in", "leak", "status", "reason", "runs",
    ],
    numbers={"seed", "fold", "value", "spread", "n"},
    truths={"stand_in"},
)  # fmt: skip
"""measurements.csv: a row per cell, metric, class and procedure; of `epochs`, `fold` and `folds` also per seed."""

EPOCHS = TableFormat(
    "medattn measure",
    ["paper", "experiment", "dataset", "backbone", "arm", "seed", "fold", "metric", "epoch", "value", "measured"],
    numbers={"seed", "fold", "epoch", "value"},
    truths={"measured"},
)
"""epochs.csv: the test accuracy of every run after every epoch."""

READINGS = TableFormat(
    "medattn measure",
    [
        "paper", "experiment", "dataset", "backbone", "arm", "metric", "class_name", "reading", "leak", "is_default",
        "seed", "fold", "n_epochs", "value", "reason",
    ],
    numbers={"seed", "fold", "n_epochs", "value"},
    truths={"is_default"},
)  # fmt: skip
"""readings.csv: a row per cell, metric, class, reading and run; without a fold where the folds are pooled."""

MULTIVERSE = TableFormat(
    "medattn compare",
    [
        "level", "paper", "experiment", "dataset", "backbone", "arm", "against", "against_backbone", "metric",
        "class_name", "reading", "leak", "is_default", "is_open", "mean", "sd", "n", "difference", "low", "high", "p",
        "stand_in", "note",
    ],
    numbers={"mean", "sd", "n", "difference", "low", "high", "p"},
    truths={"is_default", "is_open", "stand_in"},
)  # fmt: skip
"""multiverse.csv: a row per cell, metric, class and reading (level `cell`), and per pair of arms (level `comparison`).

- reading: the reading; leak: how test images choose under it; is_default: whether verdicts rest on it.
- is_open: whether the paper leaves open every choice in which the reading differs from the default one.
- mean, sd, n: over seeds, for a cell; of the paired differences, for a comparison (mean is `difference` there).
- difference, low, high, p: mean paired difference with its 95% interval and p, not corrected.
"""

COMPLEXITY = TableFormat(
    "medattn complexity --write",
    [
        "paper", "table", "dataset", "backbone", "arm", "published_params_m", "params", "published_gflops", "gmacs",
        "verdict", "note", "counter_params", "counter_gflops", "counter_c1_params", "counter_c1_gflops",
        "counter_c2_gflops", "counter_c3_gflops", "trainable_params", "params_at_grid_end", "macs", "macs_per_step",
        "flops", "batch", "activation_bytes", "height", "width", "classes", "counted_for", "experiment",
    ],
    numbers={
        "params", "gmacs", "counter_c1_params", "counter_c1_gflops", "counter_c2_gflops", "counter_c3_gflops",
        "trainable_params", "params_at_grid_end", "macs", "macs_per_step", "flops", "batch", "activation_bytes",
        "height", "width", "classes",
    },
)  # fmt: skip
"""complexity.csv: a row per published cost, then a row per cell."""

COMPARISONS = TableFormat(
    "medattn compare",
    [
        "paper", "experiment", "dataset", "backbone", "arm", "against", "against_backbone", "metric", "class_name",
        "family", "procedure", "test", "n", "difference", "quantity", "estimate", "low", "high", "effect", "p",
        "p_adjusted", "alpha", "correction", "least_p", "margin", "verdict", "stand_in", "leak", "note",
    ],
    numbers={"n", "difference", "estimate", "low", "high", "effect", "p", "p_adjusted", "alpha", "least_p", "margin"},
    truths={"stand_in"},
)  # fmt: skip
"""comparisons.csv: a row per pair of arms, data set, metric, class, procedure and test."""

RANKINGS = TableFormat(
    "medattn compare",
    [
        "paper", "experiment", "metric", "class_name", "family", "arm", "backbone", "datasets", "mean_rank",
        "critical_difference", "statistic", "p", "p_iman_davenport", "p_holm", "clique", "control", "stand_in",
        "left_out", "note",
    ],
    numbers={"mean_rank", "critical_difference", "statistic", "p", "p_iman_davenport", "p_holm"},
    truths={"stand_in"},
)  # fmt: skip
"""rankings.csv: a row per ranked arm. Rows that share paper, experiment, metric, class, family and backbone belong to
one critical-difference diagram and repeat what belongs to the whole diagram.

- experiment: `all` where the data sets of all experiments of the paper are ranked together.
- arm: the arm. Its rank on a data set is that of its mean over seeds; rank 1 is best.
- datasets: the data sets, joined by `;`.
- mean_rank: mean of the arm's ranks over the data sets; empty with fewer than two.
- critical_difference: Nemenyi's, at level 0.05.
- statistic, p: Friedman's chi-square and its p; p_iman_davenport: p of Iman and Davenport's F.
- p_holm: p of the arm against `control`, adjusted by Holm's method over the arms; empty for the control.
- clique: numbers, joined by `;`, of the arm's groups of arms that Nemenyi's test cannot separate (the bars of the
  diagram; 1 is the bar of the best arms).
- control: the arm that the others are compared with: vanilla, or the one that the family names.
- stand_in: whether one of the data sets is a stand-in.
- left_out: data sets on which an arm has no value, with the arm; joined by `;`.
- note: why there is no test, and similar remarks.
"""

CLAIMS = TableFormat(
    "medattn judge",
    [
        "claim", "paper", "table", "kind", "dataset", "backbone", "arm", "against", "metric", "class_name",
        "statement", "published", "published_spread", "unit", "measured", "spread", "low", "high", "n", "procedure",
        "p", "verdict", "state", "reason", "stand_in", "runs", "readings", "same_verdict", "lowest",
        "highest", "fragile",
    ],
    numbers={"measured", "spread", "low", "high", "n", "p", "readings", "same_verdict", "lowest", "highest"},
    truths={"stand_in", "fragile"},
)  # fmt: skip
"""claims.csv: a row per published value and per published comparison. judge/claim.py describes the columns."""

ANSWER = TableFormat(
    "medattn answer",
    [
        "scope", "level", "arm", "mechanism", "title", "against", "placebo", "is_variant", "metric", "class_name",
        "difference", "low", "high", "p", "p_adjusted", "prediction_low", "prediction_high", "tau2", "i2", "q", "q_p",
        "datasets", "dataset", "seeds", "runs", "backbones", "unit", "margin", "extra_params", "extra_params_percent",
        "extra_time_percent", "verdict", "sentence", "stand_in", "leak", "note",
    ],
    numbers={
        "difference", "low", "high", "p", "p_adjusted", "prediction_low", "prediction_high", "tau2", "i2", "q", "q_p",
        "datasets", "seeds", "runs", "backbones", "margin", "extra_params", "extra_params_percent",
        "extra_time_percent",
    },
    truths={"is_variant", "stand_in"},
)  # fmt: skip
"""answer.csv: a row per scope, arm, other arm and metric (`level` is `pooled`), then one per data set (`dataset`)."""

PER_SEED = ("epochs", "folds")
"""Procedures with one value for each seed: of its one run, or of its cross-validation."""


def read_table(path: Path, table_format: TableFormat, *, optional: bool = False) -> pd.DataFrame:
    """Read a CSV file with text as text, empty text as "", and an empty number as NaN.

    Args:
        path: the file.
        table_format: its columns; further columns are kept as pandas reads them.
        optional: whether a missing file counts as a table without rows.

    Raises:
        UserError: the file is missing or damaged. The message has the file, the problem and the command that writes it.
    """
    again = f"delete it and run `{table_format.command}`"
    if optional and not path.exists() and not path.is_symlink():
        return pd.DataFrame(columns=[*table_format.columns])
    try:
        with open_file(path, again) as stream:
            table = pd.read_csv(
                stream, dtype=dict.fromkeys(table_format.texts, str), keep_default_na=False, na_values=[""]
            )
    except (ValueError, OverflowError, UnicodeError, RecursionError) as error:  # pandas' own errors are ValueErrors
        raise UserError(f"{path}: not a CSV table; {again}") from error
    missing = [name for name in table_format.columns if name not in table.columns]
    if missing:
        raise UserError(f"{path}: no column '{missing[0]}'; {again}")
    table[table_format.texts] = table[table_format.texts].fillna("")
    for name in table_format.texts:
        escaped = {text: from_csv_field(text) for text in table[name].unique() if text.startswith("'")}
        if escaped:
            table[name] = table[name].map(lambda text, escaped=escaped: escaped.get(text, text))
    for name in table_format.numbers:
        if not is_numeric_dtype(table[name]):
            # As text: pandas refuses whole numbers of hundreds of digits, which are infinite as text.
            values = pd.to_numeric(table[name].astype("string"), errors="coerce").astype(float)
            wrong = table[name][values.isna() & table[name].notna()]
            if len(wrong):
                raise UserError(f"{path}: '{wrong.iloc[0]}' in column '{name}' is not a number; {again}")
            table[name] = values
    for name in table_format.truths:
        table[name] = table[name].astype(str).str.lower() == "true"
    return table


def rows_of(table: pd.DataFrame, /, **values: object) -> pd.DataFrame:
    """Return the rows of `table` whose columns have the given values."""
    chosen = np.ones(len(table), dtype=bool)
    for column, value in values.items():
        chosen &= (table[column] == value).to_numpy(dtype=bool)
    return table if chosen.all() else table[chosen]


def rows_of_paper(table: pd.DataFrame, paper: ResolvedPaper, /, **values: object) -> pd.DataFrame:
    """Return the rows of `table` that belong to a paper's experiment and whose columns have the given values."""
    return rows_of(table, paper=paper.name, experiment=paper.experiment, **values)


class CellRows:
    """Some columns of a table, with its rows indexed by cell and metric."""

    def __init__(self, table: pd.DataFrame, columns: Sequence[str]) -> None:
        self._table = table[[*columns]]
        keys = ["paper", "experiment", "dataset", "backbone", "arm", "metric"]
        self._positions = table.groupby(keys, sort=False).indices

    def of(self, paper: ResolvedPaper, dataset: str, backbone: str, arm: str, metric: str) -> pd.DataFrame:
        """Return the rows of a metric of a cell, in the order of the table."""
        key = (paper.name, paper.experiment, dataset, backbone, arm, metric)
        return self._table.iloc[self._positions.get(key, [])]
