"""plan: look at the plan while parsing, freeze it when work starts; jobs read the frozen plan."""

import hashlib
import importlib.util
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

# `--config allow_fewer=true` lets finished numbers leave the results. It belongs to one call, not to the selection.
ALLOW_FEWER = str(config.pop("allow_fewer", "")).lower() in ("true", "yes", "1")
SELECTION = json.dumps(config)

# The package beside the rules is used, whatever is installed: an edit of a checkout has an effect there.
CODE = Path(workflow.current_basedir.get_path_or_uri(secret_free=False)).parent


def quoted(text):
    """Quote a text for the shell, inside of a string that Snakemake formats."""
    return shlex.quote(str(text)).replace("{", "{{").replace("}", "}}")


def code_to_use():
    """Return the folder to put before all others on PYTHONPATH, or None where the installed package is the one to use.

    Say in one line where another package is installed. Exit where the folder cannot be on PYTHONPATH.
    """
    if not (CODE / "medattn" / "__init__.py").is_file():
        return (
            None  # a workflow that was loaded from elsewhere, with an installed package
        )
    installed = importlib.util.find_spec("medattn")
    place = Path(installed.origin).parent if installed and installed.origin else None
    if place is not None and place.resolve() == (CODE / "medattn").resolve():
        return None
    if os.pathsep in str(CODE):
        sys.exit(
            f"medattn: the installed package, {place}, is not the one beside the workflow, {CODE}, whose path contains "
            f"'{os.pathsep}'; run `pip install --editable .` in that checkout, or move it"
        )
    if workflow.is_main_process:
        print(
            f"medattn: uses the package beside the workflow, {CODE / 'medattn'}, not the installed one, {place}",
            file=sys.stderr,
        )
    return CODE


FIRST_ON_PATH = code_to_use()
if FIRST_ON_PATH is not None:
    os.environ["PYTHONPATH"] = os.pathsep.join(
        [str(FIRST_ON_PATH), *filter(None, [os.environ.get("PYTHONPATH")])]
    )

# Jobs call the `medattn` of the environment that Snakemake runs in. A job that fails shows the end of its log and keeps
# its exit code: 2 user error, 75 stopped (retry), 137 killed.
shell.prefix(
    f'set -euo pipefail; export PATH={quoted(Path(sys.executable).parent)}:"$PATH"; '
    + (
        f"export PYTHONPATH={quoted(os.environ['PYTHONPATH'])}; "
        if FIRST_ON_PATH
        else ""
    )
    + f"export MEDATTN_ALLOW_FEWER={int(ALLOW_FEWER)}; "
    'failed() {{ code=$?; [[ $code != 137 ]] || echo "medattn: killed, usually for exceeding its memory or by the '
    'scheduler; finished runs are kept" >>"$1"; tail -n 5 "$1" >&2; exit $code; }}; '
)


def plan_selection(*options):
    """Run `medattn plan` on the configuration and return what it prints, or exit on its error."""
    name = Path((workflow.overwrite_configfiles or ["config.yaml"])[-1]).absolute()
    if name.is_relative_to(Path.cwd()):
        name = name.relative_to(Path.cwd())
    planning = subprocess.run(
        [
            sys.executable,
            *("-m", "medattn", "plan", "--resolved", str(name)),
            *(["--allow-fewer"] if ALLOW_FEWER else []),
            *options,
        ],
        input=SELECTION,
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
    PLANNED["graph"] if PLANNED else json.loads((RESULTS / "graph.json").read_text())
)
# Tables are made again when the plan changes.
PLAN_SHA256 = (
    PLANNED["plan_sha256"] if PLANNED else hashlib.sha256(PLAN.read_bytes()).hexdigest()
)
PACKS = GRAPH["packs"]
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
