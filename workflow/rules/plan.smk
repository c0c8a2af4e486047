"""plan: look at the plan while parsing, freeze it when work starts; jobs read the frozen plan."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

from medattn.reading import path_argument
from snakemake.exceptions import WorkflowError

# `--config allow_fewer=true` lets finished numbers leave the results. It belongs to one call, so `medattn plan` refuses
# it in the file of a selection.
ALLOW_FEWER = "allow_fewer" in workflow.config_settings.config and str(
    config.pop("allow_fewer", "")
).lower() in ("true", "yes", "1")
SELECTION_JSON = json.dumps(config)


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

RESULTS = path_argument(config.get("results", "results")) / config["selection"]
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


def with_frozen_plan(rule, files):
    """Return a function for the input of `rule`: `files`, and the rule runs again if its tables are of another plan."""

    name = workflow.modifier.modify_rulename(rule)  # of a module, with its prefix

    def checked(wildcards):
        # Snakemake knows its options when it asks for inputs, not yet while it parses.
        settings = workflow.execution_settings
        if PLANNED and settings and settings.no_hooks and not plan_is_frozen():
            raise WorkflowError(
                f"medattn: {PLAN}: not the plan of the selection, and with --no-hooks Snakemake does not write it; "
                "leave out --no-hooks, or run `medattn plan --write` first"
            )
        # It compares the plan with that of the last call only for files that it has made itself.
        if PLANNED and not tables_are_of_plan():
            workflow.dag.forcerules.add(workflow.get_rule(name))
        return files

    return checked


# GPUs of a training job; with `device: auto`, the default-resources of the profile decide.
GPU = {"cuda": {"gpu": 1}, "cpu": {"gpu": 0}}.get(config.get("device"), {})
OWNERS = []


def freeze_plan():
    """Write the plan and own it, so that no other workflow replaces it."""
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


def release_plan():
    """Let other workflows replace the plan."""
    while OWNERS:
        OWNERS.pop().end()


# Dry runs, --lint, --summary, --dag and --report start no work, so they write no plan.
onstart:
    freeze_plan()


onsuccess:
    release_plan()


onerror:
    release_plan()


def also_call(own, hook):
    """Call `own` before whatever the workflow that uses this one runs at a hook: declared before `module`, or after."""
    declare = getattr(workflow, hook)

    def before(theirs):
        def both(log):
            own()
            theirs(log)

        return both

    setattr(workflow, f"_{hook}", before(getattr(workflow, f"_{hook}")))
    setattr(workflow, hook, lambda theirs: declare(before(theirs)))


# Snakemake ignores the hooks of a module.
if IS_MODULE:
    also_call(freeze_plan, "onstart")
    also_call(release_plan, "onsuccess")
    also_call(release_plan, "onerror")


wildcard_constraints:
    pack="|".join(PACKS) or "none",
