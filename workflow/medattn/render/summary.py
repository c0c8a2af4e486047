"""What a run of the workflow says at its end: where the results lie, and how arms compare with vanilla."""

from collections.abc import Hashable
from typing import Any

import pandas as pd

from medattn.compare.pairs import VANILLA
from medattn.compare.permutation_test import TEST
from medattn.judge.counts import verdict_lines
from medattn.render.inputs import Inputs
from medattn.result_tables import CLAIMS, read_table, rows_of

_SHOWN_AT_MOST = 12


def summary(inputs: Inputs) -> str:
    """Return the summary in Markdown: the files, what was not measured, the verdicts, and the cells against vanilla."""
    return (
        "\n".join(["Results:", *_places(inputs), *_unmeasured(inputs), *_verdicts(inputs), "", *_headlines(inputs)])
        + "\n"
    )


def _places(inputs: Inputs) -> list[str]:
    reports = [inputs.results.report, inputs.results.snakemake_report]
    tables = [name for paper in inputs.configuration.papers for name in (*paper.tables, *paper.statistics)]
    figures = [name for paper in inputs.configuration.papers for name in paper.figures]
    lines = [f"- table: {inputs.results.tables / name}.md" for name in tables]
    lines += [f"- figure: {inputs.results.figures / name}.svg" for name in figures]
    lines.append(f"- numbers: {inputs.results.measurements}, {inputs.results.comparisons}")
    return [*lines, *(f"- report: {path}" for path in reports if path.is_file())]


def _unmeasured(inputs: Inputs) -> list[str]:
    """Return a line per reason why cells have no number, after an empty one; nothing where all have one."""
    cells = rows_of(inputs.measurements, procedure="runs", status="not measured", metric="accuracy")
    counts = cells["reason"].value_counts(sort=False)
    lines = [f"- {count} {'cell' if count == 1 else 'cells'}: {reason}" for reason, count in counts.items()]
    return ["", "Not measured:", *lines] if lines else []


def _verdicts(inputs: Inputs) -> list[str]:
    """Return how often each verdict was given, after an empty line; nothing where no paper prints a number."""
    claims = read_table(inputs.results.claims, CLAIMS, optional=True)
    if claims.empty:
        return []
    return ["", f"Verdicts on what the papers print ({inputs.results.claims}):", *verdict_lines(claims)]


def _headlines(inputs: Inputs) -> list[str]:
    rows = rows_of(inputs.comparisons, procedure="runs", test=TEST, against=VANILLA, metric="accuracy")
    measured = rows[rows["difference"].notna()]
    if measured.empty:
        return ["No arm could be compared with vanilla yet."]
    lines = [_headline(inputs, row) for row in measured.head(_SHOWN_AT_MOST).to_dict("records")]
    left = len(measured) - len(lines)
    more = [f"- and {left} more in {inputs.results.comparisons}"] if left else []
    return ["Against vanilla, in percentage points, runs paired by seed:", *lines, *more]


def _headline(inputs: Inputs, values: dict[Hashable, Any]) -> str:
    interval = "" if pd.isna(values["low"]) else f" [{values['low']:+.2f}, {values['high']:+.2f}]"
    stand_in = ", stand-in images" if values["stand_in"] else ""
    n = int(values["n"])
    return (
        f"- {values['paper']}, {inputs.dataset_title(values['dataset'])}, "
        f"{values['backbone']}, {values['arm']}: "
        f"{values['difference']:+.2f}{interval}, adjusted p {values['p_adjusted']:.3g}, "
        f"{n} {'pair' if n == 1 else 'pairs'}{stand_in}"
    )
