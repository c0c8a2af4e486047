"""Audit a results folder: verify every file, and recompute everything that follows from the runs.

    medattn audit results/demo
    medattn audit results/demo --replay 3
    medattn audit results/demo --seal

Prints one line a finding (severity, check, place, what is expected, what is found, what to do) and a summary, and
writes audit.json into the folder. --info also prints findings that need no action. docs/audit.md describes each check.

Exit code 0: all holds. 1: something does not hold. 2: the audit could not run. 3: nothing is wrong, but something could
not be checked, such as the code of a commit that this clone does not have.

Run the audit where the workflow runs: it reads papers/ and the data folder there.

--seal writes manifest.json instead: every file with its hash, under one root hash. Snakemake seals at the end of the
workflow; after manual changes, seal the folder yourself. Keep the root hash elsewhere to detect any later change.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from medattn.errors import UserError
from medattn.files import write_json, write_text
from medattn.layout import ResultPaths
from medattn.reading import path_argument
from medattn.suggestions import unknown_name

if TYPE_CHECKING:
    from medattn.audit.context import AuditContext
    from medattn.audit.finding import Finding


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument(
        "folder", type=path_argument, metavar="DIR", help="results folder of a selection, such as results/demo"
    )
    parser.add_argument("--check", action="append", metavar="NAME", help="run this check only; may be repeated")
    parser.add_argument(
        "--replay",
        type=int,
        default=0,
        metavar="N",
        help="also train N random runs again and count every cost again",
    )
    parser.add_argument("--seed", type=int, default=0, help="seed that selects the runs of --replay (default: 0)")
    parser.add_argument("--info", action="store_true", help="also print findings that need no action")
    parser.add_argument("--seal", action="store_true", help="seal the folder: write manifest.json")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="text (default) or json")


def run(arguments: argparse.Namespace) -> int:
    """Audit or seal a results folder."""
    results = ResultPaths(arguments.folder)
    if not results.plan.is_file() and not results.manifest.is_file():
        raise UserError(f"{arguments.folder}: no results to audit (neither plan.json nor manifest.json)")
    return _seal(results) if arguments.seal else _audit(results, arguments)


def _seal(results: ResultPaths) -> int:
    from medattn.audit.manifest import seal
    from medattn.plan.plan_file import read_plan
    from medattn.plan.progress import progress_of
    from medattn.plan.show import plan_csv

    plan = read_plan(results.plan)
    # plan.csv counts finished runs, so it is written again before it is sealed.
    write_text(results.plan_table, plan_csv(plan, progress_of(plan, results)))
    print(f"{results.folder}: sealed as {seal(results, plan)}")
    return 0


def _audit(results: ResultPaths, arguments: argparse.Namespace) -> int:
    from medattn.audit.context import AuditContext
    from medattn.audit.finding import EXIT_CODES, outcome_of
    from medattn.audit.registry import CHECKS
    from medattn.audit.show import audit_value, finding_line, summary_line

    for name in arguments.check or []:
        if name not in CHECKS:
            raise UserError(unknown_name("check", name, CHECKS))
    context = AuditContext(results.folder)
    findings = []
    for finding in _findings(context, arguments):
        findings.append(finding)
        if arguments.format == "text" and (arguments.info or finding.severity != "info"):
            print(finding_line(finding))
    value = audit_value(context, findings)
    if not arguments.check:  # audit.json holds complete audits only
        write_json(results.audit, value)
    if arguments.format == "json":
        json.dump(value, sys.stdout, indent=2, ensure_ascii=False)
        print()
    else:
        print(summary_line(context, findings))
    return EXIT_CODES[outcome_of(findings)]


def _findings(context: "AuditContext", arguments: argparse.Namespace) -> "Iterator[Finding]":
    from medattn.audit.run_checks import run_checks

    yield from run_checks(context, arguments.check)
    if arguments.replay:
        from medattn.audit.replay import replay

        yield from replay(context, arguments.replay, arguments.seed)
