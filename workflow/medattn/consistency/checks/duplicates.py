"""Do independent measurements have the same digits?

Method: rows that differ only in the named columns, so were measured independently, are compared; equal published values
are reported with the probability that arbitrary last two digits agree anywhere among them.

Source: the usual check for copied rows.

No power: a value can repeat by chance, so a repetition is undecidable by itself; round values repeat easily.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations

from medattn.consistency.evidence import Evidence
from medattn.consistency.findings import Finding
from medattn.consistency.published import Row, chosen


def check(evidence: Evidence) -> Iterator[Finding]:
    """Yield a finding for each pair of equal values among independent rows."""
    for independent in evidence.facts.independent:
        groups: dict[tuple[str, ...], list[Row]] = {}
        for row in chosen(evidence.rows, independent.rows):
            groups.setdefault(row.key(*independent.differ), []).append(row)
        pairs = [pair for rows in groups.values() for pair in combinations(rows, 2)]
        for one, other in pairs:
            if one.mean.text == other.mean.text:
                yield _finding(one, other, len(pairs), independent.differ)


def _finding(one: Row, other: Row, pairs: int, differ: Sequence[str]) -> Finding:
    where = ", ".join(f"{column} {getattr(one, column)} and {getattr(other, column)}" for column in differ)
    by_chance = 1 - 0.99**pairs
    return Finding(
        ";".join(dict.fromkeys((one.table, other.table))),
        one.cell,
        f"{one.mean.text} twice",
        "independent digits",
        "undecidable",
        f"the same value for {where}; {pairs} pairs, so {by_chance:.0%} by chance for the last two digits of any",
        True,
    )
