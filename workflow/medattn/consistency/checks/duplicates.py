"""Do independent measurements have the same digits?

Method: rows that differ only in the named columns were measured independently. Equal published values among them are
reported with the probability that arbitrary last two digits agree anywhere among them.

Source: the usual check for copied rows.

No power: a value can repeat by chance, so a repetition alone is undecidable; round values repeat easily.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations

from medattn.consistency.check_context import CheckContext
from medattn.consistency.check_result import CheckResult
from medattn.consistency.published import PublishedRow, chosen


def check(context: CheckContext) -> Iterator[CheckResult]:
    """Yield a result for each pair of equal values among independent rows."""
    for independent in context.facts.independent:
        groups: dict[tuple[str, ...], list[PublishedRow]] = {}
        for row in chosen(context.rows, independent.rows):
            groups.setdefault(row.key(*independent.differ), []).append(row)
        pairs = [pair for rows in groups.values() for pair in combinations(rows, 2)]
        for one, other in pairs:
            if one.mean.text == other.mean.text:
                yield _result(one, other, len(pairs), independent.differ)


def _result(one: PublishedRow, other: PublishedRow, pairs: int, differ: Sequence[str]) -> CheckResult:
    where = ", ".join(f"{column} {getattr(one, column)} and {getattr(other, column)}" for column in differ)
    by_chance = 1 - 0.99**pairs
    return CheckResult(
        ";".join(dict.fromkeys((one.table, other.table))),
        one.cell,
        f"{one.mean.text} twice",
        "independent digits",
        "undecidable",
        f"the same value for {where}; {pairs} pairs, so {by_chance:.0%} by chance for the last two digits of any",
        True,
    )
