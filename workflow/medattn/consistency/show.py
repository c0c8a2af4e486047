"""Results of the consistency checks as text and as rows."""

import re
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from medattn.consistency.check_result import VERDICTS, CheckResult

COLUMNS = ("paper", "table", "cell", "check", "published", "expected", "verdict", "note")
_TEXT = "the text"
_WIDTH = 118


def records(results: Iterable[CheckResult]) -> list[dict[str, str]]:
    """Return a record per result with the columns COLUMNS."""
    return [
        {
            "paper": each.paper,
            "table": each.table,
            "cell": each.cell,
            "check": each.check,
            "published": each.published,
            "expected": each.expected,
            "verdict": each.verdict,
            "note": each.note,
        }
        for each in results
    ]


def as_text(results: Sequence[CheckResult], everything: bool) -> Iterator[str]:
    """Yield the results by paper and table, then totals.

    Args:
        results: all results.
        everything: whether to list every value, or only summaries and inconsistent values.
    """
    groups: dict[str, dict[str, list[CheckResult]]] = {}
    for each in results:
        table = each.table.replace(";", ", ") or _TEXT
        groups.setdefault(each.paper, {}).setdefault(table, []).append(each)
    for paper, tables in groups.items():
        yield paper
        for table, own in sorted(tables.items(), key=lambda item: _order(item[0])):
            yield f"  {table}: {_totals(own)}"
            for each in own:
                if everything or each.is_summary or each.verdict == "inconsistent":
                    yield from _lines(each)
        yield ""
    yield f"{_totals(results)} of {len(results)} results"
    if not everything:
        yield "this list has summaries and inconsistent values; --all lists every value"


def _order(table: str) -> tuple[bool, int, list[tuple[int, str]]]:
    """Put the text first, then the tables with table-2 before table-10, then groups of tables."""
    parts = [(int(part) if part.isdecimal() else -1, part) for part in re.split(r"(\d+)", table)]
    return table != _TEXT, table.count(","), parts


def _lines(each: CheckResult) -> Iterator[str]:
    against = f"; expected {each.expected}" if each.expected else ""
    head = f"{each.verdict:<12}  {each.check}  {each.cell}: {each.published}{against}"
    yield from textwrap.wrap(head, _WIDTH, initial_indent="    ", subsequent_indent=" " * 18, break_on_hyphens=False)
    if each.note:
        indent = " " * 18
        yield from textwrap.wrap(
            each.note, _WIDTH, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False
        )


def _totals(results: Iterable[CheckResult]) -> str:
    times = Counter(each.verdict for each in results)
    return ", ".join(f"{times[verdict]} {verdict}" for verdict in VERDICTS)
