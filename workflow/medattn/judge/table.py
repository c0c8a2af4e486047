"""claims.csv: every published value and every published comparison of a selection's papers, with its verdict."""

from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from pathlib import Path

import pandas as pd

from medattn.config.models.facts import Facts
from medattn.config.resolved import Configuration
from medattn.consistency.inputs import read_papers
from medattn.consistency.published import PublishedRow
from medattn.judge.attention_claims import AttentionRuns
from medattn.judge.claim import Claim
from medattn.judge.comparisons import judged_comparisons, judged_pairs
from medattn.judge.readings import ReadingJudge
from medattn.judge.subject import Subjects
from medattn.judge.text_numbers import judged_row, judged_text
from medattn.judge.values import PublishedCosts, judged_cost
from medattn.layout import ResultPaths
from medattn.measure.measured_cells import MeasuredCells
from medattn.measure.reading_values import ReadingValues
from medattn.metrics.registry import METRICS
from medattn.plan.kept_rows import write_keeping_values
from medattn.plan.model import Plan
from medattn.result_tables import CLAIMS, COMPLEXITY, EPOCHS, MEASUREMENTS, READINGS, read_table
from medattn.shipped import paper_folder
from medattn.text_formats import csv_of


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
    costs = read_table(results.complexity, COMPLEXITY, optional=True)
    rows = [claim.row() for claim in judged_claims(results, plan, subjects, costs, configuration, root)]
    table = pd.DataFrame(rows, columns=[*CLAIMS.columns])
    for column in ("n", "readings"):
        table[column] = table[column].astype("Int64")
    return table


def judged_claims(
    results: ResultPaths, plan: Plan, subjects: Subjects, costs: pd.DataFrame, configuration: Configuration, root: Path
) -> Iterator[Claim]:
    """Yield the claims in the order of claims.csv: statements about attention maps last.

    Args:
        results: the folder with epochs.csv, readings.csv and the runs.
        plan: the plan of the selection.
        subjects: what was measured.
        costs: the rows of complexity.csv.
        configuration: the selection.
        root: the folder that contains papers/.
    """
    papers = read_papers(configuration, root)
    values = ReadingValues(read_table(results.readings, READINGS, optional=True))
    epochs = cache(partial(read_table, results.epochs, EPOCHS, optional=True))  # read once, where a paper needs it
    for paper, (rows, facts) in papers.items():
        if (paper_folder(root, paper) / "published.csv").is_file():
            yield from _of_paper(paper, rows, facts, subjects, costs, values, epochs, configuration)
    maps = AttentionRuns(plan, results, configuration)
    for paper, (_, facts) in papers.items():
        statements = len(facts.significance) + len(facts.statements) + len(facts.unpublished)
        for number, said in enumerate(facts.attention, start=1 + statements):
            pairs = list(maps.pairs(number, paper, said, subjects))
            yield from judged_pairs(pairs, subjects, facts, configuration)


def write_claims(
    results: ResultPaths, configuration: Configuration, plan: Plan, root: Path, *, allow_fewer: bool = False
) -> pd.DataFrame:
    """Write claims.csv, and return its rows.

    Raises:
        UserError: a file of an earlier stage is damaged, or, without `allow_fewer`, values of the present file would
            get lost.
    """
    table = claims(results, configuration, plan, root)
    values = ("measured", "lowest")
    write_keeping_values(results.claims, csv_of(table), [*CLAIMS.columns][:10], values, allow_fewer=allow_fewer)
    return table


def _of_paper(
    paper: str,
    rows: Sequence[PublishedRow],
    facts: Facts,
    subjects: Subjects,
    costs: pd.DataFrame,
    values: ReadingValues,
    epochs: Callable[[], pd.DataFrame],
    configuration: Configuration,
) -> Iterator[Claim]:
    counts = PublishedCosts(costs)

    def judge(subjects: Subjects) -> list[Claim]:
        found: list[Claim] = []
        for row in rows:
            if _is_cost(row):
                found.append(judged_cost(row, counts, subjects))
            else:
                found += judged_row(row, facts, subjects, configuration)
        found += judged_text(paper, rows, facts, subjects, epochs, configuration)
        return [*found, *judged_comparisons(paper, rows, facts, subjects, counts, configuration)]

    yield from ReadingJudge(subjects, values, tuple(facts.left_open)).judged(judge)


def _is_cost(row: PublishedRow) -> bool:
    return row.metric in METRICS and not METRICS[row.metric].measured
