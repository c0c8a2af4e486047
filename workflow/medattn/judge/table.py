"""The table of claims: every published value and every published comparison of a selection's papers, with its verdict."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from medattn.compare.costs import read_costs
from medattn.compare.inputs import read_measurements
from medattn.config.models.facts import Facts
from medattn.config.models.metrics import METRICS
from medattn.config.resolved import Configuration
from medattn.consistency.inputs import check_rows, read_facts
from medattn.consistency.published import Row, read_published
from medattn.errors import UserError
from medattn.files import write_text
from medattn.judge.attention_claims import AttentionRuns
from medattn.judge.claim import COLUMNS, Claim
from medattn.judge.comparisons import judged_comparisons, judged_pairs
from medattn.judge.measured import Measured
from medattn.judge.numbers import judged_cost
from medattn.judge.text_numbers import judged_row, judged_text
from medattn.layout import ResultPaths
from medattn.plan.model import Plan

_NUMBERS = ("measured", "spread", "low", "high", "n", "p", "stand_in")
_TEXT = [name for name in COLUMNS if name not in _NUMBERS]


def claims(results: ResultPaths, configuration: Configuration, plan: Plan, root: Path) -> pd.DataFrame:
    """Judge every published value and every published comparison of the papers of a selection.

    Args:
        results: where measurements.csv and complexity.csv lie.
        configuration: the selection.
        plan: its plan.
        root: the folder in which papers/ lies.

    Returns:
        A row per claim with the columns of claims.csv, paper by paper: numbers first, then comparisons.

    Raises:
        UserError: a file is missing or damaged.
    """
    measured = Measured(configuration, plan, read_measurements(results.measurements))
    costs = read_costs(results.complexity)
    rows = [
        claim.row()
        for paper in dict.fromkeys(paper.name for paper in configuration.papers)
        for claim in _of_paper(paper, root / "papers" / paper, measured, costs, results.epochs, configuration)
    ]
    maps = AttentionRuns(plan, results, configuration)
    for paper in dict.fromkeys(paper.name for paper in configuration.papers):
        facts = _facts(root / "papers" / paper)
        for number, said in enumerate(facts.attention, start=1 + _statements(facts)):
            pairs = list(maps.pairs(number, paper, said, measured))
            rows += [claim.row() for claim in judged_pairs(pairs, measured, facts, configuration)]
    table = pd.DataFrame(rows, columns=COLUMNS)
    table["n"] = table["n"].astype("Int64")
    return table


def write_claims(results: ResultPaths, configuration: Configuration, plan: Plan, root: Path) -> pd.DataFrame:
    """Write claims.csv, and return what stands in it."""
    table = claims(results, configuration, plan, root)
    write_text(results.claims, table.to_csv(index=False, lineterminator="\n"))
    return table


def read_claims(path: Path) -> pd.DataFrame:
    """Read claims.csv, text as text; no rows where nothing was judged yet.

    Raises:
        UserError: the file is damaged.
    """
    try:
        table = pd.read_csv(path, dtype=dict.fromkeys(_TEXT, str))
    except FileNotFoundError:
        return pd.DataFrame(columns=COLUMNS)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: not a table; run `medattn judge` again") from error
    skipped = [name for name in COLUMNS if name not in table.columns]
    if skipped:
        raise UserError(f"{path}: no column '{skipped[0]}'; run `medattn judge` again")
    table[_TEXT] = table[_TEXT].fillna("")
    return table


def _of_paper(
    paper: str, folder: Path, measured: Measured, costs: pd.DataFrame, epochs: Path, configuration: Configuration
) -> Iterator[Claim]:
    if not (folder / "published.csv").is_file():
        return
    rows, facts = read_published(folder / "published.csv"), _facts(folder)
    check_rows(facts, rows, str(folder / "facts.yaml"))
    for row in rows:
        if _is_cost(row):
            yield judged_cost(row, costs, measured)
        else:
            yield from judged_row(row, facts, measured, configuration)
    yield from judged_text(paper, rows, facts, measured, epochs, configuration)
    yield from judged_comparisons(paper, rows, facts, measured, costs, configuration)


def _statements(facts: Facts) -> int:
    return len(facts.significance) + len(facts.statements) + len(facts.unpublished)


def _facts(folder: Path) -> Facts:
    path = folder / "facts.yaml"
    return read_facts(path) if path.is_file() else Facts()


def _is_cost(row: Row) -> bool:
    return row.metric in METRICS and not METRICS[row.metric].measured
