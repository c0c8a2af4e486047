"""How many independent measurements would the stated significance need?

Method: Welch's test from the published means and deviations is repeated with fewer (or more) measurements, until p is no
longer below the greatest level that may be meant. The least number that keeps p below is set beside the number that
was averaged. Were epochs a series in which each is correlated by r with the one before, m of them would be worth about
m (1 - r)/(1 + r) independent ones: the greatest r at which enough remain is named.

Source: the effective sample size of a first-order autoregressive series, Bayley and Hammersley 1946, Supplement to the
Journal of the Royal Statistical Society 8:184-197.

No power: always `undecidable`, as nobody prints how correlated the epochs of a training are; neighboring ones share
nearly all their weights. Whether the test holds with all measurements taken as independent is the check significance.
Measurements of independent runs are not asked: for them the number stands. Nor is it said that epochs of one training,
however many, stand for other trainings.
"""

from collections.abc import Iterator

from medattn.config.models.facts import SignificanceStatement
from medattn.consistency.checks.significance import Tested, p_values, pairs_tested
from medattn.consistency.evidence import Evidence
from medattn.consistency.findings import Finding

_MOST = 100_000


def check(evidence: Evidence) -> Iterator[Finding]:
    """Yield a finding for each pair that is said to differ, and one for each statement."""
    for statement in evidence.facts.significance:
        pairs = [
            pair
            for pair in pairs_tested(evidence, statement)
            if evidence.measured_on(pair.row).facts.over != "runs"
            and pair.row.mean.value > pair.other.mean.value
            and (not statement.flag or statement.flag in pair.row.flags)
        ]
        level = max(statement.levels)
        needed = [(pair, needs(pair, level)) for pair in pairs]
        yield from (_finding(pair, n, level, evidence) for pair, n in needed)
        if needed:
            yield _summary(statement, needed, level)


def needs(pair: Tested, level: float) -> int | None:
    """Return the least number of independent measurements that keeps Welch's p below a level; None: too many."""
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
    """Return the correlation of neighbors at which so many measurements are worth so many independent ones."""
    return (measurements - needed) / (measurements + needed)


def _finding(pair: Tested, needed: int | None, level: float, evidence: Evidence) -> Finding:
    over = evidence.measured_on(pair.row).facts.over
    note = f"{pair.measurements} {over} are too few even if independent"
    if needed is not None and needed <= pair.measurements:
        note = f"{pair.measurements} {over} are enough if worth as many"
        if over == "epochs":
            r = correlation(pair.measurements, needed)
            note = f"enough if each of the epochs is correlated with the one before by at most {r:.2f}"
    return Finding(
        pair.row.table,
        f"{pair.row.cell} against {pair.other.arm}",
        f"p < {level:g} with {pair.measurements} {over}",
        f"more than {_MOST:,} independent" if needed is None else f"at least {needed} independent",
        "undecidable",
        note,
    )


def _summary(statement: SignificanceStatement, needed: list[tuple[Tested, int | None]], level: float) -> Finding:
    numbers = sorted(n if n is not None else _MOST for _, n in needed)
    return Finding(
        ";".join(dict.fromkeys(pair.row.table for pair, _ in needed)),
        f"*.{statement.arm} against {statement.against}",
        f"{statement.says}: {len(needed)} pairs",
        ", ".join(map(str, numbers)) + " independent measurements",
        "undecidable",
        f"least numbers that keep p < {level:g}",
        True,
    )
