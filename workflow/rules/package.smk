"""package: use the package beside the workflow, whatever is installed."""

import importlib.util
import os
import sys
from pathlib import Path

# An edit of a checkout has an effect there.
CODE = Path(workflow.current_basedir.get_path_or_uri(secret_free=False)).parent


def installed_package():
    """Return the spec of the package that jobs import, or None; Snakemake has put CODE itself on the path."""
    before = list(sys.path)
    on_path = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    if str(CODE) not in on_path:
        sys.path[:] = [folder for folder in before if folder != str(CODE)]
    try:
        return importlib.util.find_spec("medattn")
    finally:
        sys.path[:] = before


def code_to_use():
    """Return the folder to put before all others on PYTHONPATH, or None where the installed package is the one to use.

    Say in one line where another package is installed. Exit where the folder cannot be on PYTHONPATH.
    """
    installed = installed_package()
    if not (CODE / "medattn" / "__init__.py").is_file():
        # The workflow was loaded from a repository, or is part of an installed package.
        if installed is None:
            sys.exit(
                "medattn: the workflow needs its package; install it where Snakemake is installed, with pip"
            )
        return None
    place = Path(installed.origin).parent if installed and installed.origin else None
    if place is not None and place.resolve() == (CODE / "medattn").resolve():
        return None
    if os.pathsep in str(CODE):
        sys.exit(
            f"medattn: the installed package, {place or 'none'}, is not the one beside the workflow, {CODE}, whose path contains "
            f"'{os.pathsep}'; run `pip install --editable .` in that checkout, or move it"
        )
    if workflow.is_main_process and place is not None:
        print(
            f"medattn: uses the package beside the workflow, {CODE / 'medattn'}, not the installed one, {place}",
            file=sys.stderr,
        )
    return CODE


FIRST_ON_PATH = code_to_use()
if FIRST_ON_PATH is not None:
    sys.path.insert(0, str(FIRST_ON_PATH))
    before = [value for name, value in os.environ.items() if name == "PYTHONPATH"]
    PYTHON_PATH = os.pathsep.join([str(FIRST_ON_PATH), *filter(None, before)])
    os.environ.update(PYTHONPATH=PYTHON_PATH)
