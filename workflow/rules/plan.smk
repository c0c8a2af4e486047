"""The plan, made once by the controlling process; jobs on other nodes read what it froze."""

import json
import subprocess
import sys
from pathlib import Path

# Jobs call `medattn` of the environment that Snakemake itself runs in.
shell.prefix(f'set -euo pipefail; export PATH="{Path(sys.executable).parent}:$PATH"; ')


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
# A GPU is asked for where the selection demands one; `device: auto` takes what the node has (profiles add `gpu`).
GPUS = 1 if config.get("device") == "cuda" else 0


wildcard_constraints:
    pack="|".join(PACKS) or "none",
