"""Render tables and figures with each published value next to the reproduced one.

    medattn render --config config.yaml
    medattn render --config config.yaml --table gsa-table-2
    medattn render --config config.yaml --paper gsa --changed
    medattn render --config config.yaml --report

Reads plan.json, measurements.csv, epochs.csv and comparisons.csv of a selection, the published values of its papers,
attention maps and prepared images. Writes tables/<name>.csv, .md and .tex, figures/<name>.svg, .png and .csv, and
captions/<name>.rst for the report, then prints the names of what it rendered.

With --table, --figure or --paper, only these are rendered. With --changed, tables and figures stay as they are if they
were rendered from the same inputs, which rendered/<paper>.json names by their hashes. With --report, the page
report.html is written from the rendered tables and figures: one file that opens offline, with every number, published
and measured, and its provenance. The same input gives the same files, byte for byte.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from medattn.commands.selection import Selected, add_selection_arguments, load_selection
from medattn.errors import UserError
from medattn.layout import complexity_table
from medattn.plan.rendered_items import RenderedItem, rendered_items
from medattn.suggestions import unknown_name


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    add_selection_arguments(parser)
    parser.add_argument("--table", action="append", metavar="NAME", help="render this table only; may be repeated")
    parser.add_argument("--figure", action="append", metavar="NAME", help="render this figure only; may be repeated")
    parser.add_argument("--paper", action="append", metavar="NAME", help="render this paper only; may be repeated")
    parser.add_argument(
        "--changed", action="store_true", help="render only what would change, as the jobs of the workflow do"
    )
    parser.add_argument("--report", action="store_true", help="write report.html from rendered tables and figures")


def run(arguments: argparse.Namespace) -> int:
    """Render the tables and figures of the selection, or its report."""
    chosen = load_selection(arguments)
    if arguments.report:
        from medattn.render.inputs import read_inputs
        from medattn.report.write_report import write_report

        write_report(read_inputs(chosen.results, chosen.configuration, Path()))
        print(f"{chosen.results.report}: written")
        return 0
    items = _items(arguments, chosen)
    current = _render(items, chosen, arguments.changed)
    rendered = [item.name for item in items if item not in current]
    print(f"{chosen.results.folder}: rendered {', '.join(rendered) or 'nothing'}")
    if current:
        print(f"{chosen.results.folder}: up to date are {', '.join(item.name for item in current)}")
    return 0


def _items(arguments: argparse.Namespace, chosen: Selected) -> list[RenderedItem]:
    """Return the tables and figures that the arguments name; without names, all that can be rendered.

    Raises:
        UserError: no paper of the selection has a table or figure of a given name, or a paper is not in the selection.
    """
    items = rendered_items(chosen.plan, chosen.configuration)
    known = {folder: [item.name for item in items if item.folder == folder] for folder in ("tables", "figures")}
    papers = [item.paper for item in items]
    for kind, names, all_names in (
        ("table", arguments.table, known["tables"]),
        ("figure", arguments.figure, known["figures"]),
        ("paper", arguments.paper, list(dict.fromkeys(papers))),
    ):
        for name in names or []:
            if name not in all_names:
                raise UserError(unknown_name(kind, name, all_names))
    named = {*(f"tables/{name}" for name in arguments.table or []), *(f"figures/{n}" for n in arguments.figure or [])}
    shown = set(arguments.paper or ([] if named else papers))
    # Costs are counted by a separate command, so their tables are rendered by default only if complexity.csv exists.
    uncounted = (
        set() if chosen.results.complexity.is_file() else {f"tables/{complexity_table(paper)}" for paper in papers}
    )
    return [item for item in items if item.id in named or (item.paper in shown and item.id not in uncounted)]


def _render(items: Sequence[RenderedItem], chosen: Selected, only_changed: bool) -> list[RenderedItem]:
    """Render tables and figures, write what they were made from, and return those that were up to date."""
    from medattn.render.stamps import Stamps

    stamps = Stamps(chosen.results, chosen.configuration, chosen.plan, Path())
    current = [item for item in items if only_changed and stamps.is_current(item)]
    left = [item for item in items if item not in current]
    if left:
        from medattn.render.inputs import read_inputs
        from medattn.render.render_selection import render

        made_from = {item.id: stamps.of(item) for item in left}
        inputs = read_inputs(chosen.results, chosen.configuration, Path())
        for item in left:
            is_table = item.folder == "tables"
            render(inputs, [item.name] if is_table else [], [] if is_table else [item.name])
            stamps.write(item, made_from[item.id])
    return current
