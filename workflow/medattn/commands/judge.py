"""Judge every published value and every published comparison of the selection's papers.

Reads measurements.csv and complexity.csv, the published values of the papers (papers/<paper>/published.csv) and what
they say of them (facts.yaml). Writes claims.csv: a row per claim with what was published, what was measured and the
verdict: reproduced, not reproduced, inconclusive, or not measured, with the reason. The rule is fixed in advance; its
thresholds are the keys under `verdicts` of the selection. Prints how often each verdict was given, by paper.
"""

import argparse
from pathlib import Path

from medattn.commands.selection import add_selection_arguments, selected


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_selection_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Judge."""
    from medattn.judge.counts import verdict_lines
    from medattn.judge.table import write_claims

    chosen = selected(arguments)
    table = write_claims(chosen.results, chosen.configuration, chosen.plan, Path())
    print("\n".join([*verdict_lines(table), f"written: {chosen.results.claims}"]))
    return 0
