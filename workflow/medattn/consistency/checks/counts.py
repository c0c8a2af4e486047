"""Are published parameters and operations those of the network?

Method: an exact count, of the facts or of `--counts`, must be rounded to the published value. Where several counts
are given for a row (ways to count, or readings of the text), one that fits is enough.

Source: the counts name theirs.

No power: rows without a count are not listed.
"""

from collections.abc import Iterator
from fractions import Fraction

from medattn.config.models.facts import NetworkCount
from medattn.consistency.check_context import CheckContext
from medattn.consistency.check_result import CheckResult
from medattn.consistency.published import PublishedRow, chosen, named_columns
from medattn.consistency.published_value import SCALES

_PLACE = ("table", "dataset", "backbone", "arm", "metric")


def check(context: CheckContext) -> Iterator[CheckResult]:
    """Yield a result for each published count that is known exactly."""
    known: dict[int, list[NetworkCount]] = {}
    places: dict[tuple[str, ...], list[PublishedRow]] = {}
    for row in context.rows:
        places.setdefault(tuple(getattr(row, column) for column in _PLACE), []).append(row)
    for count in (*context.facts.counts, *context.counts):
        wanted = [getattr(count.rows, column) for column in _PLACE]
        # Those of `medattn complexity` are of one place each, and too many to compare all values with each.
        alone = named_columns(count.rows) == {*_PLACE} and all(len(names) == 1 for names in wanted)
        rows = places.get(tuple(names[0] for names in wanted), ()) if alone else chosen(context.rows, count.rows)
        for row in rows:
            known.setdefault(id(row), []).append(count)
    for row in context.rows:
        if id(row) in known and (row.mean.unit in SCALES or row.mean.unit == "count"):
            yield _result(row, known[id(row)])


def _result(row: PublishedRow, counts: list[NetworkCount]) -> CheckResult:
    scale = SCALES.get(row.mean.unit, 1)
    fits = [count for count in counts if row.mean.is_rounded_from(Fraction(count.count, scale))]
    shown = fits or counts
    return CheckResult(
        row.table,
        row.cell,
        row.mean.text,
        " or ".join(dict.fromkeys(row.mean.like(Fraction(count.count, scale)) for count in shown)),
        "consistent" if fits else "inconsistent",
        "; ".join(dict.fromkeys(f"{count.count:,}: {count.source}" for count in shown)),
    )
