"""Summary shown at the end of the workflow: the answer, output files, verdicts, and differences from vanilla."""

from collections.abc import Hashable
from typing import Any

import pandas as pd

from medattn.compare.pairs import VANILLA
from medattn.compare.test_result import PRIMARY_TEST
from medattn.judge.counts import verdict_lines
from medattn.render.answer_lines import answer_lines
from medattn.render.inputs import Inputs
from medattn.result_tables import CLAIMS, read_table, rows_of

_MOST_SHOWN = 12


def summary(inputs: Inputs) -> str:
    """Return the summary in Markdown: the answer, files, cells without a measurement, verdicts, and differences."""
    answered = [*answer_lines(inputs)]
    parts = [["Results:", *_files(inputs)], _not_measured(inputs), _verdicts(inputs), ["", *_differences(inputs)]]
    return "\n".join([*answered, *([""] if answered else []), *(line for part in parts for line in part)]) + "\n"


def _files(inputs: Inputs) -> list[str]:
    reports = [inputs.results.report, inputs.results.snakemake_report]
    tables = [name for paper in inputs.configuration.papers for name in (*paper.tables, *paper.statistics)]
    figures = [name for paper in inputs.configuration.papers for name in paper.figures]
    lines = [f"- table: {inputs.results.tables / name}.md" for name in tables]
    lines += [f"- figure: {inputs.results.figures / name}.svg" for name in figures]
    lines.append(f"- numbers: {inputs.results.measurements}, {inputs.results.comparisons}")
    return [*lines, *(f"- report: {path}" for path in reports if path.is_file())]


def _not_measured(inputs: Inputs) -> list[str]:
    """Return a line for each reason why cells were not measured, preceded by an empty line; empty if there is none."""
    cells = rows_of(inputs.measurements, procedure="runs", status="not measured", metric="accuracy")
    counts = cells["reason"].value_counts(sort=False)
    lines = [f"- {count} {'cell' if count == 1 else 'cells'}: {reason}" for reason, count in counts.items()]
    return ["", "Not measured:", *lines] if lines else []


def _verdicts(inputs: Inputs) -> list[str]:
    """Return the number of claims by verdict, preceded by an empty line; empty if there are no claims."""
    claims = read_table(inputs.results.claims, CLAIMS, optional=True)
    if claims.empty:
        return []
    return ["", f"Verdicts on the published claims ({inputs.results.claims}):", *verdict_lines(claims)]


def _differences(inputs: Inputs) -> list[str]:
    rows = rows_of(inputs.comparisons, procedure="runs", test=PRIMARY_TEST, against=VANILLA, metric="accuracy")
    measured = rows[rows["difference"].notna()]
    if measured.empty:
        return ["No arm could be compared with vanilla yet."]
    lines = [_difference(inputs, row) for row in measured.head(_MOST_SHOWN).to_dict("records")]
    hidden = len(measured) - len(lines)
    more = [f"- and {hidden} more in {inputs.results.comparisons}"] if hidden else []
    heading = "Accuracy minus that of vanilla, in percentage points, paired by seed [95% interval of this pair alone]:"
    return [heading, *lines, *more]


def _difference(inputs: Inputs, values: dict[Hashable, Any]) -> str:
    interval = "" if pd.isna(values["low"]) else f" [{values['low']:+.2f}, {values['high']:+.2f}]"
    dataset = str(values["dataset"])
    title = f"{inputs.dataset_title(dataset)} (stand-in)" if values["stand_in"] else inputs.marked_title(dataset)
    n = int(values["n"])
    return (
        f"- {values['paper']}, {title}, "
        f"{values['backbone']}, {values['arm']}: "
        f"{values['difference']:+.2f}{interval}, {n} {'pair' if n == 1 else 'pairs'}"
    )
