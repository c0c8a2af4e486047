"""Assembly of the page from the results of the earlier stages."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from medattn.plan.model import Cell, CellKey
from medattn.render.inputs import Inputs
from medattn.report.answer_view import answer_view
from medattn.report.audit_findings import audit_view
from medattn.report.cell_details import CellTables, cell_details, group_by_cell
from medattn.report.cell_titles import TEST_TITLES, pair_title
from medattn.report.claim_rows import ClaimRows, interval_text, read_claim_rows
from medattn.report.page_model import BigTable, CoverageCounts, Page, PaperView
from medattn.report.paper_section import complexity_view, figure_view, statistics_views, table_views
from medattn.report.plain_rows import plain_rows
from medattn.report.run_origin import run_origin

_COMPARISON_COLUMNS = (
    ("paper", "Paper", "text"),
    ("cell", "Arms", "target"),
    ("metric", "Metric", "text"),
    ("procedure", "Replicates", "text"),
    ("test", "Test", "text"),
    ("n", "n", "number"),
    ("quantity", "Effect", "text"),
    ("estimate", "Estimate", "number"),
    ("interval", "Interval", "text"),
    ("p", "p", "p"),
    ("p_adjusted", "Adjusted p", "p"),
    ("note", "Note", "long"),
)
_RANKING_COLUMNS = (
    ("paper", "Paper", "text"),
    ("metric", "Metric", "text"),
    ("family", "Family", "text"),
    ("backbone", "Backbone", "text"),
    ("arm", "Arm", "text"),
    ("datasets", "Data sets", "text"),
    ("mean_rank", "Mean rank", "number"),
    ("critical_difference", "Critical difference", "number"),
    ("p", "Friedman's p", "p"),
    ("p_holm", "p (Holm)", "p"),
    ("note", "Note", "long"),
)
_ABOUT_COMPARISONS = (
    "Every pair of arms, compared by the paper's own procedure (epochs of one run, which are not independent) and over "
    "independent runs (paired by seed, adjusted for the number of comparisons)."
)
_ABOUT_RANKS = (
    "Mean rank of each arm over the data sets, 1 being best. Nemenyi's test does not distinguish arms whose mean ranks "
    "differ by less than the critical difference."
)


def gather_page(inputs: Inputs, with_audit: bool = True) -> Page:
    """Assemble the page of a selection.

    Args:
        inputs: results of the earlier stages.
        with_audit: show the findings in audit.json, if the sealed folder was audited.

    Raises:
        UserError: a result file is damaged; the message names it.
    """
    claims = read_claim_rows(inputs.results, inputs)
    tables = group_by_cell(inputs, claims.by_cell())
    blocks: dict[str, Any] = {
        f"cell-{cell.id}": cell_details(inputs, cell, tables) for cell in inputs.plan.cells.values()
    }
    names = dict.fromkeys(paper.name for paper in inputs.configuration.papers)
    big = [*claims.big_tables(), *_comparison_table(inputs), *_ranking_table(inputs)]
    points = claims.points()
    cells = list(inputs.plan.cells.values())
    return Page(
        selection=inputs.plan.selection,
        answer=answer_view(inputs),
        claims=claims.by_kind(),
        origin=run_origin(inputs, _records(blocks)),
        total=_counts(inputs, cells, tables, claims.verdicts(), len(claims.outside)),
        papers=[_paper(inputs, name, claims, tables) for name in names],
        reasons=Counter(cell.missing for cell in cells if cell.missing).most_common(),
        big_tables=[table for table, _ in big],
        points=len(points),
        judged=claims.judged,
        audit=audit_view(inputs.results) if with_audit else None,
        blocks=blocks | {"points": points} | {table.name: rows for table, rows in big},
    )


def _records(blocks: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for details in blocks.values():
        yield from (run["record"] for run in details["runs"] if "record" in run)


def _paper(inputs: Inputs, name: str, claims: ClaimRows, tables: CellTables) -> PaperView:
    """Return a paper with the tables and figures of all its experiments."""
    parts = [paper for paper in inputs.configuration.papers if paper.name == name]
    verdicts = claims.verdict_by_key()
    views = [view for part in parts for view in table_views(inputs, part, verdicts)]
    views += [view for part in parts for view in statistics_views(inputs, part)]
    if (inputs.costs["paper"] == name).any():
        views.append(complexity_view(inputs, name))
    figures = [figure_view(inputs, part, figure) for part in parts for figure in part.figures]
    cells = [cell for cell in inputs.plan.cells.values() if cell.paper == name]
    facts = parts[0].paper
    counts = _counts(inputs, cells, tables, claims.verdicts(name))
    return PaperView(name, facts.title, facts.citation, counts, views, figures)


def _counts(
    inputs: Inputs, cells: Sequence[Cell], tables: CellTables, verdicts: Mapping[str, int], outside: int = 0
) -> CoverageCounts:
    measured = [cell for cell in cells if _is_measured(tables, cell)]
    stand_ins = sum(cell.stand_in for cell in measured)
    missing = sum(cell.missing is not None and not _is_measured(tables, cell) for cell in cells)
    waiting = len(cells) - len(measured) - missing
    of_papers = [cell for cell in measured if not cell.stand_in]
    synthetic = sum(inputs.configuration.datasets[cell.dataset].is_synthetic for cell in of_papers)
    return CoverageCounts(len(cells), len(of_papers), stand_ins, waiting, missing, verdicts, outside, synthetic)


def _is_measured(tables: CellTables, cell: Cell) -> bool:
    rows = tables.measurements.get(cell.id)
    return rows is not None and bool((rows["status"] == "measured").any())


def _comparison_table(inputs: Inputs) -> Iterator[tuple[BigTable, list[dict[str, Any]]]]:
    """Yield the table of all comparisons, if there are any."""
    rows = plain_rows(inputs.comparisons)
    for row in rows:
        cell = CellKey.of_row(row).id
        planned = inputs.plan.cells.get(cell)
        row["cell"] = pair_title(inputs, planned, row["against"]) if planned else f"{cell} vs. {row['against']}"
        row["target"] = f"{cell}|{row['metric']}|{row['class_name']}" if planned else ""
        row["test"] = TEST_TITLES.get(row["test"], row["test"])
        row["interval"] = interval_text(row["low"], row["high"])
    if rows:
        yield BigTable("comparisons", "Comparisons of arms", _ABOUT_COMPARISONS, _COMPARISON_COLUMNS, len(rows)), rows


def _ranking_table(inputs: Inputs) -> Iterator[tuple[BigTable, list[dict[str, Any]]]]:
    """Yield the table of ranks over data sets, if there are any."""
    rows = [{**row, "datasets": (row["datasets"] or "").replace(";", ", ")} for row in plain_rows(inputs.rankings)]
    if rows:
        yield BigTable("rankings", "Ranks over data sets", _ABOUT_RANKS, _RANKING_COLUMNS, len(rows)), rows
