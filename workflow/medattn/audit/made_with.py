"""The software and the papers that made a results folder, which its seal names.

The audit recomputes files with the installed software and the papers of the project. Where these are others, a file
that differs is neither right nor wrong.
"""

import hashlib
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from medattn.audit.own_files import own_files
from medattn.files import sha256_of_file
from medattn.provenance.checkout import git_state
from medattn.provenance.code import CODE_FOLDER
from medattn.shipped import INSTALLED, SHIPPED, paper_folder
from medattn.version import __version__

_LIBRARIES = (
    "numpy", "scipy", "pandas", "scikit-learn", "statsmodels", "matplotlib", "pillow", "safetensors", "jinja2",
    "rocrate",
)  # fmt: skip
_COMMIT = 12


@dataclass(frozen=True)
class OtherSoftware:
    """How the software that made a folder differs from the installed one.

    Attributes:
        medattn: whether the code of medattn is another one.
        commit: commit of the code that made the folder; empty if unknown.
        libraries: libraries with other versions, as text.
    """

    medattn: bool
    commit: str
    libraries: tuple[str, ...]

    def __bool__(self) -> bool:
        return self.medattn or bool(self.libraries)


def made_with() -> dict[str, Any]:
    """Return the installed software: version, commit and hash of medattn, and the versions of Python and libraries."""
    return {
        "medattn": __version__,
        "code_sha256": _package_sha256(),
        **git_state(CODE_FOLDER),
        "python": ".".join(platform.python_version_tuple()[:2]),
        "libraries": _libraries(),
    }


def paper_files(root: Path, configuration: Mapping[str, Any]) -> dict[str, Path]:
    """Return the files that results follow from besides runs and images, by their names from `root`.

    They are those of the papers, of `root` or shipped, and the data sets, metrics and figures of the user's own.

    Args:
        root: the project, which is the working folder.
        configuration: the selection as plain values.
    """
    papers = configuration["papers"]
    found = {}
    for name in sorted(papers):
        folder = paper_folder(root, name)
        for path in sorted([*folder.glob("*.yaml"), *folder.glob("*.csv")]):
            found[f"papers/{name}/{path.name}"] = path
    return found | own_files(root, papers)


def other_software(sealed: Mapping[str, Any]) -> OtherSoftware:
    """Compare the software that a seal names with the installed one; a seal without it is of an earlier version."""
    made, now = sealed.get("made_with"), made_with()
    if not isinstance(made, Mapping):
        return OtherSoftware(True, "", ())
    before = {"python": made.get("python"), **_mapping(made.get("libraries"))}
    after = {"python": now["python"], **now["libraries"]}
    others = tuple(
        f"{name} {before.get(name, 'missing')} (here {after.get(name, 'missing')})"
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    )
    commit = made.get("commit")
    is_other = made.get("code_sha256") != now["code_sha256"]
    return OtherSoftware(is_other, commit[:_COMMIT] if isinstance(commit, str) else "", others)


def other_papers(sealed: Mapping[str, Any], root: Path, configuration: Mapping[str, Any]) -> list[str] | None:
    """Return the files of papers, or of the user's own, that are not those of the seal; None if the seal names none."""
    known = sealed.get("papers")
    if not isinstance(known, Mapping):
        return None
    here = {name: sha256_of_file(path) for name, path in paper_files(root, configuration).items()}
    names = sorted({*here, *known})
    return [name for name in names if _mapping(known.get(name)).get("sha256") != here.get(name)]


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _libraries() -> dict[str, str]:
    found = {}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


@cache
def _package_sha256() -> str:
    """Return the SHA-256 over names and bytes of the files of the package, its templates and the workflow."""
    files = {
        f"workflow/medattn/{path.relative_to(CODE_FOLDER).as_posix()}": path
        for path in CODE_FOLDER.rglob("*")
        if not path.is_relative_to(INSTALLED)
    }
    rules = [SHIPPED / "Snakefile", SHIPPED / "workflow" / "Snakefile"]
    rules += [path for part in ("report", "rules") for path in (SHIPPED / "workflow" / part).rglob("*")]
    files |= {path.relative_to(SHIPPED).as_posix(): path for path in rules}
    digest = hashlib.sha256()
    for name, path in sorted(files.items()):
        if path.is_file() and not path.name.startswith(".") and "__pycache__" not in path.parts:
            digest.update(f"{name}\0{sha256_of_file(path)}\n".encode())
    return digest.hexdigest()
