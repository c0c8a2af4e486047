"""The plan, made once by the controlling process; jobs on other nodes read what it froze."""

import json
import subprocess
import sys
from pathlib import Path

# Jobs call `medattn` of the environment that Snakemake itself runs in. When one fails, what it said last is shown, and its
# exit code is kept: 2 for what a person must mend, 75 for a job that was asked to stop, 137 for one that was killed.
shell.prefix(
    f'set -euo pipefail; export PATH="{Path(sys.executable).parent}:$PATH"; '
    'failed() {{ code=$?; [[ $code != 137 ]] || echo "medattn: killed from outside: too little memory, most often, or the '
    'scheduler; what has ended is kept" >>"$1"; tail -n 5 "$1" >&2; exit $code; }}; '
)


def freeze_plan():
    """Let `medattn plan` check the configuration and freeze the plan; show it, or its one line of error."""
    name = Path((workflow.overwrite_configfiles or ["config.yaml"])[-1]).absolute()
    if name.is_relative_to(Path.cwd()):
        name = name.relative_to(Path.cwd())
    planning = subprocess.run(
        [
            sys.executable,
            "-m",
            "medattn",
            "plan",
            "--write",
            "--resolved",
            str(name),
        ],
        input=json.dumps(config),
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if planning.returncode:
        sys.exit(planning.returncode)
    print(planning.stdout, file=sys.stderr)


if workflow.is_main_process:
    freeze_plan()

RESULTS = Path(config.get("results", "results")) / config["selection"]
PLAN = RESULTS / "plan.json"
GRAPH = json.loads((RESULTS / "graph.json").read_text())
PACKS = GRAPH["packs"]
# What training jobs ask for; with `device: auto`, what the profile has among its default-resources.
GPU = {"cuda": {"gpu": 1}, "cpu": {"gpu": 0}}.get(config.get("device"), {})


wildcard_constraints:
    pack="|".join(PACKS) or "none",
