"""Export the results of a selection as a research object (RO-Crate), which people and programs read without medattn.

    medattn crate results/demo
    medattn crate results/demo --arrays

Writes results/<selection>/crate/: tables, figures, measurements, record and history of every run, the workflow, and
ro-crate-metadata.json, which describes how each file was made (Provenance Run Crate 0.5). Open ro-crate-preview.html in
a browser. Scores and attention maps are large and only included with --arrays; records have their hashes.
"""

import argparse

from medattn.errors import UserError
from medattn.layout import ResultPaths
from medattn.reading import path_argument


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument(
        "folder", type=path_argument, metavar="DIR", help="results of a selection, such as results/demo"
    )
    parser.add_argument("--arrays", action="store_true", help="include scores and attention maps")


def run(arguments: argparse.Namespace) -> int:
    """Write the crate."""
    results = ResultPaths(arguments.folder)
    if not results.plan.is_file():
        raise UserError(f"{arguments.folder}: no results (no plan.json)")

    from contextlib import chdir

    from medattn.audit.context import AuditContext
    from medattn.audit.manifest import sealed_files
    from medattn.crate.write_crate import write_crate

    context = AuditContext(arguments.folder)
    with chdir(context.root):
        sealed = sealed_files(context.results.folder)
        count = write_crate(context, sealed, context.results.crate, arguments.arrays)
    print(f"{results.crate}: {count} files; open {results.crate / 'ro-crate-preview.html'}")
    return 0
