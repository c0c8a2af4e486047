"""Audit a results folder: verify every file, and recompute everything that follows from the runs.

    medattn audit results/demo
    medattn audit results/demo --all
    medattn audit results/demo --replay 3
    medattn audit results/demo --seal
    medattn audit results/demo --seal --sign ~/.ssh/id_ed25519
    medattn audit results/demo --signers signers.txt

Prints what does not hold, what could not be checked (each cause once, with the command that fixes or checks it) and
what holds. --all prints one line a finding instead, --format csv one row. Nothing is written. docs/audit.md describes
each check.

Exit code 0: all holds. 1: something does not hold. 2: the audit could not run. 3: nothing is wrong, but something could
not be checked, such as images that are not on this machine or the code of a commit that this clone does not have.

The folder may be a copy, anywhere, read-only. The audit takes papers and data from the project that the folder lies in,
else from the working directory, else from the checkout of this software; --root names another project.

Python code of the audited project (own metrics, figures and mechanisms) is run only where the project is that of the
working directory, or with --run-own-code. Read it first.

--check X audits only one part; the outcome is about this part. --write also writes audit.json into the folder, which
the report then shows. --replay trains runs again; the draw is random, and --seed repeats it.

--seal writes manifest.json instead: every file with its hash, under one root hash, and adds a line to seals.jsonl, the
history of all seals. Snakemake seals at the end of the workflow; after manual changes, seal the folder yourself. Anyone
who can write to the folder can seal it again, and two anchors outside of it reveal that: --expect-root compares the
root hash with one that you kept elsewhere; --seal --sign KEY signs the seal with an OpenSSH key, and --signers FILE
verifies the signatures, as `ssh-keygen -Y verify` does.
"""

import argparse
import json
import logging
import os
import secrets
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from medattn.commands.output_format import add_format_argument, print_rows
from medattn.errors import UserError
from medattn.files import write_bytes, write_json
from medattn.layout import ResultPaths
from medattn.reading import path_argument, read_bytes
from medattn.suggestions import unknown_name

log = logging.getLogger(__name__)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from medattn.audit.context import AuditContext
    from medattn.audit.finding import Finding
    from medattn.audit.manifest import NewSeal
    from medattn.audit.run_checks import AuditCheck
    from medattn.audit.show import Audit

_LARGEST_SEED = 2**32
_OTHER_OPTIONS = {"replay": "--replay N", "anchor": "--signers FILE or --expect-root HASH"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument(
        "folder", type=path_argument, metavar="DIR", help="results folder of a selection, such as results/demo"
    )
    parser.add_argument("--check", action="append", metavar="NAME", help="run this check only; may be repeated")
    parser.add_argument(
        "--replay",
        type=_replayed,
        metavar="N",
        help="also train N random runs again, or `all`, and count every cost again",
    )
    parser.add_argument("--seed", type=_seed, metavar="SEED", help="repeat the draw of --replay (default: a new draw)")
    parser.add_argument("--all", action="store_true", help="print one line a finding, not grouped by cause")
    parser.add_argument("--info", action="store_true", help="also print what needs no action")
    parser.add_argument("--root", type=Path, metavar="DIR", help="project with papers/ and data (default: see above)")
    parser.add_argument(
        "--run-own-code",
        action="store_true",
        help="run Python code of the audited project, such as own metrics, although the project is not this one",
    )
    writing = parser.add_mutually_exclusive_group()
    writing.add_argument("--write", action="store_true", help="write audit.json into the folder")
    writing.add_argument("--seal", action="store_true", help="seal the folder: write manifest.json")
    parser.add_argument("--sign", type=Path, metavar="KEY", help="with --seal: sign the seal with an OpenSSH key")
    parser.add_argument("--signers", type=Path, metavar="FILE", help="verify that a key of FILE signed the last seal")
    parser.add_argument("--expect-root", metavar="HASH", help="verify that the last seal has this root hash")
    add_format_argument(parser, "the content of audit.json")


def _replayed(text: str) -> int:
    """Return a number of runs; -1 for all of them."""
    if text == "all":
        return -1
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text[:10]) <= 1_000_000 or len(text) > 7:
        raise argparse.ArgumentTypeError("not a number of runs: use a number from 1 to 1000000, or all")
    return int(text)


def _seed(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 10 or int(text) >= _LARGEST_SEED:
        raise argparse.ArgumentTypeError(f"not a seed: use a number from 0 to {_LARGEST_SEED - 1}")
    return int(text)


def run(arguments: argparse.Namespace) -> int:
    """Audit or seal a results folder."""
    from medattn.audit.finding import EXIT_CODES

    results = ResultPaths(arguments.folder)
    _refuse(arguments, results)
    from medattn.audit.context import AuditContext

    context = AuditContext(arguments.folder, arguments.root, arguments.run_own_code)
    if arguments.seal:
        return _seal(context, arguments.sign)
    audit = _audited(context, arguments)
    _print(audit, arguments)
    if arguments.write:
        from medattn.audit.show import audit_value

        write_json(results.audit, audit_value(audit))
    return EXIT_CODES[audit.outcome]


def _refuse(arguments: argparse.Namespace, results: ResultPaths) -> None:
    """Refuse folders and arguments with which no audit can run.

    Raises:
        UserError: there is nothing to audit, or the arguments contradict each other.
    """
    from medattn.audit.registry import CHECKS

    try:
        if not results.folder.is_dir() or not any(
            path.name in (results.plan.name, results.manifest.name) for path in results.folder.iterdir()
        ):
            raise UserError(f"{arguments.folder}: no results to audit (neither plan.json nor manifest.json)")
    except OSError as error:
        raise UserError(
            f"{arguments.folder}: cannot be read ({error.strerror}); audit a copy that you can read"
        ) from error
    for name in arguments.check or []:
        if name in _OTHER_OPTIONS:
            raise UserError(f"--check {name}: another option makes it: {_OTHER_OPTIONS[name]}")
        if name not in CHECKS:
            raise UserError(f"{unknown_name('check', name, CHECKS).partition('; valid')[0]}; all: {', '.join(CHECKS)}")
    if (arguments.write or arguments.seal) and not os.access(results.folder, os.W_OK):
        raise UserError(f"{arguments.folder}: cannot be written; audit it without --write, or a copy of it")
    if arguments.write and arguments.check:
        raise UserError("audit --write: audit.json holds complete audits; leave out --check")
    if arguments.sign is not None and not arguments.seal:
        raise UserError("audit --sign: it signs a new seal; give --seal, too")
    if arguments.seed is not None and arguments.replay is None:
        raise UserError("audit --seed: it repeats a draw of --replay; give --replay, too")


def _seal(context: "AuditContext", key: Path | None) -> int:
    from contextlib import chdir

    from medattn.audit.anchors import check_key, sign
    from medattn.audit.folder_files import folder_files
    from medattn.audit.manifest import seal
    from medattn.plan.plan_file import read_plan
    from medattn.plan.progress import progress_of
    from medattn.plan.show import plan_csv

    results, shown = context.results, context.shown
    plan = read_plan(results.plan)
    if key is not None:
        check_key(key)  # before anything is written
    had_audit = results.audit.is_file()
    with chdir(context.root):  # the seal names papers and images by their paths from there
        # plan.csv counts finished runs, so it is written again before it is sealed.
        table = plan_csv(plan, progress_of(plan, results)).encode()
        if not results.plan_table.is_file() or read_bytes(results.plan_table) != table:
            write_bytes(results.plan_table, table)
            print(f"{shown}: plan.csv, which counts finished runs, was written again")
        new = seal(results, plan)
    if new.carried:
        folders = ", ".join(sorted({str(Path(name).parent) for name in new.carried}))
        print(f"{shown}: not on this machine, so sealed as they were: {len(new.carried)} files of {folders}")
    print(f"{shown}: sealed as {new.root}")
    for line in _outdated(context, new, had_audit):
        print(f"{shown}: {line}")
    for name, problem in sorted(folder_files(results.folder).not_sealed.items()):
        log.warning("%s: not sealed: %s", results.folder / name, problem)
    if key is not None:
        print(f"{shown}: signed in {sign(results, key)}")
    return 0


def _outdated(context: "AuditContext", new: "NewSeal", had_audit: bool) -> "Iterator[str]":
    """Yield what is about an earlier seal, with the command that makes it again."""
    from medattn.audit.obstacles import in_project, plan_argument

    results = context.results
    if had_audit and not results.audit.is_file():
        command = f"medattn audit {shlex.quote(str(context.shown))} --write"
        yield f"audit.json was removed, since it was about an earlier seal; to write another: {command}"
    if results.report.is_file() and new.root.encode() not in read_bytes(results.report):
        command = in_project(context, f"medattn render --report --plan {plan_argument(context)}")
        yield f"report.html shows another root hash; to make it again: {command}"
    if results.crate.is_dir() and new.is_other:
        command = in_project(context, f"medattn crate {shlex.quote(context.path_from_root(results.folder))}")
        yield f"crate/ was written before this seal; to write it again: {command}"


def _audited(context: "AuditContext", arguments: argparse.Namespace) -> "Audit":
    from medattn.audit.run_checks import check_results
    from medattn.audit.show import Audit

    checks = [*check_results(context, arguments.check), *_anchors(context, arguments)]
    if arguments.replay is None:
        return Audit(context, checks)
    from medattn.audit.replay import replay

    seed = secrets.randbelow(_LARGEST_SEED) if arguments.seed is None else arguments.seed
    count = None if arguments.replay < 0 else arguments.replay
    findings, drawn = replay(context, count, seed)
    return Audit(context, checks, findings, drawn)


def _anchors(context: "AuditContext", arguments: argparse.Namespace) -> "Iterator[AuditCheck]":
    from medattn.audit.advice import advised
    from medattn.audit.anchors import CHECK, check_root, check_signatures
    from medattn.audit.run_checks import AuditCheck

    def _advised(findings: "Iterator[Finding]") -> "tuple[Finding, ...]":
        return tuple(advised(context, finding) for finding in findings)

    if arguments.expect_root is not None:
        yield AuditCheck(CHECK, True, "a kept root hash", _advised(check_root(context, arguments.expect_root)))
    if arguments.signers is not None:
        yield AuditCheck(CHECK, True, "signatures", _advised(check_signatures(context, arguments.signers)))


def _print(audit: "Audit", arguments: argparse.Namespace) -> None:
    from dataclasses import asdict, fields

    from medattn.audit.finding import Finding
    from medattn.audit.show import audit_lines, audit_value

    print_rows(
        arguments.format,
        (asdict(finding) for finding in audit.findings),
        [field.name for field in fields(Finding)],
        audit_lines(audit, arguments.all, arguments.info),
        json_text=json.dumps(audit_value(audit), indent=2, ensure_ascii=False) if arguments.format == "json" else None,
    )
