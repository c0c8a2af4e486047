"""The identity of the code that a run depends on: a digest that comments, docstrings and layout do not change."""

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from medattn.config.networks import own_network

_PACKAGE = Path(__file__).parent.parent

# What decides the numbers of a run. Plans, tables and figures are not among it, so changing them trains nothing again.
_CORE = (
    "streams.py",
    "attention/mechanism.py",
    "backbones/build.py",
    "backbones/network.py",
    "backbones/parts.py",
    "backbones/stem.py",
    "datasets/folds.py",
    "training/augment.py",
    "training/copies.py",
    "training/history.py",
    "training/images.py",
    "training/loop.py",
    "training/network.py",
    "training/optimiser.py",
    "training/numerics.py",
    "training/splits.py",
)
_CLASSIFIERS = ("streams.py", "datasets/folds.py", "training/classifier.py", "training/splits.py")


@cache
def code_digest(mechanism: str | None, model: str | None = None) -> str:
    """Return the SHA-256 of the code that a run of a mechanism depends on.

    Args:
        mechanism: name of a file in attention/, "none" for a network without one, None for a classifier on pixels.
        model: the image network, such as "timm/resnet18"; a library's own code is named by its version in the record.
    """
    files = _CLASSIFIERS if mechanism is None else _CORE
    if mechanism not in (None, "none"):
        files = (*files, f"attention/{mechanism}.py")
    if model is not None and model.startswith("medattn/"):
        files = (*files, *_with_its_parts(own_network(model.rpartition("/")[2]).file))
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.encode())
        for part in _meaning(ast.parse((_PACKAGE / file).read_text(encoding="utf-8"))):
            digest.update(part.encode())
    return digest.hexdigest()


def _with_its_parts(network: Path) -> list[str]:
    """Return the file of a network of our own and the files of attention/ that it imports."""
    imported = (node.module for node in ast.parse(network.read_text("utf-8")).body if isinstance(node, ast.ImportFrom))
    parts = [f"{name.replace('.', '/').removeprefix('medattn/')}.py" for name in imported if name]
    return [f"backbones/{network.name}", *(part for part in parts if part.startswith("attention/"))]


def _meaning(node: ast.AST) -> Iterator[str]:
    """Yield the tree as text that is the same in every Python: no positions, docstrings or empty fields."""
    yield f"({type(node).__name__}"
    for field, value in ast.iter_fields(node):
        if field in ("kind", "type_comment", "ctx") or value in (None, []):
            continue
        yield f" {field}="
        values = value if isinstance(value, list) else [value]
        for position, item in enumerate(values):
            if position == 0 and field == "body" and _is_docstring(node, item):
                continue
            if isinstance(item, ast.AST):
                yield from _meaning(item)
            else:
                yield repr(item)
    yield ")"


def _is_docstring(parent: ast.AST, first: object) -> bool:
    documented = isinstance(parent, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
    return (
        documented
        and isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    )
