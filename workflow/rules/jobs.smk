"""jobs: the environment of a job, and what it says when it fails."""

import shlex
import shutil
import sys
from pathlib import Path

from snakemake.settings.types import DeploymentMethod

USES_CONDA = DeploymentMethod.CONDA in workflow.deployment_settings.deployment_method
BIN = Path(sys.executable).parent


def quoted(text):
    """Quote a text for the shell, inside of a string that Snakemake formats."""
    return quoted_braces(shlex.quote(str(text)))


def quoted_braces(text):
    """Quote the braces of a text that Snakemake formats."""
    return text.replace("{", "{{").replace("}", "}}")


def own_environment():
    """Return the commands by which a job finds `medattn` where Snakemake runs, or with --sdm conda beside the workflow."""
    if USES_CONDA and not (CODE / "medattn").is_dir():
        sys.exit("medattn: --sdm conda needs a checkout, whose package the jobs use")
    if USES_CONDA:
        return f'export PYTHONPATH={quoted(CODE)}; medattn() {{{{ python -P -m medattn "$@"; }}}}; '
    path = f'export PATH={quoted(BIN)}:"$PATH"; '
    if FIRST_ON_PATH:
        path += f"export PYTHONPATH={quoted(PYTHON_PATH)}; "
    if not shutil.which("medattn", path=str(BIN)):
        path += f'medattn() {{{{ {quoted(sys.executable)} -P -m medattn "$@"; }}}}; '
    return path


# A job that fails shows the end of its log and keeps its exit code: 2 user error, 75 stopped (retry), 137 killed.
shell.prefix(
    "set -euo pipefail; "
    + own_environment()
    + f"export MEDATTN_ALLOW_FEWER={int(ALLOW_FEWER)} MEDATTN_PLAN={PLAN_SHA256}:{quoted(PLAN)}; "
    'failed() {{ code=$?; [[ $code != 137 ]] || echo "medattn: killed, usually for exceeding its memory or by the '
    'scheduler; finished runs are kept" >>"$1"; tail -n 5 "$1" >&2; exit $code; }}; '
    + (quoted_braces(shell._process_prefix or "") if IS_MODULE else "")
)
