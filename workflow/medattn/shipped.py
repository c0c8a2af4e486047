"""The files that come with the package: papers, selections, the workflow and its profiles.

In a checkout they lie beside the package. An installed package has them in its folder `project`, in the same layout.
"""

from pathlib import Path

_PACKAGE = Path(__file__).parent
INSTALLED = _PACKAGE / "project"
"""Folder of the shipped files of an installed package; a checkout has none."""
SHIPPED = _PACKAGE.parent.parent if (_PACKAGE.parent / "Snakefile").is_file() else INSTALLED
"""Folder of the shipped files; they have the paths of the repository in it."""


def is_present(path: Path) -> bool:
    """Return whether something has this path, even a link that leads nowhere: nothing shipped replaces it."""
    return path.is_symlink() or path.exists()


def paper_folder(root: Path, name: str) -> Path:
    """Return the folder of a paper: `root`/papers/<name> if it is present, else the shipped one if that exists."""
    own, shipped = root / "papers" / name, SHIPPED / "papers" / name
    return own if is_present(own) or not shipped.is_dir() else shipped


def paper_names(root: Path, file: str = "paper.yaml") -> list[str]:
    """Return the names of all papers that have a file, of `root`/papers and shipped ones, sorted."""
    folders = (root / "papers", SHIPPED / "papers")
    return sorted({path.parent.name for folder in folders for path in folder.glob(f"*/{file}")})


def selection_file(path: Path) -> Path:
    """Return a file of a selection: `path` if it is present, else the shipped file of this name if there is one."""
    if path.is_absolute() or is_present(path) or ".." in path.parts:
        return path
    shipped = SHIPPED / path
    return shipped if shipped.is_file() else path
