"""Count parameters, operations and memory of a selection's networks, and compare them with the published values.

    medattn complexity                              the papers of config.yaml
    medattn complexity --format csv                 one row a cell, with every count
    medattn complexity --config config/demo.yaml --speed

Networks are built on the meta device, which has shapes but no memory. Nothing is trained and no images are read.

    params        parameters, and how many of them learn
    gmacs         multiply-accumulates of one image in evaluation, in billions: convolutions, linear layers and
                  matrix products (torch.utils.flop_counter / 2). FLOPs are twice that. Biases, normalization,
                  activations, pooling and elementwise products are not counted.
    macs_per_step multiply-accumulates of a training step that do not depend on the number of images (an attention
                  map that all images share)
    C1, C2, C3    counts by other rules. C1 is that of the profiler thop in 2020 and 2021: it adds 2 per element of
                  batch normalization and adaptive pooling, and ignores matrix products of attention and parameters
                  that are no layer's. C2 adds one per element of each ReLU object. C3 is C2 without pooling.
    memory        bytes of the tensors that a training step with the recipe's batch size saves for its backward pass,
                  in float32

Verdicts: `matches`, if the rounded count has the published digits; `matches as C1 sees it`, if only the count by that
rule has them; `differs` otherwise, with the difference in the note, and whether the classes of another data set of the
paper would give the published value. A row that is published for several data sets is counted for the one whose number
of classes fits most published parameters of the table (column counted_for). If hyper-parameters are searched, the first
grid point is counted, and params_at_grid_end has the parameters of the last one.

--speed trains and evaluates every network on random images on the selection's device and adds images per second: the
median over --repeats steps of each kind, after warm-up steps.

--write saves the rows to results/<selection>/complexity.csv, from which tables and figures are made. If a count
in it would get lost, the command stops with exit code 2, says which and why, and leaves the file as it is;
--allow-fewer goes on.
"""

import argparse

from medattn.commands.output_format import add_format_argument, print_rows
from medattn.commands.selection import add_allow_fewer_argument, add_selection_arguments, load_selection
from medattn.errors import UserError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    add_selection_arguments(parser)
    add_format_argument(parser)
    parser.add_argument("--speed", action="store_true", help="measure images per second on the selection's device")
    parser.add_argument("--repeats", type=int, default=10, metavar="N", help="timed steps with --speed (default: 10)")
    parser.add_argument("--write", action="store_true", help="save the rows to results/<selection>/complexity.csv")
    add_allow_fewer_argument(parser, "complexity.csv")


def run(arguments: argparse.Namespace) -> int:
    """Count, then print and save the rows."""
    if arguments.repeats < 1:
        raise UserError("--repeats: must be at least 1")
    chosen = load_selection(arguments, keep=False)

    from pathlib import Path

    from medattn.complexity.rows import complexity_columns, complexity_csv, complexity_rows, write_complexity
    from medattn.complexity.terminal import complexity_lines
    from medattn.own_code import without_bytecode

    device = chosen.configuration.selection.device if arguments.speed else None
    with without_bytecode():  # own mechanisms are imported
        rows = complexity_rows(chosen.plan, chosen.configuration.datasets, Path(), device, arguments.repeats)
    if arguments.write:
        write_complexity(chosen.results.complexity, rows, allow_fewer=arguments.allow_fewer)
    columns, lines = complexity_columns(rows), complexity_lines(rows)
    print_rows(arguments.format, rows, columns, lines, csv_text=complexity_csv(rows))
    return 0
