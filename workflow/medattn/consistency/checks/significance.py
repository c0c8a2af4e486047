"""Do the published means and deviations give the significance that is stated?

Method: Student's and Welch's two-sided t-test from mean, deviation and number of measurements, as the paper did or may
have done it, with the least and the greatest p that the rounding of the four numbers allows. A statement is
inconsistent where no rounding brings a p below the greatest level that may be meant, and undecidable where a level
lies between. All tests of the paper are one family: how many remain with Bonferroni's and with Holm's correction is
counted at the family-wise level 0.05.

Source: Student 1908; Welch 1947; Holm 1979. Whether the measurements are independent is another question: epochs of one
training are not, so these p are too small even where they agree.

No power: no deviations, or an unknown number of measurements. An arm whose mean is impossible for that number (GRIM) is
said to be so.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, product

from medattn.config.models.facts import SignificanceStatement
from medattn.consistency.check_context import CheckContext
from medattn.consistency.check_result import CheckResult, ConsistencyVerdict
from medattn.consistency.granularity import counts
from medattn.consistency.published import PublishedRow, chosen


@dataclass(frozen=True)
class PairTest:
    """Two arms with the tests between them.

    Attributes:
        student: p of Student's test.
        welch: p of Welch's test.
        least: the least p of both that rounding allows.
        most: the greatest.
    """

    row: PublishedRow
    other: PublishedRow
    measurements: int
    student: float
    welch: float
    least: float
    most: float

    @property
    def p(self) -> float:
        """The p of Welch's test, which decides the verdict because it assumes no equal variances."""
        return self.welch


def check(context: CheckContext) -> Iterator[CheckResult]:
    """Yield a result for each pair, one for each statement, and one for the family."""
    family: dict[tuple[int, int], PairTest] = {}
    by_statement: list[tuple[SignificanceStatement, list[PairTest]]] = []
    for statement in context.facts.significance:
        tested = list(pairs_tested(context, statement))
        by_statement.append((statement, tested))
        family.update({(id(pair.row), id(pair.other)): pair for pair in tested})
    for statement, tested in by_statement:
        yield from (_result(pair, statement, context) for pair in tested)
        yield _summary(statement, tested) if tested else _nothing(statement)
    if len(family) > 1:
        level = min(level for statement in context.facts.significance for level in statement.levels)
        yield _corrected(list(family.values()), by_statement, level)


def p_values(mean: float, std: float, other_mean: float, other_std: float, measurements: int) -> tuple[float, float]:
    """Return the two-sided p of Student's and of Welch's t-test between two samples of one size."""
    from scipy import stats

    if std == 0 and other_std == 0:
        equal = float(mean == other_mean)
        return equal, equal
    first, second = (mean, std, measurements), (other_mean, other_std, measurements)
    return (
        float(stats.ttest_ind_from_stats(*first, *second, equal_var=True).pvalue),
        float(stats.ttest_ind_from_stats(*first, *second, equal_var=False).pvalue),
    )


def remaining(p: Sequence[float], level: float) -> tuple[int, int]:
    """Return how many p remain below a level with Bonferroni's and with Holm's correction."""
    ordered = sorted(p)
    holm = 0
    for i, value in enumerate(ordered):
        if value >= level / (len(ordered) - i):
            break
        holm += 1
    return sum(value < level / len(ordered) for value in ordered), holm


def pairs_tested(context: CheckContext, statement: SignificanceStatement) -> Iterator[PairTest]:
    """Yield each pair of arms that a statement is about, tested, where mean, deviation and number are known."""
    for row in chosen(context.rows, statement.rows):
        other = context.counterpart(row, arm=statement.against)
        measurements = context.measured_on(row).facts.averaged
        if row.arm != statement.arm or other is None or not row.std or not other.std or measurements < 2:
            continue
        center = p_values(
            float(row.mean.value), float(row.std.value), float(other.mean.value), float(other.std.value), measurements
        )
        edges = [
            p
            for corner in product(
                (row.mean.low, row.mean.high),
                (max(row.std.low, row.std.value / 2), row.std.high),
                (other.mean.low, other.mean.high),
                (max(other.std.low, other.std.value / 2), other.std.high),
            )
            for p in p_values(float(corner[0]), float(corner[1]), float(corner[2]), float(corner[3]), measurements)
        ]
        yield PairTest(row, other, measurements, *center, min(*edges, *center), max(*edges, *center))


def _verdict(pair: PairTest, statement: SignificanceStatement) -> ConsistencyVerdict:
    low, high = min(statement.levels), max(statement.levels)
    if statement.flag and statement.flag not in pair.row.flags:
        # Without the mark the difference is said not to be significant, at whatever level is meant.
        return "consistent" if pair.p >= high else "undecidable" if pair.least >= low else "inconsistent"
    if pair.p < low and pair.row.mean.value > pair.other.mean.value:
        return "consistent"
    return "inconsistent" if pair.least >= high else "undecidable"


def _result(pair: PairTest, statement: SignificanceStatement, context: CheckContext) -> CheckResult:
    row, other = pair.row, pair.other
    says = f"p < {' or '.join(f'{level:g}' for level in statement.levels)}"
    if statement.flag:
        says = f"{statement.flag}, {says}" if statement.flag in row.flags else f"no {statement.flag}"
    note = f"{row.mean.text} ({row.std.text if row.std else ''}) against {other.mean.text} "
    note += f"({other.std.text if other.std else ''}), {pair.measurements} measurements each"
    note += f": Student p = {pair.student:.2g}"
    for each in (row, other):
        images = context.measured_on(each).images
        if images and not counts(each.mean, images * pair.measurements):
            note += f"; {each.arm} is no mean of {pair.measurements}"
    cell = f"{row.cell} against {other.arm}"
    return CheckResult(row.table, cell, says, f"Welch p = {pair.p:.2g}", _verdict(pair, statement), note)


def _nothing(statement: SignificanceStatement) -> CheckResult:
    note = "no pair of arms with means, deviations and a known number of measurements"
    return CheckResult(
        "", f"*.{statement.arm} against {statement.against}", statement.says, "", "undecidable", note, True
    )


def _summary(statement: SignificanceStatement, tested: list[PairTest]) -> CheckResult:
    about = [pair for pair in tested if not statement.flag or statement.flag in pair.row.flags]
    verdicts = [_verdict(pair, statement) for pair in about]
    levels = sorted(statement.levels)
    parts = [f"{sum(pair.p < levels[0] for pair in about)} below {levels[0]:g}"]
    parts += [
        f"{sum(low <= pair.p < high for pair in about)} between {low:g} and {high:g}" for low, high in pairwise(levels)
    ]
    parts.append(f"{sum(pair.p >= levels[-1] for pair in about)} not below {levels[-1]:g}")
    failing = [pair for pair in about if pair.p >= levels[0]]
    if failing:
        parts.append("not below the least: " + ", ".join(f"{pair.row.cell} p = {pair.p:.2g}" for pair in failing))
    return CheckResult(
        ";".join(dict.fromkeys(pair.row.table for pair in tested)),
        f"*.{statement.arm} against {statement.against}",
        f"{statement.says}: {len(about)} pairs",
        f"{sum(pair.p < levels[0] for pair in about)} of {len(about)} at p < {levels[0]:g}",
        "inconsistent" if "inconsistent" in verdicts else "undecidable" if "undecidable" in verdicts else "consistent",
        "; ".join(parts),
        True,
    )


def _corrected(
    family: list[PairTest], statements: list[tuple[SignificanceStatement, list[PairTest]]], nominal: float
) -> CheckResult:
    # The usual family-wise level; the nominal one of single tests is far stricter than papers correct to.
    level = 0.05
    bonferroni, holm = remaining([pair.p for pair in family], level)
    each = ", ".join(
        f"{sum(pair.p < level / len(family) for pair in tested)} of {len(tested)} against {statement.against}"
        for statement, tested in statements
    )
    return CheckResult(
        ";".join(dict.fromkeys(pair.row.table for pair in family)),
        "*",
        f"{len(family)} tests, no correction stated",
        f"{bonferroni} of {len(family)} by Bonferroni, {holm} by Holm",
        "undecidable",
        f"family-wise level {level:g}: Bonferroni p < {level / len(family):.2g}, {each}; at {nominal:g} uncorrected "
        f"{sum(pair.p < nominal for pair in family)}",
        True,
    )
