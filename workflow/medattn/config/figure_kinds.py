"""The kinds of figure and their keys, read from the source of render/figures/kinds/ without importing matplotlib.

A kind is a file with a function `draw`. The first line of its docstring says what the figure shows; `NEEDED_KEYS` and
`OPTIONAL_KEYS` name the keys that a figure of this kind takes in paper.yaml.
"""

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from medattn.config.constructor_options import parsed

KINDS_FOLDER = Path(__file__).parent.parent / "render" / "figures" / "kinds"


@dataclass(frozen=True)
class FigureKind:
    """A kind of figure.

    Attributes:
        summary: what the figure shows, without a full stop.
        needed: keys that every figure of this kind has.
        optional: further keys that it may have.
    """

    summary: str
    needed: frozenset[str]
    optional: frozenset[str]


@cache
def figure_kinds() -> Mapping[str, FigureKind]:
    """Return all kinds of figure by name, sorted.

    Raises:
        UserError: a file cannot be parsed.
    """
    paths = sorted(path for path in KINDS_FOLDER.glob("*.py") if path.stem != "__init__")
    return {path.stem: _kind(path) for path in paths}


def _kind(path: Path) -> FigureKind:
    module = parsed(path.read_text(encoding="utf-8"), path)
    constants = {
        target.id: ast.literal_eval(statement.value)
        for statement in module.body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Name) and target.id in ("NEEDED_KEYS", "OPTIONAL_KEYS")
    }
    summary = (ast.get_docstring(module) or path.stem).partition("\n")[0].removesuffix(".")
    return FigureKind(
        summary if summary[:2].isupper() else summary[:1].lower() + summary[1:],
        frozenset(constants.get("NEEDED_KEYS", ())),
        frozenset(constants.get("OPTIONAL_KEYS", ())),
    )
