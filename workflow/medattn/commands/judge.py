"""Give every published value and every published comparison of the selection's papers a verdict.

Reads measurements.csv, readings.csv and complexity.csv, the published values of the papers
(papers/<paper>/published.csv) and the facts about them (facts.yaml). Writes claims.csv: one row per claim with the
published value, the measured value, the verdict (reproduced, not reproduced, inconclusive, or not measured, with the
reason), and whether another reading of what the paper leaves open changes the verdict. The rule is fixed in advance;
its thresholds are the keys under `verdicts` of the selection. Prints the number of each verdict by paper.

If a value of claims.csv would get lost, for example because a file that it follows from is missing, the command
stops with exit code 2, says which and why, and leaves the file as it is; --allow-fewer goes on.
"""

import argparse
from pathlib import Path

from medattn.commands.selection import add_allow_fewer_argument, add_selection_arguments, load_selection


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    add_selection_arguments(parser)
    add_allow_fewer_argument(parser, "claims.csv")


def run(arguments: argparse.Namespace) -> int:
    """Write the verdicts and print their numbers."""
    from medattn.judge.counts import verdict_lines
    from medattn.judge.table import write_claims

    chosen = load_selection(arguments)
    table = write_claims(chosen.results, chosen.configuration, chosen.plan, Path(), allow_fewer=arguments.allow_fewer)
    print("\n".join([*verdict_lines(table), f"written: {chosen.results.claims}"]))
    return 0
