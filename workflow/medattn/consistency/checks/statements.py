"""Do the comparisons that the text makes hold in its tables?

Method: every value that is said to be higher is set against its counterparts, and the difference is known up to the
rounding of both. A statement is inconsistent if for some pair no difference within the rounding fulfils it. Equal
published values don't show that one is higher, nor that it isn't: where they are all that fails, it is undecidable.
A statement that the text makes in general is inconsistent if more than half of its pairs fail, and undecidable if some
do. Each pair that fails is named.

Source: the papers' texts.

No power: equal values; and whether a difference means anything on so few images is no question of arithmetic.
"""

from collections.abc import Iterator
from fractions import Fraction

from medattn.config.models.facts import Statement
from medattn.config.models.row_filter import RowFilter
from medattn.consistency.check_context import CheckContext
from medattn.consistency.check_result import CheckResult, ConsistencyVerdict
from medattn.consistency.published import IDENTITY, PublishedRow, chosen, named_columns

_SHOWN = 12


def check(context: CheckContext) -> Iterator[CheckResult]:
    """Yield a result for each statement."""
    for statement in context.facts.statements:
        rows = chosen(context.rows, statement.rows)
        pairs = list(pairs_of(rows, statement))
        yield _result(statement, pairs) if pairs else _nothing(statement)


def pairs_of(rows: list[PublishedRow], statement: Statement) -> Iterator[tuple[PublishedRow, PublishedRow]]:
    """Yield each row that is said to be higher with each counterpart."""
    higher = chosen(rows, statement.higher)
    lower = chosen(rows, statement.lower or RowFilter())
    free = named_columns(statement.higher) | named_columns(statement.lower or RowFilter())
    own = {id(row) for row in higher}
    by_key: dict[tuple[str, ...], list[PublishedRow]] = {}
    for row in lower:
        if id(row) not in own:
            by_key.setdefault(row.key(*free), []).append(row)
    for row in higher:
        yield from ((row, other) for other in by_key.get(row.key(*free), []))


def _nothing(statement: Statement) -> CheckResult:
    note = "no published value has a counterpart that it could be compared with"
    return CheckResult("", statement.says, "", "", "undecidable", note, True)


def holds(row: PublishedRow, other: PublishedRow, statement: Statement) -> bool:
    """Return whether some numbers that are rounded to the published ones fulfil the statement."""
    least_gain, most_gain = (
        gain(row.mean.low, other.mean.high, statement),
        gain(row.mean.high, other.mean.low, statement),
    )
    if statement.least == 0 and statement.most is None:
        # Just higher: equal published values are not, for a reader.
        return row.mean.value > other.mean.value
    least, most = Fraction(repr(statement.least)), statement.most
    return most_gain >= least and (most is None or least_gain <= Fraction(repr(most)))


def gain(value: Fraction, other: Fraction, statement: Statement) -> Fraction:
    """Return by how much a value is higher, in points or in percent of the lower, as the statement measures it."""
    difference = value - other
    if statement.measured_in == "points":
        return difference
    return difference / other * 100 if other > 0 else Fraction(10**9)


def _result(statement: Statement, pairs: list[tuple[PublishedRow, PublishedRow]]) -> CheckResult:
    failing = [(row, other) for row, other in pairs if not holds(row, other, statement)]
    gains = [gain(row.mean.value, other.mean.value, statement) for row, other in pairs]
    columns = {row.key() for row, _ in pairs}
    failing_columns = {row.key() for row, _ in failing}
    unit = "%" if statement.measured_in == "percent" else " points"
    is_bounded = bool(statement.least) or statement.most is not None
    wanted = f"at least {statement.least:g}" if is_bounded else "more than 0"
    if statement.most is not None:
        wanted += f" and at most {statement.most:g}"
    note = f"{len(failing)} of {len(pairs)} comparisons fail"
    if len(columns) < len(pairs):
        note += f", in {len(failing_columns)} of {len(columns)} columns"
    if failing:
        note += ": " + ", ".join(_shown(row, other) for row, other in failing[:_SHOWN])
        note += ", ..." if len(failing) > _SHOWN else ""
    return CheckResult(
        ";".join(dict.fromkeys(row.table for pair in pairs for row in pair)),
        statement.says,
        f"{wanted}{unit if is_bounded else ''}{', in general' if statement.generally else ''}",
        f"the tables show {_span(gains)}{unit}",
        _verdict(failing, len(pairs), statement),
        note,
        True,
    )


def _verdict(failing: list[tuple[PublishedRow, PublishedRow]], pairs: int, statement: Statement) -> ConsistencyVerdict:
    if not failing:
        return "consistent"
    if statement.generally:
        return "inconsistent" if 2 * len(failing) > pairs else "undecidable"
    equal = statement.least == 0 and all(row.mean.value == other.mean.value for row, other in failing)
    return "undecidable" if equal else "inconsistent"


def _span(gains: list[Fraction]) -> str:
    low, high = f"{float(min(gains)):.4g}", f"{float(max(gains)):.4g}"
    return low if low == high else f"{low} to {high}"


def _shown(row: PublishedRow, other: PublishedRow) -> str:
    differ = [column for column in IDENTITY if getattr(row, column) != getattr(other, column) and column != "split"]
    versus = ".".join(getattr(other, column) for column in differ)
    return f"{row.cell} {row.mean.text} against {versus} {other.mean.text}"
