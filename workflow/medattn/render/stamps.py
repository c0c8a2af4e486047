"""What tables and figures were made from, so that a job renders only those that would change.

The stamp of a table or figure is a hash of everything that decides its files: its declaration, the files of earlier
stages, the images and runs that it can show, the code of the package, and the versions of the libraries.
"""

import hashlib
from collections.abc import Iterator
from functools import cache, cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from medattn.config.resolved import Configuration
from medattn.errors import UserError
from medattn.files import read_json, sha256_of_file, sha256_of_value, write_json
from medattn.layout import ResultPaths
from medattn.plan.model import Plan
from medattn.plan.rendered_items import RenderedItem, rendered_items
from medattn.shipped import SHIPPED, paper_folder

_PACKAGE = Path(__file__).parent.parent
_TEMPLATES = SHIPPED / "workflow" / "report"
_KINDS = _PACKAGE / "render/figures/kinds"
_LIBRARIES = ("jinja2", "matplotlib", "numpy", "pandas", "pillow", "pylatexenc", "safetensors", "scipy", "seaborn")


class Stamps:
    """The stamps of a selection's tables and figures, those of the present inputs and those of the rendered files.

    Args:
        results: paths of the files of the selection.
        configuration: its configuration.
        plan: its plan.
        root: the folder that contains papers/.
    """

    def __init__(self, results: ResultPaths, configuration: Configuration, plan: Plan, root: Path) -> None:
        self._results, self._plan, self._root = results, plan, root
        self.items = {item.id: item for item in rendered_items(plan, configuration)}
        self._hash = cache(_sha256_or_none)
        self._written: dict[str, dict[str, Any]] = {}

    def of(self, item: RenderedItem) -> str:
        """Return the stamp that the files of a table or figure get if they are rendered from the present inputs."""
        results = self._results
        read = [
            results.measurements,
            results.comparisons,
            results.rankings,
            paper_folder(self._root, item.paper) / "published.csv",
        ]
        read += [results.folder / name for name in item.reads]
        if item.folder == "figures":
            read += [results.epochs, results.multiverse]
        facts = {
            "declared": item.declared_sha256,
            "read": [self._hash(path) for path in read],
            "images": [self._hash(path) for path in self._manifests],
            "runs": self._records(item.paper) if item.folder == "figures" else None,
            "code": _code_sha256(item.kind),
            "libraries": _versions(),
        }
        return sha256_of_value(facts)

    def is_current(self, item: RenderedItem) -> bool:
        """Return whether the files of a table or figure exist and were rendered from the present inputs."""
        stamp = self._stamps_of(item.paper).get(item.id)
        if not isinstance(stamp, dict) or stamp.get("made_from") != self.of(item):
            return False
        return stamp.get("files") == {name: _sha256_or_none(self._results.folder / name) for name in item.files}

    def write(self, item: RenderedItem, made_from: str) -> None:
        """Write that the files of a table or figure were rendered from inputs with this stamp."""
        stamps = self._stamps_of(item.paper)
        files = {name: sha256_of_file(self._results.folder / name) for name in item.files}
        stamps[item.id] = {"made_from": made_from, "files": files}
        known = [other.id for other in self.items.values() if other.paper == item.paper]
        write_json(self._results.rendered(item.paper), {name: stamps[name] for name in known if name in stamps})

    def _stamps_of(self, paper: str) -> dict[str, Any]:
        if paper not in self._written:
            try:
                stamps = read_json(self._results.rendered(paper))
            except UserError:
                stamps = {}  # not rendered yet, or not readable: everything is rendered
            self._written[paper] = stamps if isinstance(stamps, dict) else {}
        return self._written[paper]

    @cached_property
    def _manifests(self) -> list[Path]:
        """The manifests of all prepared images of the plan."""
        folders = dict.fromkeys(cell.prepared for cell in self._plan.cells.values() if cell.prepared)
        return [Path(folder) / "manifest.json" for folder in folders]

    def _records(self, paper: str) -> str:
        """Return the hash of the records of a paper's runs, which name the hashes of all their files."""
        cells = [cell for cell in self._plan.cells.values() if cell.paper == paper]
        runs = [run for cell in cells for run in self._plan.runs_of(cell.id, "train")]
        return sha256_of_value([self._hash(self._results.run(run.folder, run.name).record) for run in runs])


def _sha256_or_none(path: Path) -> str | None:
    return sha256_of_file(path) if path.is_file() else None


@cache
def _code_sha256(kind: str) -> str:
    """Return the hash of the package and its templates, without the modules of other kinds of figures."""
    digest = hashlib.sha256()
    for path in _sources():
        if path.parent != _KINDS or path.stem in (kind, "__init__"):
            digest.update(f"{path.relative_to(_PACKAGE.parent).as_posix()}\n{sha256_of_file(path)}\n".encode())
    return digest.hexdigest()


@cache
def _sources() -> list[Path]:
    return sorted([*_PACKAGE.rglob("*.py"), *(path for path in _TEMPLATES.rglob("*") if path.is_file())])


@cache
def _versions() -> list[str]:
    return list(_found_versions())


def _found_versions() -> Iterator[str]:
    for name in _LIBRARIES:
        try:
            yield f"{name} {version(name)}"
        except PackageNotFoundError:
            continue
