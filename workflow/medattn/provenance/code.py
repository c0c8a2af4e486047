"""Identity of the code that a run depends on: the import closure of what trains it, reads its images and writes it.

The closure starts at training/pack.py, which trains runs and writes their files, and at the run's own modules in the
folders of which a run uses one module: its source, protocol, mechanism and network. `NOT_FOLLOWED` lists where it
ends, and why. A module that any of these import belongs to the closure without being listed anywhere.
"""

import hashlib
import re
import site
import sys
import sysconfig
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

from medattn.config.mechanisms import own_mechanism
from medattn.config.networks.catalog import own_network
from medattn.errors import UserError
from medattn.own_code import own_module_file
from medattn.protocols.registry import PROTOCOLS
from medattn.provenance.import_closure import import_closure, string_constants, with_parents
from medattn.provenance.package_sources import PACKAGE, PackageSources, Reader, current_text, shared_sources
from medattn.provenance.syntax_hash import source_sha256
from medattn.sources.registry import SOURCES

CODE_FOLDER = Path(__file__).parent.parent
"""Folder of the package that this process imports."""

NOT_FOLLOWED: Mapping[str, str] = {
    "config.arms": "makes settings: the record holds their values, and the audit computes them again",
    "config.mechanisms": "makes settings: the options of a mechanism, from its source, which counts",
    "config.models.dataset": "makes settings: the facts about a data set, which the run's name and the manifest hold",
    "config.models.paper": "makes settings: backbone, arm and placebo",
    "config.networks.catalog": "makes settings: the options of networks, and names of libraries' networks",
    "plan": "makes settings: plan.json and the record hold their values, and the audit makes the plan again",
    "metrics": "measures the saved scores; during training, it chooses only the epoch of the saved attention",
    "protocols.reading": "names the ways to measure a finished run",
    "protocols.registry": "finds protocols; the run's own counts",
    "sources.registry": "finds sources; the run's own counts",
    "provenance": "describes code and machine for the record",
    "layout": "names files",
    "log": "writes to the log",
    "version": "names the version, which the record holds",
}
"""Modules and packages at which the closure ends, with the reason. What only they import belongs to no run."""

_DISCOVERED = ("attention", "backbones", "metrics", "protocols", "sources")
"""Folders whose modules are found by name while the program runs: of these, only the run's own modules count."""
_NO_CODE = source_sha256("")
_DATA_FILE = re.compile(r"\w[\w.-]{0,99}\.(json|yaml|csv|tsv|toml|txt)")


def current_sources() -> PackageSources:
    """Return the sources of the package that this process imports, read again when one of its files has changed."""
    return shared_sources(CODE_FOLDER)


def code_digest(
    mechanism: str | None,
    model: str | None = None,
    protocol: str | None = None,
    placebo: str | None = None,
    source: str | None = None,
    read: Reader | None = None,
    sources: PackageSources | None = None,
) -> str:
    """Return the SHA-256 of the code that a run of a mechanism depends on.

    Args:
        mechanism: name of a file in attention/, `module:Class` of the user's, "none" for a network without one, None
            for a classifier on pixels. Of a user's code, the modules of the same folder that it imports count, too.
        model: the image network, such as "timm/resnet18"; a library's own code is named by its version in the record.
        protocol: kind of the protocol, which divides the images.
        placebo: kind of the placebo that replaces the mechanism; None for the mechanism.
        source: kind of the source that reads the images.
        read: returns the text of a file of the package; None for the current text.
        sources: sources of the package, for callers that ask for many digests; None to read them again.

    Raises:
        UserError: the user's module is not found.
    """
    return modules_digest(code_modules(mechanism, model, protocol, placebo, source, read, sources))


def modules_digest(modules: Mapping[str, str]) -> str:
    """Return the SHA-256 over named modules, given the SHA-256 of each, in the order of the mapping."""
    digest = hashlib.sha256()
    for name, sha256 in modules.items():
        digest.update(name.encode())
        digest.update(bytes.fromhex(sha256))
    return digest.hexdigest()


def code_modules(
    mechanism: str | None,
    model: str | None = None,
    protocol: str | None = None,
    placebo: str | None = None,
    source: str | None = None,
    read: Reader | None = None,
    sources: PackageSources | None = None,
) -> dict[str, str]:
    """Return the files that `code_digest` covers, each with the SHA-256 of its content; arguments are the same.

    Files without code, such as an `__init__.py` with a docstring alone, are left out.

    Raises:
        UserError: the user's module is not found.
    """
    sources = sources or (PackageSources(CODE_FOLDER, read) if read else current_sources())
    roots = ["training.pack"]
    other = "training.classifier" if mechanism is not None else "training.run"
    if mechanism not in (None, "none") and own_mechanism(mechanism) is None:
        roots.append(f"attention.{mechanism}")
    if placebo is not None:
        roots.append("attention.placebo")
    if model is not None and model.startswith("medattn/"):
        roots.append(f"backbones.{own_network(model.rpartition('/')[2]).file.stem}")
    roots += _kinds(protocol, source)
    found: dict[str, Path] = {}
    if mechanism is not None and (own := own_mechanism(mechanism)) is not None:
        found, needed = _own_modules(mechanism, own[0], sources)
        roots += needed
    found |= _package_files(roots, sources, other)
    hashes = {name: _sha256(name, sources.text(file)) for name, file in found.items()}
    return {name: sha256 for name, sha256 in hashes.items() if sha256 != _NO_CODE}


def reader_modules(source: str, sources: PackageSources | None = None) -> dict[str, str]:
    """Return the files that prepare the images of a kind of source, each with the SHA-256 of its content."""
    sources = sources or current_sources()
    found = _package_files(["datasets.prepare", *_kinds(None, source)], sources, "")
    hashes = {name: _sha256(name, sources.text(file)) for name, file in found.items()}
    return {name: sha256 for name, sha256 in hashes.items() if sha256 != _NO_CODE}


def imported_by_training(sources: PackageSources | None = None) -> list[str]:
    """Return the files of the package that the process of training imports, whether or not a run depends on them."""
    sources = sources or current_sources()
    roots = [f"{PACKAGE}.{name}" for name in ("__main__", "commands.train", "training.pack")]

    def members(package: str) -> list[str]:
        return [] if package == f"{PACKAGE}.commands" else sources.members(package)

    closure = import_closure(roots, sources.find, members, sources.text)
    return sorted(map(sources.name, closure.values()))


def module_sha256(name: str, read: Callable[[str], str]) -> str:
    """Return the SHA-256 of a file that `code_modules` names; of a user's own code, the current one.

    Args:
        name: its name there.
        read: returns the text of a file by its path in the package.

    Raises:
        OSError: the file is not there, or not readable, at the commit.
        UserError: the file is not there, or not readable.
        UserError: the user's module is not found.
        SyntaxError: the file is not valid Python.
        ValueError: the file is not text.
    """
    if ":" in name:
        return _sha256(name, current_text(own_module_file(name.partition(":")[0])))
    return _sha256(name, read(name))


def own_code(name: str, sources: PackageSources | None = None) -> dict[str, Path]:
    """Return the user's files that `module:function` depends on, by label: its own, and those that it imports.

    Raises:
        UserError: the module is not found.
    """
    return _own_modules(name, name.partition(":")[0], sources or current_sources())[0]


def own_code_sha256(name: str) -> str:
    """Return the SHA-256 of the user's code that `module:function` depends on; raises as `own_code`."""
    files = own_code(name)
    return modules_digest({label: _sha256(label, current_text(file)) for label, file in sorted(files.items())})


def _kinds(protocol: str | None, source: str | None) -> list[str]:
    """Return the modules of a protocol and of a source, relative to the package."""
    classes = [PROTOCOLS[protocol]] if protocol is not None else []
    modules = [found.__module__ for found in [*classes, *([SOURCES[source]] if source is not None else [])]]
    return [module.removeprefix(f"{PACKAGE}.") for module in modules]


def _package_files(roots: list[str], sources: PackageSources, other: str) -> dict[str, Path]:
    """Return the closure of modules of the package by name, with the data files that they name, sorted by name.

    Args:
        roots: modules, relative to the package.
        sources: the sources of the package.
        other: module that trains other runs, which is not followed; empty for none.
    """
    asked = (tuple(roots), other)
    if asked in sources.closures:
        return sources.closures[asked]
    ends = {f"{PACKAGE}.{name}" for name in (*NOT_FOLLOWED, other) if name}

    def find(module: str) -> Path | None:
        return None if not ends.isdisjoint(with_parents(module)) else sources.find(module)

    def members(package: str) -> list[str]:
        return [] if package in {f"{PACKAGE}.{name}" for name in _DISCOVERED} else sources.members(package)

    closure = import_closure([f"{PACKAGE}.{root}" for root in roots], find, members, sources.text)
    files = list(closure.values())
    files += [data for file in closure.values() for data in _data_files(sources.text(file), file)]
    sources.closures[asked] = dict(sorted((sources.name(file), file) for file in files))
    return sources.closures[asked]


def _own_modules(mechanism: str, module: str, sources: PackageSources) -> tuple[dict[str, Path], list[str]]:
    """Return the user's modules that a mechanism depends on, by name, and the modules of the package that they name.

    Raises:
        UserError: the module is not found.
    """
    file = own_module_file(module)
    parts = module.split(".")
    depth = len(parts) if file.name == "__init__.py" else len(parts) - 1
    folder = file.parents[depth]
    shared = folder in _library_folders()
    needed: set[str] = set()

    def find(name: str) -> Path | None:
        first = name.partition(".")[0]
        if first == PACKAGE:
            needed.add(name.removeprefix(f"{PACKAGE}."))
            return None
        if first in sys.stdlib_module_names or (shared and first != parts[0]):
            return None
        path = folder.joinpath(*name.split("."))
        candidates = (path / "__init__.py", path.with_name(f"{path.name}.py"))
        return next((candidate for candidate in candidates if candidate.is_file()), None)

    def members(package: str) -> list[str]:
        return [f"{package}.{path.stem}" for path in sorted(folder.joinpath(*package.split(".")).glob("*.py"))]

    closure = import_closure([module], find, members, sources.text)
    names = {name: f"{name}:*" for name in sorted(closure) if name != module} | {module: mechanism}
    return {label: closure[name] for name, label in names.items()}, sorted(needed)


def _library_folders() -> set[Path]:
    """Return the folders of installed libraries, in which modules of different origin lie next to each other."""
    paths = [*site.getsitepackages(), site.getusersitepackages(), *sysconfig.get_paths().values()]
    return {Path(path) for path in paths}


def _data_files(text: str, file: Path) -> list[Path]:
    """Return the data files next to a source that it names in full."""
    return [file.parent / name for name in _data_file_names(text) if (file.parent / name).is_file()]


@cache
def _data_file_names(text: str) -> tuple[str, ...]:
    if _DATA_FILE.search(text) is None:
        return ()
    return tuple(sorted(name for name in string_constants(text) if _DATA_FILE.fullmatch(name)))


def _sha256(name: str, text: str) -> str:
    if name.endswith(".py") or ":" in name:
        try:
            return source_sha256(text)
        except RecursionError as error:
            raise UserError(f"{name}: an expression is nested too deeply to be read; make it shorter") from error
    return hashlib.sha256("\n".join(text.splitlines()).encode()).hexdigest()
