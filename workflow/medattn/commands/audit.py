"""Audit a results folder: verify its files, and recompute its values.

    medattn audit results/demo
    medattn audit results/demo --replay 3
    medattn audit results/demo --seal

Prints one line a finding (severity, check, place, expected, found, what to do) and a summary line, and writes
audit.json into the folder. docs/audit.md describes each check. --info also shows findings that are no errors. Exit
codes: 0 everything holds; 1 something does not; 2 the audit could not run.

Run it in the folder where the workflow runs, which has papers/ and the folder of data.

--seal does not audit. It updates manifest.json, which lists every file with its hash under one root hash. Snakemake
seals a folder as its last step; after manual work, seal it with this command. Keep the root hash elsewhere: it reveals
any later change of a file.
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
    parser.add_argument("folder", type=Path, metavar="DIR", help="results of a selection, such as results/demo")
    parser.add_argument("--check", action="append", metavar="NAME", help="run this check only; may be repeated")
    parser.add_argument(
        "--replay",
        type=int,
        default=0,
        metavar="N",
        help="train N randomly drawn runs again, and compute every cost again",
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the draw of --replay (default: 0)")
    parser.add_argument("--info", action="store_true", help="show findings that are no errors, too")
    parser.add_argument("--seal", action="store_true", help="update manifest.json instead of auditing")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="output format (default: text)")


def run(arguments: argparse.Namespace) -> int:
    """Audit or seal the folder."""
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
    # plan.csv lists finished runs, and more runs may have finished since it was written.
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
    if not arguments.check:  # audit.json is of a complete audit
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
