"""claims.csv: every published value and every published comparison of a selection's papers, with its verdict."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from medattn.config.models.facts import Facts
from medattn.config.resolved import Configuration
from medattn.consistency.inputs import check_rows, read_facts
from medattn.consistency.published import PublishedRow, read_published
from medattn.files import write_text
from medattn.judge.claim import Claim
from medattn.judge.comparisons import judged_comparisons
from medattn.judge.readings import ReadingJudge
from medattn.judge.subject import Subjects
from medattn.judge.values import judged_cost, judged_value
from medattn.layout import ResultPaths
from medattn.measure.measured_cells import MeasuredCells
from medattn.measure.reading_values import ReadingValues
from medattn.metrics.registry import METRICS
from medattn.plan.model import Plan
from medattn.result_tables import CLAIMS, COMPLEXITY, MEASUREMENTS, READINGS, read_table


def claims(results: ResultPaths, configuration: Configuration, plan: Plan, root: Path) -> pd.DataFrame:
    """Judge every published value and every published comparison of the papers of a selection.

    Args:
        results: the folder with measurements.csv, readings.csv and complexity.csv.
        configuration: the selection.
        plan: its plan.
        root: the folder that contains papers/.

    Returns:
        The rows of claims.csv, paper by paper: published values first, then comparisons.

    Raises:
        UserError: a file is missing or damaged.
    """
    measured = MeasuredCells(read_table(results.measurements, MEASUREMENTS))
    subjects = Subjects(configuration, plan, measured)
    values = ReadingValues(read_table(results.readings, READINGS, optional=True))
    costs = read_table(results.complexity, COMPLEXITY, optional=True)
    rows = [
        claim.row()
        for paper in dict.fromkeys(paper.name for paper in configuration.papers)
        for claim in _of_paper(paper, root / "papers" / paper, subjects, measured, values, costs, configuration)
    ]
    table = pd.DataFrame(rows, columns=[*CLAIMS.columns])
    for column in ("n", "readings"):
        table[column] = table[column].astype("Int64")
    return table


def write_claims(results: ResultPaths, configuration: Configuration, plan: Plan, root: Path) -> pd.DataFrame:
    """Write claims.csv, and return its rows."""
    table = claims(results, configuration, plan, root)
    write_text(results.claims, table.to_csv(index=False, lineterminator="\n"))
    return table


def _of_paper(
    paper: str,
    folder: Path,
    subjects: Subjects,
    measured: MeasuredCells,
    values: ReadingValues,
    costs: pd.DataFrame,
    configuration: Configuration,
) -> Iterator[Claim]:
    if not (folder / "published.csv").is_file():
        return
    rows, facts = read_published(folder / "published.csv"), _facts(folder)
    check_rows(facts, rows, str(folder / "facts.yaml"))

    def judge(subjects: Subjects) -> list[Claim]:
        numbers = [
            judged_cost(row, costs, subjects) if _is_cost(row) else judged_value(row, facts, subjects, configuration)
            for row in rows
        ]
        return [*numbers, *judged_comparisons(paper, rows, facts, subjects, costs, configuration)]

    yield from ReadingJudge(subjects, measured, values, tuple(facts.left_open)).judged(judge)


def _facts(folder: Path) -> Facts:
    path = folder / "facts.yaml"
    return read_facts(path) if path.is_file() else Facts()


def _is_cost(row: PublishedRow) -> bool:
    return row.metric in METRICS and not METRICS[row.metric].measured
