"""The kinds of figure and their keys, read from their source without importing matplotlib.

A kind is a file in render/figures/kinds/ with a function `draw`, or a function of the user, `module:function`. The
first line of the docstring says what the figure shows; `NEEDED_KEYS` and `OPTIONAL_KEYS` of the file name the keys that
a figure of this kind takes in paper.yaml, `READS` the files in the results folder that only some figures read.
"""

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from medattn.own_code import constants, own_function, own_name, parsed

KINDS_FOLDER = Path(__file__).parent.parent / "render" / "figures" / "kinds"
_CONSTANTS = ("NEEDED_KEYS", "OPTIONAL_KEYS", "READS")


@dataclass(frozen=True)
class FigureKind:
    """A kind of figure.

    Attributes:
        summary: what the figure shows, without a full stop.
        needed: keys that every figure of this kind has.
        optional: further keys that it may have.
        reads: files in the results folder that figures of this kind read in addition to those that all figures read.
    """

    summary: str
    needed: frozenset[str]
    optional: frozenset[str]
    reads: tuple[str, ...] = ()


@cache
def figure_kinds() -> Mapping[str, FigureKind]:
    """Return all kinds of figure of the package by name, sorted.

    Raises:
        UserError: a file cannot be parsed.
    """
    paths = sorted(path for path in KINDS_FOLDER.glob("*.py") if path.stem != "__init__")
    return {path.stem: _kind_of_package(path) for path in paths}


def figure_kind(name: str) -> FigureKind:
    """Return a kind of figure of the package, or of the user by `module:function`.

    Raises:
        UserError: module or function of the user does not exist, or its file is invalid.
        KeyError: the package has no kind of this name.
    """
    if own_name(name) is None:
        return figure_kinds()[name]
    found = own_function(name)
    return _kind(found.summary or name, found.module, found.file)


def _kind_of_package(path: Path) -> FigureKind:
    module = parsed(path.read_text(encoding="utf-8"), path)
    return _kind((ast.get_docstring(module) or path.stem).partition("\n")[0].removesuffix("."), module, path)


def _kind(summary: str, module: ast.Module, file: Path) -> FigureKind:
    stated = constants(module, _CONSTANTS, file)
    return FigureKind(
        summary if summary[:2].isupper() else summary[:1].lower() + summary[1:],
        frozenset(stated.get("NEEDED_KEYS", ())),
        frozenset(stated.get("OPTIONAL_KEYS", ())),
        tuple(stated.get("READS", ())),
    )
