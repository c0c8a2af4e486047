"""Check the arithmetic of published values, without training anything.

    medattn claims                               all papers of this checkout
    medattn claims --paper gsa --paper oct       these papers
    medattn claims mine.csv                      anyone's published values
    medattn claims mine.csv --facts mine.yaml    with what is known of them beside the numbers
    medattn claims --format csv                  a row per finding, for programs

A published accuracy must be a whole number of images over their number (GRIM), a deviation must fit its mean (GRIMMER),
an accuracy must fit sensitivity and specificity, F1, precision and recall must have a confusion matrix, means over
classes, parameters, significance, totals and the text's own comparisons must be what the tables say. Where a paper
does not state the number of images, its digits are asked.

FILE has the columns of papers/<paper>/published.csv; paper, table, metric, mean and unit (percent, fraction, K, M,
G, T, count, other) are needed, and numbers are read as text, so that a last zero counts. What the checks need to
know beyond the numbers (what was averaged, images a class, formulas, statements of the text) are facts, a YAML file
whose keys config/README.md describes; for FILE without --facts, papers/<paper>/facts.yaml of the checkout is taken
where the paper has one. --counts takes what `medattn complexity --format csv` prints. docs/consistency.md says what
each
check does, when it has no power, and what it found.

A verdict is consistent, inconsistent (it contradicts the stated protocol or another published value; it does not say
why) or undecidable. The exit code is 0 also where numbers are inconsistent: that is the finding. It is 2 where the
check could not be run.
"""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from medattn.errors import UserError
from medattn.suggestions import unknown_name

if TYPE_CHECKING:
    from medattn.config.models.facts import Facts
    from medattn.consistency.check_result import CheckResult
    from medattn.consistency.published import PublishedRow

PAPERS = Path("papers")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("file", nargs="?", type=Path, metavar="FILE", help="published values (default: all papers)")
    parser.add_argument("--paper", action="append", default=[], metavar="NAME", help="only this paper; may stand again")
    parser.add_argument("--facts", type=Path, metavar="FILE", help="what is known of one paper's numbers, in YAML")
    parser.add_argument("--counts", type=Path, metavar="FILE", help="exact counts, from `medattn complexity`")
    parser.add_argument("--check", action="append", default=[], metavar="NAME", help="only this check; may stand again")
    parser.add_argument("--format", choices=("text", "csv", "json"), default="text", help="default: text")
    parser.add_argument("--all", action="store_true", help="text: list every number, not only what is inconsistent")


def run(arguments: argparse.Namespace) -> int:
    """Print the findings.

    Raises:
        UserError: a file is missing or wrong, or a name is unknown.
    """
    from medattn.consistency.check_paper import check_paper
    from medattn.consistency.inputs import read_counts
    from medattn.consistency.registry import CHECKS

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
    _print(results, arguments)
    return 0


def _of_checkout(arguments: argparse.Namespace) -> "dict[str, tuple[list[PublishedRow], Facts]]":
    """Return rows and facts of the papers in papers/."""
    from medattn.config.models.facts import Facts
    from medattn.consistency.published import read_published

    known = sorted(path.parent.name for path in PAPERS.glob("*/published.csv"))
    for name in arguments.paper:
        if name not in known:
            raise UserError(f"--paper: {unknown_name('paper', name, known)}")
    if not known:
        raise UserError(
            f"{PAPERS}: no papers/<paper>/published.csv here; run this in the project's folder or name a file"
        )
    names = list(dict.fromkeys(arguments.paper)) or known
    if arguments.facts and len(names) > 1:
        raise UserError("--facts: goes with one paper; choose it with --paper")
    papers = {}
    for name in names:
        rows = read_published(PAPERS / name / "published.csv")
        own = PAPERS / name / "facts.yaml"
        papers[name] = rows, _facts(arguments.facts or own, rows) if arguments.facts or own.is_file() else Facts()
    return papers


def _of_file(arguments: argparse.Namespace) -> "dict[str, tuple[list[PublishedRow], Facts]]":
    """Return rows and facts of the papers in a file."""
    from medattn.consistency.published import read_published

    papers: dict[str, list[PublishedRow]] = {}
    for row in read_published(arguments.file):
        papers.setdefault(row.paper, []).append(row)
    for name in arguments.paper:
        if name not in papers:
            raise UserError(f"--paper: {unknown_name('paper', name, papers)}")
    names = list(dict.fromkeys(arguments.paper)) or list(papers)
    if arguments.facts and len(names) > 1:
        raise UserError(f"--facts: {arguments.file} holds {len(names)} papers; choose one with --paper")
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
    """Return the checkout's facts on a paper, some rows of which may be absent from a file of the user's."""
    from medattn.config.models.facts import Facts
    from medattn.consistency.inputs import read_facts

    # A paper's name comes from the file's text, so it must be a plain name before it becomes a path.
    path = PAPERS / paper / "facts.yaml"
    return read_facts(path) if Path(paper).name == paper and path.is_file() else Facts()


def _print(results: "list[CheckResult]", arguments: argparse.Namespace) -> None:
    from medattn.consistency.show import as_csv, as_json, as_text

    if arguments.format == "csv":
        sys.stdout.write(as_csv(results))
    elif arguments.format == "json":
        sys.stdout.write(as_json(results))
    else:
        print("\n".join(as_text(results, arguments.all)))
