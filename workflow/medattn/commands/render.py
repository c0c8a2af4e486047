"""Render tables and figures with each published value next to the reproduced one.

    medattn render --config config.yaml
    medattn render --config config.yaml --table gsa-table-2
    medattn render --config config.yaml --report

Reads plan.json, measurements.csv, epochs.csv and comparisons.csv of a selection, the published values of its papers,
attention maps and prepared images. Writes tables/<name>.csv, .md and .tex, figures/<name>.svg, .png and .csv, and
captions/<name>.rst for the report, then prints the names of what it rendered.

With --table or --figure, only these are rendered. With --report, the page report.html is written from the rendered
tables and figures: one file that opens offline, with every number, published and measured, and its provenance. The same
input gives the same files, byte for byte.
"""

import argparse
from pathlib import Path

from medattn.commands.selection import add_selection_arguments, load_selection


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    add_selection_arguments(parser)
    parser.add_argument("--table", action="append", metavar="NAME", help="render this table only; may be repeated")
    parser.add_argument("--figure", action="append", metavar="NAME", help="render this figure only; may be repeated")
    parser.add_argument("--report", action="store_true", help="write report.html from rendered tables and figures")


def run(arguments: argparse.Namespace) -> int:
    """Render the tables and figures of the selection, or its report."""
    from medattn.render.inputs import read_inputs
    from medattn.render.render_selection import render

    chosen = load_selection(arguments)
    inputs = read_inputs(chosen.results, chosen.configuration, Path())
    if arguments.report:
        from medattn.report.write_report import write_report

        write_report(inputs)
        print(f"{chosen.results.report}: written")
        return 0
    named = bool(arguments.table or arguments.figure)
    written = render(inputs, arguments.table or [], arguments.figure or []) if named else render(inputs)
    print(f"{chosen.results.folder}: rendered {', '.join(written) or 'nothing'}")
    return 0
