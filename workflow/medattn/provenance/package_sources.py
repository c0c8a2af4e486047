"""The sources of the package as text, each file read once, and shared until one of the files changes."""

import os
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path

from medattn.reading import read_text

PACKAGE = "medattn"
Reader = Callable[[Path], str]
"""Function that returns the text of a file."""


class PackageSources:
    """The sources of the package, each read once; files of the user are read each time.

    Args:
        folder: folder of the package.
        read: returns the text of a file; None for its present text.
    """

    def __init__(self, folder: Path, read: Reader | None = None) -> None:
        self.folder = folder
        self._read = read or current_text
        self._texts: dict[Path, str] = {}
        self._names: dict[Path, str] = {}
        self.closures: dict[tuple[tuple[str, ...], str], dict[str, Path]] = {}
        """Files of the package by roots and module that is not followed, as far as they were asked for."""
        self._modules = {
            ".".join((PACKAGE, *_module_parts(path.relative_to(self.folder)))): path
            for path in sorted(self.folder.rglob("*.py"))
        }

    def text(self, file: Path) -> str:
        """Return the text of a file; a file of the user's is read each time."""
        if file in self._texts:
            return self._texts[file]
        text = self._read(file)
        if file.is_relative_to(self.folder):
            self._texts[file] = text
        return text

    def name(self, file: Path) -> str:
        """Return the path of a file relative to the package, with slashes."""
        if file not in self._names:
            self._names[file] = file.relative_to(self.folder).as_posix()
        return self._names[file]

    def find(self, module: str) -> Path | None:
        """Return the file of a module of the package; None for other modules."""
        return self._modules.get(module)

    def members(self, package: str) -> list[str]:
        """Return the modules that a package contains directly."""
        return [name for name in self._modules if name.rpartition(".")[0] == package]


def shared_sources(folder: Path) -> PackageSources:
    """Return the sources in a folder of the package, read again when one of its files has changed."""
    return _sources_of(folder, _state_of(folder))


@lru_cache(maxsize=1)
def _sources_of(folder: Path, state: frozenset[tuple[str, int, int]]) -> PackageSources:
    return PackageSources(folder)


def _state_of(folder: Path) -> frozenset[tuple[str, int, int]]:
    """Return path, time of change in nanoseconds and bytes of each file of a package."""
    return frozenset(
        (entry.path, entry.stat().st_mtime_ns, entry.stat().st_size) for entry in _files_below(str(folder))
    )


def _files_below(folder: str) -> Iterator["os.DirEntry[str]"]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if not entry.is_dir():
                yield entry
            elif entry.name != "__pycache__":
                yield from _files_below(entry.path)


def _module_parts(path: Path) -> tuple[str, ...]:
    return path.parts[:-1] if path.name == "__init__.py" else path.with_suffix("").parts


def current_text(file: Path) -> str:
    """Return the present text of a file of code.

    Raises:
        UserError: the file cannot be read, or is no text.
    """
    return read_text(file, "restore it")
