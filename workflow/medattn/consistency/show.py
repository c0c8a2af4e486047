"""The findings as people read them, and as programs do."""

import csv
import io
import json
import re
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from medattn.consistency.check_paper import Audited
from medattn.consistency.findings import VERDICTS

COLUMNS = ("paper", "table", "cell", "check", "published", "expected", "verdict", "note")
_TEXT = "the text"
_WIDTH = 118


def records(audited: Iterable[Audited]) -> list[dict[str, str]]:
    """Return a record per finding with the columns COLUMNS."""
    return [
        {
            "paper": each.paper,
            "table": each.finding.table,
            "cell": each.finding.cell,
            "check": each.check,
            "published": each.finding.published,
            "expected": each.finding.expected,
            "verdict": each.finding.verdict,
            "note": each.finding.note,
        }
        for each in audited
    ]


def as_csv(audited: Iterable[Audited]) -> str:
    """Return the findings as CSV."""
    table = io.StringIO()
    writer = csv.DictWriter(table, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(records(audited))
    return table.getvalue()


def as_json(audited: Iterable[Audited]) -> str:
    """Return the findings as a JSON list."""
    return json.dumps(records(audited), indent=2, ensure_ascii=False) + "\n"


def as_text(audited: Sequence[Audited], everything: bool) -> Iterator[str]:
    """Yield the findings by paper and table, then totals.

    Args:
        audited: all findings.
        everything: whether to list every number, or only summaries and what is inconsistent.
    """
    groups: dict[str, dict[str, list[Audited]]] = {}
    for each in audited:
        table = each.finding.table.replace(";", ", ") or _TEXT
        groups.setdefault(each.paper, {}).setdefault(table, []).append(each)
    for paper, tables in groups.items():
        yield paper
        for table, own in sorted(tables.items(), key=lambda item: _order(item[0])):
            yield f"  {table}: {_totals(own)}"
            for each in own:
                if everything or each.finding.is_summary or each.finding.verdict == "inconsistent":
                    yield from _lines(each)
        yield ""
    yield f"{_totals(audited)} of {len(audited)} findings"
    if not everything:
        yield "shown are summaries and what is inconsistent; --all lists every number"


def _order(table: str) -> tuple[bool, int, list[tuple[int, str]]]:
    """Put the text first, then the tables with table-2 before table-10, then groups of tables."""
    parts = [(int(part) if part.isdigit() else -1, part) for part in re.split(r"(\d+)", table)]
    return table != _TEXT, table.count(","), parts


def _lines(each: Audited) -> Iterator[str]:
    found = each.finding
    against = f"; expected {found.expected}" if found.expected else ""
    head = f"{found.verdict:<12}  {each.check}  {found.cell}: {found.published}{against}"
    yield from textwrap.wrap(head, _WIDTH, initial_indent="    ", subsequent_indent=" " * 18, break_on_hyphens=False)
    if found.note:
        indent = " " * 18
        yield from textwrap.wrap(
            found.note, _WIDTH, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False
        )


def _totals(audited: Iterable[Audited]) -> str:
    times = Counter(each.finding.verdict for each in audited)
    return ", ".join(f"{times[verdict]} {verdict}" for verdict in VERDICTS)
