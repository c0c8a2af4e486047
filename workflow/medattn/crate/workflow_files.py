"""The files of the workflow that a crate contains."""

from pathlib import Path

from medattn.errors import UserError
from medattn.shipped import SHIPPED

SNAKEFILE = "Snakefile"
WORKFLOW = "workflow/Snakefile"
WORKFLOW_FILES = (
    SNAKEFILE,
    WORKFLOW,
    *(path.relative_to(SHIPPED).as_posix() for path in sorted(SHIPPED.glob("workflow/rules/*.smk"))),
)


def software_file(name: str) -> Path:
    """Return the path of a file of the workflow.

    Raises:
        UserError: the installed package is damaged.
    """
    path = SHIPPED / name
    if not path.is_file():
        raise UserError(f"{path}: no such file; a crate contains the workflow; install medattn again")
    return path
