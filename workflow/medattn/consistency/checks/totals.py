"""Do the numbers in the text and in data tables add up, and do they agree with other sources?

Method: addition, and comparison.

Source: the facts name theirs.

No power: never; only totals among the facts are checked.
"""

from collections.abc import Iterator

from medattn.consistency.check_context import CheckContext
from medattn.consistency.check_result import CheckResult


def check(context: CheckContext) -> Iterator[CheckResult]:
    """Yield a result for each total and each stated number."""
    for total in context.facts.totals:
        added = sum(total.parts.values())
        parts = " + ".join(f"{n:,} {name}" for name, n in total.parts.items())
        verdict = "consistent" if added == total.total else "inconsistent"
        yield CheckResult(total.table, total.what, f"{total.total:,}", f"{added:,}", verdict, parts)  # type: ignore[arg-type]
    for stated in context.facts.stated:
        verdict = "consistent" if stated.published == stated.known else "inconsistent"
        yield CheckResult(
            stated.table,
            stated.what,
            f"{stated.published:,}",
            f"{stated.known:,}",
            verdict,  # type: ignore[arg-type]
            stated.source,
        )
