"""The files that come with the package: papers, selections, the workflow and its profiles.

In a checkout they lie beside the package. An installed package has them in its folder `project`, in the same layout.
"""

from collections.abc import Iterator
from pathlib import Path

from medattn.litter import is_litter_name

_PACKAGE = Path(__file__).parent
_MOST_LISTED = 12
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
    return sorted({name for folder in folders for name in _names_in(folder, file)})


def searched_for_papers(papers: Path, file: str = "paper.yaml") -> str:
    """Say where papers with a file are searched, and which are there: a folder of papers, then the shipped one."""
    own, shipped = papers.absolute(), (SHIPPED / "papers").absolute()
    return f"(searched {'; '.join(_papers_in(folder, file) for folder in dict.fromkeys((own, shipped)))})"


def _papers_in(folder: Path, file: str) -> str:
    if not folder.is_dir():
        return f"{folder}, which does not exist"
    names = sorted(_names_in(folder, file))
    listed = ", ".join(names[:_MOST_LISTED]) + (", ..." if len(names) > _MOST_LISTED else "")
    return f"{folder}: {listed or 'no paper'}"


def _names_in(folder: Path, file: str) -> Iterator[str]:
    names = (path.parent.name for path in folder.glob(f"*/{file}"))
    return (name for name in names if not is_litter_name(name))


def selection_file(path: Path) -> Path:
    """Return a file of a selection: `path` if it is present, else the shipped file of this name if there is one."""
    if path.is_absolute() or is_present(path) or ".." in path.parts:
        return path
    shipped = SHIPPED / path
    return shipped if shipped.is_file() else path
