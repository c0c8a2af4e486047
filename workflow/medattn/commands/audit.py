"""Audit a results folder: whether all in it is what it says, and comes out again when it is computed again.

    medattn audit results/demo
    medattn audit results/demo --replay 3
    medattn audit results/demo --seal

Prints a line a finding (severity, check, place, what is expected, what is found, what to do) and a line at the end, and
writes audit.json into the folder. Exit code 0: all holds; 1: something does not; 2: it could not run. What is only
worth knowing is shown with --info. docs/audit.md says what each check looks at.

Run it where the workflow runs: papers/ and the folder of data are looked for here.

--seal writes manifest.json anew instead: every file with its hash, under one root hash. Snakemake does that last of
all; after work by hand it is yours to do. Keep the root hash elsewhere, and nobody can change a file unseen.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from medattn.errors import UserError
from medattn.files import write_json, write_text
from medattn.layout import ResultPaths
from medattn.suggestions import unknown_name

if TYPE_CHECKING:
    from medattn.audit.context import AuditContext
    from medattn.audit.finding import Finding


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument("folder", type=Path, metavar="DIR", help="the results of a selection, such as results/demo")
    parser.add_argument("--check", action="append", metavar="NAME", help="run this check only (may be repeated)")
    parser.add_argument(
        "--replay",
        type=int,
        default=0,
        metavar="N",
        help="train N runs again, drawn at random, and count every cost again",
    )
    parser.add_argument("--seed", type=int, default=0, help="what draws the runs of --replay (default: 0)")
    parser.add_argument("--info", action="store_true", help="show also what is no fault, but worth knowing")
    parser.add_argument("--seal", action="store_true", help="seal the folder: write manifest.json anew")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="text for people, json for programs")


def run(arguments: argparse.Namespace) -> int:
    """Audit or seal."""
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
    # The table of the plan says what is done; by now that is more than when it was written.
    write_text(results.plan_table, plan_csv(plan, progress_of(plan, results)))
    print(f"{results.folder}: sealed as {seal(results, plan)}")
    return 0


def _audit(results: ResultPaths, arguments: argparse.Namespace) -> int:
    from medattn.audit.context import AuditContext
    from medattn.audit.registry import CHECKS
    from medattn.audit.show import audit_value, finding_line, holds, summary_line

    for name in arguments.check or []:
        if name not in CHECKS:
            raise UserError(unknown_name("check", name, CHECKS))
    subject = AuditContext(results.folder)
    findings = []
    for finding in _findings(subject, arguments):
        findings.append(finding)
        if arguments.format == "text" and (arguments.info or finding.severity != "info"):
            print(finding_line(finding))
    value = audit_value(subject, findings)
    if not arguments.check:  # part of an audit is none
        write_json(results.audit, value)
    if arguments.format == "json":
        json.dump(value, sys.stdout, indent=2, ensure_ascii=False)
        print()
    else:
        print(summary_line(subject, findings))
    return 0 if holds(findings) else 1


def _findings(subject: "AuditContext", arguments: argparse.Namespace) -> "Iterator[Finding]":
    from medattn.audit.run_checks import examine

    yield from examine(subject, arguments.check)
    if arguments.replay:
        from medattn.audit.replay import replay

        yield from replay(subject, arguments.replay, arguments.seed)
