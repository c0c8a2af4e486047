"""Run the consistency checks over the published values of a paper."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from medattn.config.models.facts import Facts, NetworkCount
from medattn.consistency.check_context import CheckContext
from medattn.consistency.check_result import CheckResult
from medattn.consistency.published import PublishedRow
from medattn.consistency.registry import CHECKS


def check_paper(
    paper: str,
    rows: Sequence[PublishedRow],
    facts: Facts,
    counts: Sequence[NetworkCount] = (),
    checks: Iterable[str] = CHECKS,
) -> Iterator[CheckResult]:
    """Yield the results for the published values of one paper, check by check.

    Args:
        paper: name of the paper.
        rows: its published values.
        facts: what the paper states besides its tables.
        counts: exact parameter and operation counts of its networks.
        checks: names of the checks to run; default: all.
    """
    context = CheckContext(tuple(rows), facts, tuple(counts))
    selected = set(checks)
    for name, check in CHECKS.items():
        if name in selected:
            for result in check(context):
                yield replace(result, paper=paper, check=name)
