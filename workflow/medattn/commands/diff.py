"""Compare two results folders: selection, code, data, runs, numbers and verdicts.

    medattn diff results/demo /media/copy
    medattn diff results/before results/after --all
    medattn diff results/before results/after --format csv

Compares the plans (selection, software, data sets, cells with their settings), the finished runs (the hashes of their
files), and, row by row, measurements.csv, comparisons.csv, complexity.csv, claims.csv and answer.csv. Numbers are equal
if all their digits are. What can't be compared, such as a table of another version, is named. Nothing is written.

Exit code as that of diff: 0: equal. 1: different. 2: a folder can't be read, or nothing differs but something could not
be compared.
"""

import argparse
from pathlib import Path

from medattn.commands.output_format import add_format_argument, print_rows
from medattn.errors import UserError
from medattn.layout import ResultPaths
from medattn.reading import path_argument


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument(
        "a", type=path_argument, metavar="A", help="results folder of a selection, such as results/demo"
    )
    parser.add_argument("b", type=path_argument, metavar="B", help="another one")
    parser.add_argument("--all", action="store_true", help="show all differences, not only the first 10 of each part")
    add_format_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the differences."""
    a, b = _results(arguments.a), _results(arguments.b)

    from medattn.diff.compare_plans import compare_plans
    from medattn.diff.compare_tables import compare_tables
    from medattn.diff.difference_row import DIFF_COLUMNS, FolderDifferences
    from medattn.diff.show import diff_lines

    found = FolderDifferences()
    compare_plans(a, b, found)
    compare_tables(a, b, found)
    lines = diff_lines(str(arguments.a), str(arguments.b), found, arguments.all)
    print_rows(arguments.format, (row.row() for row in found.rows), DIFF_COLUMNS, lines)
    return found.exit_code


def _results(folder: Path) -> ResultPaths:
    results = ResultPaths(folder)
    if not results.plan.is_file():
        raise UserError(f"{folder}: no results (no plan.json)")
    return results
