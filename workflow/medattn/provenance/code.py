"""Identity of the code that a run depends on; comments, docstrings, descriptions and layout do not change it."""

import ast
import hashlib
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path

from medattn.config.mechanisms import mechanism_file, own_mechanism
from medattn.config.networks.catalog import own_network
from medattn.protocols.registry import PROTOCOLS

_PACKAGE = Path(__file__).parent.parent
CODE_FOLDER = _PACKAGE
"""Folder of the package that this process imports."""

# Files that decide the result of a run. A change of plans, tables or figures retrains nothing.
_CORE = (
    "seeding.py",
    "attention/mechanism.py",
    "backbones/build.py",
    "backbones/network.py",
    "backbones/parameter_groups.py",
    "backbones/stem.py",
    "datasets/folds.py",
    "training/augment.py",
    "training/oversampling.py",
    "training/history.py",
    "training/images.py",
    "training/loop.py",
    "training/network.py",
    "training/optimizer.py",
    "training/numerics.py",
    "training/splits.py",
    "training/step.py",
)
# Further files that block mechanisms need.
_INSIDE_NETWORKS = (
    "backbones/placement.py",
    "config/models/placement.py",
    "config/networks/architectures.py",
    "training/attention_snapshots.py",
    "training/measured_attention.py",
)
_CLASSIFIERS = ("seeding.py", "datasets/folds.py", "training/classifier.py", "training/splits.py")


Reader = Callable[[Path], str]


def code_digest(
    mechanism: str | None,
    model: str | None = None,
    protocol: str | None = None,
    placebo: str | None = None,
    read: Reader | None = None,
) -> str:
    """Return the SHA-256 of the code that a run of a mechanism depends on.

    Args:
        mechanism: name of a file in attention/, `module:Class` of the user's, "none" for a network without one, None
            for a classifier on pixels. Of a user's code only the file of the class itself is seen.
        model: the image network, such as "timm/resnet18"; a library's own code is named by its version in the record.
        protocol: kind of the protocol, which divides the images.
        placebo: kind of the placebo that replaces the mechanism; None for the mechanism.
        read: returns the text of a file of the package; None for the current text.

    Raises:
        UserError: the user's module is not found.
    """
    return modules_digest(code_modules(mechanism, model, protocol, placebo, read))


def modules_digest(modules: Mapping[str, str]) -> str:
    """Return the SHA-256 over named modules, given the SHA-256 of each, in the order of the mapping."""
    digest = hashlib.sha256()
    for name, sha256 in modules.items():
        digest.update(name.encode())
        digest.update(bytes.fromhex(sha256))
    return digest.hexdigest()


def source_sha256(text: str) -> str:
    """Return the SHA-256 of a Python source, which comments, docstrings and layout do not change."""
    return _digest(text).hex()


def code_modules(
    mechanism: str | None,
    model: str | None = None,
    protocol: str | None = None,
    placebo: str | None = None,
    read: Reader | None = None,
) -> dict[str, str]:
    """Return the files that `code_digest` covers, each with the SHA-256 of its syntax tree; arguments are the same.

    Raises:
        UserError: the user's module is not found.
    """
    read = read or _text
    files = {name: _PACKAGE / name for name in (_CLASSIFIERS if mechanism is None else _CORE)}
    if mechanism not in (None, "none"):
        own = own_mechanism(mechanism)
        name = mechanism if own else f"attention/{mechanism}.py"
        files |= _with_imports(name, mechanism_file(mechanism) if own else _PACKAGE / name, read)
    if placebo is not None:
        files["attention/placebo.py"] = _PACKAGE / "attention/placebo.py"
    if model is not None and model.startswith("medattn/"):
        network = own_network(model.rpartition("/")[2]).file
        files |= _with_imports(f"backbones/{network.name}", network, read)
    if protocol is not None:
        files |= _protocol_files(PROTOCOLS[protocol].__module__, read)
    return {name: source_sha256(read(file)) for name, file in files.items()}


_INTERFACES = ("medattn.protocols.base", "medattn.protocols.reading")


def _protocol_files(module: str, read: Reader) -> dict[str, Path]:
    """Return the file of a protocol, and those of the classes that it inherits from.

    The interfaces in protocols/base.py and protocols/reading.py divide no images, so they are left out.
    """
    file = Path(str(sys.modules[module].__file__))
    found = {f"{module.removeprefix('medattn.').replace('.', '/')}.py": file}
    for imported, _ in _imports(read(file)):
        if imported.startswith("medattn.protocols.") and imported not in _INTERFACES:
            found |= _protocol_files(imported, read)
    return found


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8")


def _with_imports(name: str, file: Path, read: Reader) -> dict[str, Path]:
    """Return the file of a mechanism with the files that it depends on: other mechanisms and placement."""
    found = {name: file}
    for module, imported in _imports(read(file)):
        other = f"attention/{module.removeprefix('medattn.attention.')}.py"
        if module.startswith("medattn.attention.") and module != "medattn.attention.mechanism":
            found |= _with_imports(other, _PACKAGE / other, read)
        if "BlockAttention" in imported:
            found |= {inside: _PACKAGE / inside for inside in _INSIDE_NETWORKS}
    return found


@cache
def _imports(text: str) -> list[tuple[str, set[str]]]:
    nodes = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom))
    return [(node.module or "", {alias.name for alias in node.names}) for node in nodes]


@cache
def _digest(text: str) -> bytes:
    digest = hashlib.sha256()
    for part in _meaning(ast.parse(text)):
        digest.update(part.encode())
    return digest.digest()


def _meaning(node: ast.AST) -> Iterator[str]:
    """Yield the tree as text that every Python writes alike: no positions, docstrings, descriptions or empty fields."""
    yield f"({type(node).__name__}"
    for field, value in ast.iter_fields(node):
        if field in ("kind", "type_comment", "ctx") or value in (None, []):
            continue
        yield f" {field}="
        values = value if isinstance(value, list) else [value]
        for position, item in enumerate(values):
            if position == 0 and field == "body" and _is_docstring(node, item):
                continue
            if _is_description(node, item):
                continue
            if isinstance(item, ast.AST):
                yield from _meaning(item)
            else:
                yield repr(item)
    yield ")"


def _is_description(parent: ast.AST, item: object) -> bool:
    """Return whether an argument is the description of a key of the configuration."""
    describes = isinstance(item, ast.keyword) and item.arg == "description"
    return describes and isinstance(parent, ast.Call) and getattr(parent.func, "id", "") == "Field"


def _is_docstring(parent: ast.AST, first: object) -> bool:
    documented = isinstance(parent, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
    return (
        documented
        and isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    )
