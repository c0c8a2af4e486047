"""Running the checks over the published values of a paper."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from medattn.config.models.facts import Facts, NetworkCount
from medattn.consistency.evidence import Evidence
from medattn.consistency.findings import Finding
from medattn.consistency.published import Row
from medattn.consistency.registry import CHECKS


@dataclass(frozen=True)
class Audited:
    """A finding with the paper and the check that it comes from."""

    paper: str
    check: str
    finding: Finding


def audit(
    paper: str, rows: Sequence[Row], facts: Facts, counts: Sequence[NetworkCount] = (), checks: Iterable[str] = CHECKS
) -> Iterator[Audited]:
    """Yield the findings on the published values of one paper, check by check.

    Args:
        paper: name of the paper.
        rows: its published values.
        facts: what is known beside them.
        counts: exact counts of networks that were made elsewhere.
        checks: names of the checks to run; default: all.
    """
    evidence = Evidence(tuple(rows), facts, tuple(counts))
    wanted = set(checks)
    for name, check in CHECKS.items():
        if name in wanted:
            for finding in check(evidence):
                yield Audited(paper, name, finding)
