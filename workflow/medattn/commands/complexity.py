"""Count what the networks of a selection cost, beside what their papers print, with a verdict a cell.

    medattn complexity                              the papers of config.yaml
    medattn complexity --format csv                 a row a cell, with every count
    medattn complexity --config config/demo.yaml --speed

Nothing is trained and no data are read: networks are built where tensors have shapes but no memory. Counted are

    params        parameters, and how many of them learn
    gmacs         multiply-accumulates of one image in evaluation, in billions: convolutions, linear layers and
                  matrix products (torch.utils.flop_counter / 2). FLOPs are twice that. Biases, normalization,
                  activations, pooling and elementwise products are left out.
    macs_per_step multiply-accumulates that a training step spends once, however many images it has (an attention
                  map that all images share)
    C1, C2, C3    what other counting rules see. C1 is that of the profiler thop in 2020 and 2021: 2 per element of
                  batch normalization and the adaptive pools as well, but no matrix product of attention and no
                  parameter held directly. C2 adds one per element of each ReLU object, C3 is C2 without the pools.
    memory        bytes of the tensors that a training step at the recipe's batch keeps for its backward pass, in
                  float32

A published value is met where a count, rounded, has its digits. `matches`: what is there has them. `matches as C1
sees it`: only that rule's count has them. `differs`: none has; the note says by how much, and whether the head of
another data set of the paper would do. A row published for several data sets is counted for the one whose number of
classes fits most published parameters of the table (column counted_for). Where hyper-parameters are searched, the first
values of the grid are counted, and params_at_grid_end says what the last ones give.

--speed trains and evaluates every network for a few steps on random images on the selection's device, and adds images
per second: the median over --repeats steps of each kind, after a few that are not timed.

--write keeps the rows in results/<selection>/complexity.csv, from which tables and figures are made.
"""

import argparse
import json
import sys

from medattn.commands.selection import add_selection_arguments, selected
from medattn.errors import UserError
from medattn.files import write_text


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_selection_arguments(parser)
    parser.add_argument(
        "--format", choices=("text", "csv", "json"), default="text", help="text for people, csv or json for programs"
    )
    parser.add_argument("--speed", action="store_true", help="measure images per second on the selection's device")
    parser.add_argument("--repeats", type=int, default=10, metavar="N", help="timed steps with --speed (default: 10)")
    parser.add_argument("--write", action="store_true", help="keep the rows in results/<selection>/complexity.csv")


def run(arguments: argparse.Namespace) -> int:
    """Count, and print or keep the rows."""
    if arguments.repeats < 1:
        raise UserError("--repeats: at least 1")
    chosen = selected(arguments, keep=False)

    from pathlib import Path

    from medattn.complexity.rows import complexity_csv, complexity_rows
    from medattn.complexity.terminal import complexity_lines

    device = chosen.configuration.selection.device if arguments.speed else None
    rows = complexity_rows(chosen.plan, chosen.configuration.datasets, Path(), device, arguments.repeats)
    if arguments.write:
        write_text(chosen.results.complexity, complexity_csv(rows))
    if arguments.format == "csv":
        sys.stdout.write(complexity_csv(rows))
    elif arguments.format == "json":
        print(json.dumps(rows, indent=2, ensure_ascii=False))
    else:
        print("\n".join(complexity_lines(rows)))
    return 0
