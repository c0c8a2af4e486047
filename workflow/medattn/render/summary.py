"""Summary shown at the end of the workflow: the answer, output files, verdicts, and differences from vanilla."""

from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from medattn.compare.pairs import VANILLA
from medattn.compare.test_result import PRIMARY_TEST
from medattn.judge.counts import verdict_counts, verdict_lines
from medattn.render.answer_lines import answer_lines, pooled_answers
from medattn.render.inputs import Inputs
from medattn.result_tables import CLAIMS, read_table, rows_of

_MOST_SHOWN = 12
SUMMARY_COLUMNS = (
    "part", "paper", "dataset", "backbone", "arm", "name", "value", "unit", "low", "high", "p", "n", "stand_in", "text",
)  # fmt: skip
"""Columns of the summary for programs.

- part: `answer` (a sentence on a mechanism), `file`, `not measured` (cells, by reason), `verdict` (claims, by paper,
  kind and verdict) or `difference` (accuracy minus that of vanilla).
- name: kind of a file, or kind of claim and verdict.
- value: number of cells or claims, or the difference in percentage points; low and high: its 95% interval; p: adjusted;
  n: pairs.
- text: the sentence, the path or the reason.
"""


def summary_lines(inputs: Inputs) -> list[str]:
    """Return the summary in Markdown: the answer, files, cells without a measurement, verdicts, and differences."""
    answered = [*answer_lines(inputs)]
    files = [f"- {kind}: {path}" for kind, path in _paths(inputs)]
    parts = [["Results:", *files], _not_measured(inputs), _verdicts(inputs), ["", *_differences(inputs)]]
    return [*answered, *([""] if answered else []), *(line for part in parts for line in part)]


def summary_rows(inputs: Inputs) -> Iterator[dict[str, Any]]:
    """Yield what the summary says as rows with the columns SUMMARY_COLUMNS; all differences, not only the first."""
    empty = dict.fromkeys(SUMMARY_COLUMNS)
    for row in pooled_answers(inputs).to_dict("records"):
        interval = {"value": row["difference"], "low": row["low"], "high": row["high"], "p": row["p_adjusted"]}
        known = {key: row[key] for key in ("arm", "unit", "stand_in")}
        yield empty | {"part": "answer", "name": row["verdict"], "text": row["sentence"]} | interval | known
    for kind, path in _paths(inputs):
        yield empty | {"part": "file", "name": kind, "text": str(path)}
    for reason, count in _reasons(inputs).items():
        yield empty | {"part": "not measured", "name": "cells", "value": int(count), "text": str(reason)}
    claims = read_table(inputs.results.claims, CLAIMS, optional=True)
    for (paper, kind), counts in verdict_counts(claims).items():
        for verdict, count in counts.items():
            yield empty | {"part": "verdict", "paper": paper, "name": f"{kind}, {verdict}", "value": count}
    for row in _compared(inputs).to_dict("records"):
        named = {key: row[key] for key in ("paper", "dataset", "backbone", "arm", "low", "high", "stand_in")}
        numbers = {"value": row["difference"], "unit": "percentage points", "p": row["p_adjusted"], "n": int(row["n"])}
        yield empty | {"part": "difference", "name": row["against"]} | named | numbers


def _paths(inputs: Inputs) -> Iterator[tuple[str, Path]]:
    """Yield kind and path of the output files."""
    results = inputs.results
    for paper in inputs.configuration.papers:
        yield from (("table", results.tables / f"{name}.md") for name in (*paper.tables, *paper.statistics))
    for paper in inputs.configuration.papers:
        yield from (("figure", results.figures / f"{name}.svg") for name in paper.figures)
    yield from (("numbers", path) for path in (results.measurements, results.comparisons))
    yield from (("report", path) for path in (results.report, results.snakemake_report) if path.is_file())


def _reasons(inputs: Inputs) -> "pd.Series[int]":
    """Return the number of cells that were not measured, by reason."""
    cells = rows_of(inputs.measurements, procedure="runs", status="not measured", metric="accuracy")
    return cells["reason"].value_counts(sort=False)


def _not_measured(inputs: Inputs) -> list[str]:
    """Return a line for each reason why cells were not measured, preceded by an empty line; empty if there is none."""
    lines = [f"- {count} {'cell' if count == 1 else 'cells'}: {reason}" for reason, count in _reasons(inputs).items()]
    return ["", "Not measured:", *lines] if lines else []


def _verdicts(inputs: Inputs) -> list[str]:
    """Return the number of claims by verdict, preceded by an empty line; empty if there are no claims."""
    claims = read_table(inputs.results.claims, CLAIMS, optional=True)
    if claims.empty:
        return []
    return ["", f"Verdicts on the published claims ({inputs.results.claims}):", *verdict_lines(claims)]


def _compared(inputs: Inputs) -> pd.DataFrame:
    """Return the measured comparisons with vanilla."""
    rows = rows_of(inputs.comparisons, procedure="runs", test=PRIMARY_TEST, against=VANILLA, metric="accuracy")
    return rows[rows["difference"].notna()]


def _differences(inputs: Inputs) -> list[str]:
    measured = _compared(inputs)
    if measured.empty:
        return ["No arm could be compared with vanilla yet."]
    lines = [_difference(inputs, row) for row in measured.head(_MOST_SHOWN).to_dict("records")]
    hidden = len(measured) - len(lines)
    more = [f"- and {hidden} more in {inputs.results.comparisons}"] if hidden else []
    heading = "Accuracy minus that of vanilla, in percentage points, paired by seed [95% interval of this pair alone]:"
    return [heading, *lines, *more]


def _difference(inputs: Inputs, values: dict[Hashable, Any]) -> str:
    interval = "" if pd.isna(values["low"]) else f" [{values['low']:+z.2f}, {values['high']:+z.2f}]"
    dataset = str(values["dataset"])
    title = f"{inputs.dataset_title(dataset)} (stand-in)" if values["stand_in"] else inputs.marked_title(dataset)
    n = int(values["n"])
    return (
        f"- {values['paper']}, {title}, "
        f"{values['backbone']}, {values['arm']}: "
        f"{values['difference']:+z.2f}{interval}, {n} {'pair' if n == 1 else 'pairs'}"
    )
