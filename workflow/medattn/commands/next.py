"""List the open claims by the cost of deciding them, and write the selection of the next round.

    medattn next                            open claims, cheapest first, and the next round
    medattn next --write next.yaml          also write the selection of the next round
    snakemake --cores all --configfile next.yaml

A claim is open if more seeds can give it a verdict: it is inconclusive or not measured, its images are available, and
the selection follows the paper's procedure. Questions of the answer are claims, too: whether a mechanism does more than
vanilla or than its placebo, on average and on each data set. They are open while the answer says "open". For each
claim: the seeds that decide it with 80% probability (as in `medattn power`), its open runs up to there, and their hours
one after the other, from the speed of finished runs or else estimated. Claims that need more than --max-seeds follow
apart.

The next round brings the cells of each claim that can be decided to its next look, since an early look may already
decide it. The written selection has the same name and results: finished runs are reused. It declares the same looks;
its key `seeds.cells` has the cells that go on. The command changes no results; --write writes FILE only.
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from medattn.commands.output_format import add_format_argument, print_rows
from medattn.commands.power import add_spread_arguments, check_spread_arguments
from medattn.commands.selection import Selected, add_selection_arguments, load_selection
from medattn.errors import UserError
from medattn.reading import path_argument

if TYPE_CHECKING:
    from collections.abc import Iterator

    from medattn.config.models.selection import Selection
    from medattn.power.next_runs import NextRuns


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_selection_arguments(parser)
    add_spread_arguments(parser)
    add_format_argument(parser, "the rows under `claims`, and `next_round`")
    parser.add_argument(
        "--max-seeds", type=int, metavar="N", help="maximum number of seeds (default: the last look, or those listed)"
    )
    parser.add_argument(
        "--hours", type=float, metavar="H", help="choose the claims whose runs fit into this time on one worker"
    )
    parser.add_argument("--all", action="store_true", help="show all lines, not only the first 20 of each part")
    parser.add_argument("--write", type=path_argument, metavar="FILE", help="write the selection of the next round")


def run(arguments: argparse.Namespace) -> int:
    """Print the open claims, and write the selection of the next round."""
    check_spread_arguments(arguments)
    chosen = load_selection(arguments, keep=False)
    selection = chosen.configuration.selection
    if arguments.hours is not None and not 0 < arguments.hours < float("inf"):
        raise UserError(f"--hours: must be a number of hours above 0, not {arguments.hours:g}")
    most = _max_seeds(arguments.max_seeds, selection.looks, len(selection.trained_seeds))

    from medattn.power.candidates import candidates
    from medattn.power.next_runs import next_runs
    from medattn.power.next_selection import next_selection, write_selection
    from medattn.power.run_costs import RunCosts
    from medattn.power.show_next import NEXT_COLUMNS, next_json, next_rows
    from medattn.power.spread import assumed_spreads

    claims = candidates(chosen.results, chosen.configuration, chosen.plan, Path())
    spreads = assumed_spreads(claims, chosen.configuration, arguments.sd, arguments.pilot)
    costs = RunCosts(chosen.plan, chosen.configuration, chosen.results, most)
    found = next_runs(claims, selection, spreads, costs, most, arguments.hours)
    if arguments.write is not None:
        write_selection(arguments.write, next_selection(_raw(arguments, chosen), selection, found.seeds))
    print_rows(
        arguments.format,
        next_rows(found),
        NEXT_COLUMNS,
        _lines(found, arguments, selection),
        json_text=next_json(found),
    )
    return 0


def _lines(found: "NextRuns", arguments: argparse.Namespace, selection: "Selection") -> "Iterator[str]":
    from medattn.power.show_next import next_lines

    yield from next_lines(found, selection, arguments.all)
    if arguments.write is not None:
        command = f"train it with `snakemake --cores all --configfile {arguments.write}`"
        same = "the same selection, because no runs are left"
        yield f"  written: {arguments.write}; {command if found.cost.runs else same}"


def _max_seeds(wanted: int | None, looks: tuple[int, ...], trained: int) -> int:
    from medattn.config.models.seeds import MAX_SEEDS

    if wanted is None:
        return looks[-1] if looks else trained
    least = looks[0] if looks else trained
    if not least <= wanted <= MAX_SEEDS:
        raise UserError(f"--max-seeds: must be from {least} to {MAX_SEEDS}, not {wanted}")
    return wanted


def _raw(arguments: argparse.Namespace, chosen: Selected) -> dict[str, object]:
    """Return the selection as plain values: those of its file or, for a frozen plan, with all defaults."""
    from medattn.config.selection_files import read_selection

    return dict(chosen.plan.configuration) if arguments.plan is not None else read_selection(arguments.config or ())[0]
