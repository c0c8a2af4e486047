"""The project of a results folder: the folder with the papers and the data that its plan names."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medattn.errors import UserError
from medattn.files import read_json
from medattn.shipped import SHIPPED, paper_folder


@dataclass(frozen=True)
class Project:
    """The folder that relative paths of a plan start from.

    Attributes:
        root: absolute path of the folder.
        is_own: whether the results lie where the selection writes them in this project; otherwise they are a copy.
        absent: papers of the selection that the folder does not have.
    """

    root: Path
    is_own: bool
    absent: tuple[str, ...]


def find_project(folder: Path, given: Path | None = None) -> Project:
    """Find the project of a results folder.

    The candidates are the folder that the selection wrote to these results from, the parents of the results, the
    working directory, and the shipped files. The first with all papers of the selection is taken, where a folder with
    data needs none that are shipped.

    Args:
        folder: the results folder.
        given: the project, where the user names it.
    """
    configuration = _configuration(folder)
    papers = configuration.get("papers")
    names = sorted(map(str, papers)) if isinstance(papers, Mapping) else []
    own = list(_own_roots(folder, configuration))
    candidates = [given] if given else [*own, *folder.resolve().parents, Path.cwd(), SHIPPED]
    for candidate in candidates:
        has_data = (candidate / str(configuration.get("data", "data"))).is_dir()
        if names and not _absent(candidate, names, with_shipped=has_data or candidate == given):
            return Project(candidate.absolute(), _is_own(candidate, own), ())
    root = (given or (own[0] if own and not names else Path.cwd())).absolute()
    return Project(root, _is_own(root, own), tuple(_absent(root, names, with_shipped=True)))


def _configuration(folder: Path) -> Mapping[str, Any]:
    """Return the selection in plan.json as plain values, whichever version wrote it; empty if it cannot be read."""
    try:
        value = read_json(folder / "plan.json")
        return dict(value["configuration"])
    except (UserError, OSError, KeyError, TypeError, ValueError):
        return {}


def _own_roots(folder: Path, configuration: Mapping[str, Any]) -> Iterator[Path]:
    """Yield the folder, by its name and without symbolic links, from which the selection would write to `folder`."""
    tail = Path(str(configuration.get("results", "results"))) / str(configuration.get("selection", folder.name))
    if tail.is_absolute() or ".." in tail.parts:
        return
    for path in dict.fromkeys((folder.absolute(), folder.resolve())):
        if path.parts[-len(tail.parts) :] == tail.parts:
            yield path.parents[len(tail.parts) - 1]


def _is_own(root: Path, own: list[Path]) -> bool:
    return root.resolve() in [path.resolve() for path in own]


def _absent(root: Path, papers: list[str], with_shipped: bool) -> list[str]:
    absent = []
    for name in papers:
        try:
            folder = paper_folder(root, name) if with_shipped else root / "papers" / name
            found = "/" not in name and (folder / "paper.yaml").is_file()
        except (OSError, ValueError):
            found = False
        if not found:
            absent.append(name)
    return absent
