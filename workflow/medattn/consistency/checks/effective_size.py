"""How many independent measurements would the stated significance need?

Method: Welch's test from the published means and deviations is repeated with fewer or more measurements, to find the
least number at which p stays below the greatest level that may be meant. That number is compared with the number that
was averaged. If epochs are a series in which each is correlated by r with the one before, m of them are worth about
m (1 - r)/(1 + r) independent ones; the note reports the greatest r at which enough remain.

Source: the effective sample size of a first-order autoregressive series, Bayley and Hammersley 1946, Supplement to the
Journal of the Royal Statistical Society 8:184-197.

No power: always `undecidable`, because no paper publishes the correlation between epochs; neighboring epochs share
nearly all weights. The check significance tells whether the test holds with all measurements taken as independent.
Measurements of independent runs are not checked. The check does not say what another training would give.
"""

from collections.abc import Iterator

from medattn.config.models.facts import SignificanceStatement
from medattn.consistency.check_context import CheckContext
from medattn.consistency.check_result import CheckResult
from medattn.consistency.checks.significance import PairTest, p_values, pairs_tested

_MOST = 100_000


def check(context: CheckContext) -> Iterator[CheckResult]:
    """Yield a result for each pair that is said to differ, and one for each statement."""
    for statement in context.facts.significance:
        pairs = [
            pair
            for pair in pairs_tested(context, statement)
            if context.measured_on(pair.row).facts.over != "runs"
            and pair.row.mean.value > pair.other.mean.value
            and (not statement.flag or statement.flag in pair.row.flags)
        ]
        level = max(statement.levels)
        needed = [(pair, needs(pair, level)) for pair in pairs]
        yield from (_result(pair, n, level, context) for pair, n in needed)
        if needed:
            yield _summary(statement, needed, level)


def needs(pair: PairTest, level: float) -> int | None:
    """Return the least number of independent measurements that keeps Welch's p below a level; None if there is none."""
    row, other = pair.row, pair.other
    if row.std is None or other.std is None:
        return None
    values = tuple(map(float, (row.mean.value, row.std.value, other.mean.value, other.std.value)))

    def is_enough(measurements: int) -> bool:
        mean, std, other_mean, other_std = values
        return p_values(mean, std, other_mean, other_std, measurements)[1] < level

    few, many = 1, 2
    while not is_enough(many):
        if many > _MOST:
            return None
        few, many = many, 2 * many
    while many - few > 1:
        middle = (few + many) // 2
        few, many = (few, middle) if is_enough(middle) else (middle, many)
    return many


def correlation(measurements: int, needed: int) -> float:
    """Return the correlation of neighbors at which the measurements are worth the needed independent ones."""
    return (measurements - needed) / (measurements + needed)


def _result(pair: PairTest, needed: int | None, level: float, context: CheckContext) -> CheckResult:
    over = context.measured_on(pair.row).facts.over
    note = f"{pair.measurements} {over} are too few even if independent"
    if needed is not None and needed <= pair.measurements:
        note = f"{pair.measurements} {over} are enough if worth as many"
        if over == "epochs":
            r = correlation(pair.measurements, needed)
            note = f"enough if each of the epochs is correlated with the one before by at most {r:.2f}"
    return CheckResult(
        pair.row.table,
        f"{pair.row.cell} against {pair.other.arm}",
        f"p < {level:g} with {pair.measurements} {over}",
        f"more than {_MOST:,} independent" if needed is None else f"at least {needed} independent",
        "undecidable",
        note,
    )


def _summary(statement: SignificanceStatement, needed: list[tuple[PairTest, int | None]], level: float) -> CheckResult:
    numbers = sorted(n if n is not None else _MOST for _, n in needed)
    return CheckResult(
        ";".join(dict.fromkeys(pair.row.table for pair, _ in needed)),
        f"*.{statement.arm} against {statement.against}",
        f"{statement.says}: {len(needed)} pairs",
        ", ".join(map(str, numbers)) + " independent measurements",
        "undecidable",
        f"least numbers that keep p < {level:g}",
        True,
    )
