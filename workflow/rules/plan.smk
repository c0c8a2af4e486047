"""plan: freeze the plan once, in the main process; jobs on other nodes read it."""

import json
import subprocess
import sys
from pathlib import Path

# Jobs call the `medattn` of the environment that Snakemake runs in. A job that fails shows the end of its log and keeps
# its exit code: 2 user error, 75 stopped (retry), 137 killed.
shell.prefix(
    f'set -euo pipefail; export PATH="{Path(sys.executable).parent}:$PATH"; '
    'failed() {{ code=$?; [[ $code != 137 ]] || echo "medattn: killed, usually for exceeding its memory or by the '
    'scheduler; finished runs are kept" >>"$1"; tail -n 5 "$1" >&2; exit $code; }}; '
)


def freeze_plan():
    """Run `medattn plan` to validate the configuration and freeze the plan; print the plan, or exit on its error."""
    planning = subprocess.run(
        [
            sys.executable,
            "-P",  # modules in the working folder are not imported in place of Python's
            "-m",
            "medattn",
            "plan",
            "--write",
            "--resolved",
            SELECTION,
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
GRAPH = json.loads((RESULTS / "graph.json").read_text(encoding="utf-8"))
PACKS = GRAPH["packs"]
# GPUs of a training job; with `device: auto`, the default-resources of the profile decide.
GPU = {"cuda": {"gpu": 1}, "cpu": {"gpu": 0}}.get(config.get("device"), {})


wildcard_constraints:
    pack="|".join(PACKS) or "none",
