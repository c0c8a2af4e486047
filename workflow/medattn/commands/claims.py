"""Check the consistency of published values, without training anything.

    medattn claims                               all papers, of papers/ and shipped ones
    medattn claims --paper gsa --paper oct       these papers
    medattn claims mine.csv                      any published values
    medattn claims mine.csv --facts mine.yaml    with facts about them, in YAML
    medattn claims --format csv                  one row per finding, for programs

Checks include: a published accuracy is a whole number of images divided by their number (GRIM); a deviation fits its
mean (GRIMMER); an accuracy fits sensitivity and specificity; a confusion matrix exists for F1, precision and recall;
means over classes, numbers of parameters, significance, totals and comparisons in the text agree with the tables. If a
paper does not state the number of images, the checks infer possible numbers from the digits. docs/consistency.md
describes each check, when it has no power, and its findings.

FILE has the columns of papers/<paper>/published.csv. Required columns are paper, table, metric, mean and unit (percent,
fraction, K, M, G, T, count, other). Numbers are read as text, because trailing zeros count. Facts are a YAML file with
other information that the checks need (what was averaged, images per class, formulas, statements of the text);
config/README.md describes its keys. Without --facts, papers/<paper>/facts.yaml is used if it exists.
--counts takes the output of `medattn complexity --format csv`.

Verdicts: consistent; inconsistent (the value contradicts the stated protocol or another published value, for an unknown
reason); undecidable. The exit code is 0 even if values are inconsistent, and 2 if the checks could not run.
"""

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING

from medattn.closed_model import NAME_PATTERN
from medattn.commands.output_format import add_format_argument, print_rows
from medattn.errors import UserError
from medattn.reading import path_argument
from medattn.shipped import paper_folder, paper_names, searched_for_papers
from medattn.suggestions import unknown_name

if TYPE_CHECKING:
    from medattn.config.models.facts import Facts
    from medattn.consistency.published import PublishedRow


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument(
        "file", nargs="?", type=path_argument, metavar="FILE", help="published values (default: all papers)"
    )
    parser.add_argument("--paper", action="append", default=[], metavar="NAME", help="paper to check; may be repeated")
    parser.add_argument("--facts", type=path_argument, metavar="FILE", help="facts about one paper's values, in YAML")
    parser.add_argument(
        "--counts", type=path_argument, metavar="FILE", help="counts of `medattn complexity --format csv`"
    )
    parser.add_argument("--check", action="append", default=[], metavar="NAME", help="run this check; may be repeated")
    add_format_argument(parser)
    parser.add_argument("--all", action="store_true", help="in the table: list all values, not only inconsistent ones")


def run(arguments: argparse.Namespace) -> int:
    """Print the findings.

    Raises:
        UserError: a file is missing or invalid, or a name is unknown.
    """
    from medattn.consistency.check_paper import check_paper
    from medattn.consistency.inputs import read_counts
    from medattn.consistency.registry import CHECKS
    from medattn.consistency.show import COLUMNS, as_text, records

    for name in arguments.check:
        if name not in CHECKS:
            raise UserError(f"--check: {unknown_name('check', name, CHECKS)}")
    papers = _of_file(arguments) if arguments.file else _of_checkout(arguments)
    counts = read_counts(arguments.counts) if arguments.counts else {}
    results = [
        result
        for paper, (rows, facts) in papers.items()
        for result in check_paper(
            paper, rows, facts, counts.get(paper) or counts.get("") or [], arguments.check or CHECKS
        )
    ]
    print_rows(arguments.format, records(results), COLUMNS, as_text(results, arguments.all))
    return 0


def _of_checkout(arguments: argparse.Namespace) -> "dict[str, tuple[list[PublishedRow], Facts]]":
    """Return rows and facts of the papers in papers/ and of the shipped ones."""
    from medattn.config.models.facts import Facts
    from medattn.consistency.published import read_published

    known = paper_names(Path(), "published.csv")
    for name in arguments.paper:
        if name not in known:
            searched = searched_for_papers(Path("papers"), "published.csv")
            raise UserError(f"--paper: {unknown_name('paper', name, known)} {searched}")
    if not known:
        raise UserError("no papers/<paper>/published.csv here; run this in the project's folder or name a file")
    names = list(dict.fromkeys(arguments.paper)) or known
    if arguments.facts and len(names) > 1:
        raise UserError("--facts: needs a single paper; select it with --paper")
    papers = {}
    for name in names:
        folder = paper_folder(Path(), name)
        rows, own = read_published(folder / "published.csv"), folder / "facts.yaml"
        papers[name] = rows, _facts(arguments.facts or own, rows) if arguments.facts or own.is_file() else Facts()
    return papers


def _of_file(arguments: argparse.Namespace) -> "dict[str, tuple[list[PublishedRow], Facts]]":
    """Return rows and facts of the papers in a file."""
    from medattn.consistency.published import read_published

    papers: dict[str, list[PublishedRow]] = {}
    for row in read_published(arguments.file):
        papers.setdefault(row.paper, []).append(row)
    if not papers:
        raise UserError(f"{arguments.file}: no published values below the first line")
    for name in arguments.paper:
        if name not in papers:
            raise UserError(f"--paper: {unknown_name('paper', name, papers)}")
    names = list(dict.fromkeys(arguments.paper)) or list(papers)
    if arguments.facts and len(names) > 1:
        raise UserError(f"--facts: {arguments.file} holds {len(names)} papers; select one with --paper")
    if arguments.facts:
        return {name: (papers[name], _facts(arguments.facts, papers[name])) for name in names}
    return {name: (papers[name], _own_facts(name)) for name in names}


def _facts(path: Path, rows: "list[PublishedRow]") -> "Facts":
    """Return the facts of a file, which must be about these rows."""
    from medattn.consistency.inputs import check_rows, read_facts

    facts = read_facts(path)
    check_rows(facts, rows, str(path))
    return facts


def _own_facts(paper: str) -> "Facts":
    """Return the known facts about a paper, of which the user's file may have some rows only."""
    from medattn.config.models.facts import Facts
    from medattn.consistency.inputs import read_facts

    # The name is text from the user's file: it must be a plain name to become a path.
    if re.fullmatch(NAME_PATTERN, paper) is None:
        return Facts()
    path = paper_folder(Path(), paper) / "facts.yaml"
    return read_facts(path) if path.is_file() else Facts()
