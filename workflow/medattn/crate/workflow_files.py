"""The files of the workflow that a crate contains."""

from pathlib import Path

from medattn.errors import UserError
from medattn.provenance.code import CODE_FOLDER

_CHECKOUT = CODE_FOLDER.parent.parent
SNAKEFILE = "Snakefile"
WORKFLOW_FILES = (
    SNAKEFILE,
    *(path.relative_to(_CHECKOUT).as_posix() for path in sorted(_CHECKOUT.glob("workflow/rules/*.smk"))),
)


def software_file(name: str) -> Path:
    """Return the path of a file of the workflow.

    Raises:
        UserError: medattn was installed without the workflow.
    """
    path = _CHECKOUT / name
    if not path.is_file():
        raise UserError(f"{path}: no such file; a crate contains the workflow; run medattn from a checkout")
    return path
