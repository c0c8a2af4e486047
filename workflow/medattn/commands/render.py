"""Render tables and figures: what was measured, beside what was printed.

Reads plan.json, measurements.csv, epochs.csv and comparisons.csv of a selection, the printed numbers of its
papers, attention maps and prepared images. Writes tables/<name>.csv, .md and .tex, figures/<name>.svg, .png
and .csv, and captions/<name>.rst for the report, then prints where they lie and how
arms compare with vanilla.

    medattn render --config config.yaml
    medattn render --config config.yaml --table gsa-table-2

With --table or --figure, which may be given several times, only what is named is rendered, without a summary.
The same input gives the same files, byte for byte.
"""

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument(
        "--config", type=Path, default=Path("config.yaml"), metavar="FILE", help="the selection"
    )
    parser.add_argument(
        "--root", type=Path, default=Path(), metavar="DIR", help="folder in which papers/ lies"
    )
    parser.add_argument("--table", action="append", metavar="NAME", help="render this table only")
    parser.add_argument("--figure", action="append", metavar="NAME", help="render this figure only")


def run(arguments: argparse.Namespace) -> int:
    """Render the tables and figures of the selection."""
    from medattn.config.load import read_configuration
    from medattn.layout import Results
    from medattn.render.everything import render
    from medattn.render.inputs import read_inputs
    from medattn.render.summary import summary

    configuration = read_configuration(arguments.config, arguments.root)
    selection = configuration.selection
    results = Results(Path(selection.results) / selection.selection)
    inputs = read_inputs(results, configuration, arguments.root)
    named = bool(arguments.table or arguments.figure)
    if named:
        render(inputs, arguments.table or [], arguments.figure or [])
    else:
        render(inputs)
        print(summary(inputs), end="")
    return 0
