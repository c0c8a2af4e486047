"""plan: look at the plan while parsing, freeze it when work starts; jobs read the frozen plan."""

import hashlib
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

# `--config allow_fewer=true` lets finished numbers leave the results. It belongs to one call, not to the selection.
ALLOW_FEWER = str(config.pop("allow_fewer", "")).lower() in ("true", "yes", "1")
SELECTION_JSON = json.dumps(config)


def quoted(text):
    """Quote a text for the shell, inside of a string that Snakemake formats."""
    return shlex.quote(str(text)).replace("{", "{{").replace("}", "}}")


# Jobs call the `medattn` of the environment that Snakemake runs in. A job that fails shows the end of its log and keeps
# its exit code: 2 user error, 75 stopped (retry), 137 killed.
shell.prefix(
    f'set -euo pipefail; export PATH={quoted(Path(sys.executable).parent)}:"$PATH"; '
    + (f"export PYTHONPATH={quoted(PYTHON_PATH)}; " if FIRST_ON_PATH else "")
    + f"export MEDATTN_ALLOW_FEWER={int(ALLOW_FEWER)}; "
    'failed() {{ code=$?; [[ $code != 137 ]] || echo "medattn: killed, usually for exceeding its memory or by the '
    'scheduler; finished runs are kept" >>"$1"; tail -n 5 "$1" >&2; exit $code; }}; '
)


def plan_selection(*options):
    """Run `medattn plan` on the configuration and return what it prints, or exit on its error."""
    planning = subprocess.run(
        [
            sys.executable,
            "-P",  # modules in the working folder are not imported in place of Python's
            *("-m", "medattn", "plan", "--resolved", SELECTION),
            *(["--allow-fewer"] if ALLOW_FEWER else []),
            *options,
        ],
        input=SELECTION_JSON,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if planning.returncode:
        sys.exit(planning.returncode)
    return planning.stdout


PLANNED = json.loads(plan_selection("--graph")) if workflow.is_main_process else None

RESULTS = Path(config.get("results", "results")) / config["selection"]
PLAN = RESULTS / "plan.json"
GRAPH = (
    PLANNED["graph"]
    if PLANNED
    else json.loads((RESULTS / "graph.json").read_text(encoding="utf-8"))
)
# Tables are made again when the plan changes.
PLAN_SHA256 = (
    PLANNED["plan_sha256"] if PLANNED else hashlib.sha256(PLAN.read_bytes()).hexdigest()
)
PACKS = GRAPH["packs"]


def plan_is_frozen():
    """Return whether the results folder has the plan that was parsed."""
    return (
        PLAN.is_file() and hashlib.sha256(PLAN.read_bytes()).hexdigest() == PLAN_SHA256
    )


def tables_are_of_plan():
    """Return whether the tables, if there are any, are of the plan that was parsed."""
    measured = RESULTS / "measurements.csv"
    return not measured.is_file() or (
        plan_is_frozen() and PLAN.stat().st_mtime <= measured.stat().st_mtime
    )


def with_frozen_plan(files):
    """Return a function for the input of a rule: `files`, unless no hook would write the plan of the selection."""

    def checked(wildcards):
        # Snakemake knows its options when it asks for inputs, not yet while it parses.
        settings = workflow.execution_settings
        if PLANNED and settings and settings.no_hooks and not plan_is_frozen():
            raise WorkflowError(
                f"medattn: {PLAN}: not the plan of the selection, and with --no-hooks Snakemake does not write it; "
                "leave out --no-hooks, or run `medattn plan --write` first"
            )
        return files

    return checked


# Snakemake compares the plan with that of the last call only for files that it has made itself.
if PLANNED and not tables_are_of_plan():
    workflow.dag_settings.forcerun = frozenset(
        {*workflow.dag_settings.forcerun, "measure_runs", "count_complexity"}
    )
# GPUs of a training job; with `device: auto`, the default-resources of the profile decide.
GPU = {"cuda": {"gpu": 1}, "cpu": {"gpu": 0}}.get(config.get("device"), {})
OWNERS = []


# Dry runs, --lint, --summary, --dag and --report start no work, so they write no plan.
onstart:
    if workflow.is_main_process:
        from medattn.layout import ResultPaths
        from medattn.training.plan_owners import PlanOwner

        OWNERS.append(PlanOwner(ResultPaths(RESULTS)))
        try:
            plan_selection(
                "--write", "--expect", PLAN_SHA256, "--owner", str(os.getpid())
            )
        except SystemExit:
            OWNERS.pop().end()
            raise


onsuccess:
    for owner in OWNERS:
        owner.end()


onerror:
    for owner in OWNERS:
        owner.end()


wildcard_constraints:
    pack="|".join(PACKS) or "none",
