"""Do the numbers in the text and in data tables add up, and are they what is known from elsewhere?

Method: addition, and comparison.

Source: the facts name theirs.

No power: never; what is not among the facts is not checked.
"""

from collections.abc import Iterator

from medattn.consistency.evidence import Evidence
from medattn.consistency.findings import Finding


def check(evidence: Evidence) -> Iterator[Finding]:
    """Yield a finding for each total and each stated number."""
    for total in evidence.facts.totals:
        added = sum(total.parts.values())
        parts = " + ".join(f"{n:,} {name}" for name, n in total.parts.items())
        verdict = "consistent" if added == total.total else "inconsistent"
        yield Finding(total.table, total.what, f"{total.total:,}", f"{added:,}", verdict, parts)  # type: ignore[arg-type]
    for stated in evidence.facts.stated:
        verdict = "consistent" if stated.published == stated.known else "inconsistent"
        yield Finding(
            stated.table,
            stated.what,
            f"{stated.published:,}",
            f"{stated.known:,}",
            verdict,  # type: ignore[arg-type]
            stated.source,
        )
