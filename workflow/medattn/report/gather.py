"""Gathering the page from everything that the stages before have written."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from medattn.plan.model import Cell, CellKey
from medattn.render.inputs import Inputs
from medattn.report.audit import audit_view
from medattn.report.cell_details import Evidence, cell_details, evidence
from medattn.report.claims import Claims, interval, read_claims
from medattn.report.figures import figure_view
from medattn.report.names import pair_title
from medattn.report.origin import origin
from medattn.report.page_model import BigTable, Page, PaperView, Tally
from medattn.report.paper_tables import complexity_view, statistics_view, table_view
from medattn.report.rows import plain_rows

_COMPARED = (
    ("paper", "Paper", "text"),
    ("cell", "Arms", "place"),
    ("metric", "Metric", "text"),
    ("procedure", "Replicates", "text"),
    ("test", "Test", "text"),
    ("n", "n", "number"),
    ("quantity", "Estimate of", "text"),
    ("estimate", "Estimate", "number"),
    ("interval", "Interval", "text"),
    ("p", "p", "p"),
    ("p_adjusted", "p adjusted", "p"),
    ("note", "Note", "long"),
)
_RANKED = (
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
    "Arm against arm, by the paper's own procedure (epochs of one run, which are not independent) and by the sound one "
    "(runs, paired by seed, corrected for the number of comparisons)."
)
_ABOUT_RANKS = (
    "Mean ranks of arms over data sets: arms whose ranks differ by less than the critical difference are alike."
)


def gather(inputs: Inputs) -> Page:
    """Gather the page of a selection.

    Raises:
        UserError: a file that a stage has written is damaged; names it and what to do.
    """
    claims = read_claims(inputs.results, inputs)
    known = evidence(inputs, claims.of_cells())
    blocks: dict[str, Any] = {
        f"cell-{cell.id}": cell_details(inputs, cell, known) for cell in inputs.plan.cells.values()
    }
    names = dict.fromkeys(paper.name for paper in inputs.configuration.papers)
    big = [*claims.big_tables(), *_compared(inputs), *_ranked(inputs)]
    points = claims.points()
    cells = list(inputs.plan.cells.values())
    return Page(
        selection=inputs.plan.selection,
        origin=origin(inputs, _records(blocks)),
        total=_tally(cells, known, claims.verdicts()),
        papers=[_paper(inputs, name, claims, known) for name in names],
        reasons=Counter(cell.missing for cell in cells if cell.missing).most_common(),
        big_tables=[table for table, _ in big],
        points=len(points),
        judged=claims.judged,
        audit=audit_view(inputs.results),
        blocks=blocks | {"points": points} | {table.name: rows for table, rows in big},
    )


def _records(blocks: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for details in blocks.values():
        yield from (run["record"] for run in details["runs"] if "record" in run)


def _paper(inputs: Inputs, name: str, claims: Claims, known: Evidence) -> PaperView:
    """Return a paper with the tables and figures of all its experiments."""
    parts = [paper for paper in inputs.configuration.papers if paper.name == name]
    verdicts = claims.verdict_at()
    tables = [table_view(inputs, part, table, verdicts) for part in parts for table in part.tables]
    tables += [statistics_view(inputs, part, table) for part in parts for table in part.statistics]
    if (inputs.costs["paper"] == name).any():
        tables.append(complexity_view(inputs, name))
    figures = [figure_view(inputs, part, figure) for part in parts for figure in part.figures]
    cells = [cell for cell in inputs.plan.cells.values() if cell.paper == name]
    facts = parts[0].paper
    tally = _tally(cells, known, claims.verdicts(name))
    return PaperView(name, facts.title, facts.citation, tally, tables, figures)


def _tally(cells: Sequence[Cell], known: Evidence, verdicts: Mapping[str, int]) -> Tally:
    measured = [cell for cell in cells if _is_measured(known, cell)]
    stand_ins = sum(cell.stand_in for cell in measured)
    missing = sum(cell.missing is not None for cell in cells)
    waiting = len(cells) - len(measured) - missing
    return Tally(len(cells), len(measured) - stand_ins, stand_ins, waiting, missing, verdicts)


def _is_measured(known: Evidence, cell: Cell) -> bool:
    rows = known.measurements.get(cell.id)
    return cell.missing is None and rows is not None and bool((rows["status"] == "measured").any())


def _compared(inputs: Inputs) -> Iterator[tuple[BigTable, list[dict[str, Any]]]]:
    """Yield the table of all comparisons, where arms were compared."""
    rows = plain_rows(inputs.comparisons)
    for row in rows:
        cell = CellKey.of_row(row).id
        planned = inputs.plan.cells.get(cell)
        row["cell"] = pair_title(inputs, planned, row["against"]) if planned else f"{cell} against {row['against']}"
        row["place"] = f"{cell}|{row['metric']}|{row['class_name']}" if planned else ""
        row["interval"] = interval(row["low"], row["high"])
    if rows:
        yield BigTable("comparisons", "Comparisons of arms", _ABOUT_COMPARISONS, _COMPARED, len(rows)), rows


def _ranked(inputs: Inputs) -> Iterator[tuple[BigTable, list[dict[str, Any]]]]:
    """Yield the table of ranks over data sets, where arms were ranked."""
    rows = [{**row, "datasets": (row["datasets"] or "").replace(";", ", ")} for row in plain_rows(inputs.rankings)]
    if rows:
        yield BigTable("rankings", "Ranks over data sets", _ABOUT_RANKS, _RANKED, len(rows)), rows
