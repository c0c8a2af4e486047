"""Import closure: the modules that some modules import, and those that these import, read from their sources.

Imports anywhere in a file count: in functions, in conditions, in `try` blocks, under other names. So do modules that a
string names in full, as `import_module` takes them. Only imports for type checkers are left out, which never run.
"""

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

Find = Callable[[str], Path | None]
"""Function that returns the file of a module, or None where it has none."""

_DOTTED = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+")
_IMPORTERS = {"import_module", "__import__"}


def import_closure(
    roots: Iterable[str], find: Find, members: Callable[[str], Iterable[str]], read: Callable[[Path], str]
) -> dict[str, Path]:
    """Return the closure of some modules, each with its file.

    Args:
        roots: dotted names of the modules to start from.
        find: returns the file of a module. It returns None for modules that are not followed.
        members: returns the modules of a package that a source imports by names that it computes.
        read: returns the text of a file.

    Raises:
        SyntaxError: a file is not valid Python.
    """
    found: dict[str, Path] = {}
    waiting = list(roots)
    while waiting:
        module = waiting.pop()
        if module.endswith(".*"):
            waiting += (name for name in members(module.removesuffix(".*")) if name not in found)
        if module in found or (file := find(module)) is None:
            continue
        found[module] = file
        waiting += imported_names(read(file), module, file.name == "__init__.py")
    return found


@cache
def imported_names(text: str, module: str, is_package: bool) -> tuple[str, ...]:
    """Return the dotted names that a source may import, sorted; some may name attributes instead of modules.

    A name ends with `.*` where the source imports modules of a folder by names that it computes.

    Args:
        text: the source.
        module: its dotted name.
        is_package: whether it is the `__init__.py` of a package.
    """
    tree = ast.parse(text)
    package = module if is_package else module.rpartition(".")[0]
    names: set[str] = set(with_parents(module))
    for node in _executed(tree, "TYPE_CHECKING" in text and _imports_type_checking(tree)):
        for name in _names_in(node, package):
            names.update(with_parents(name))
        if is_package and isinstance(node, ast.Assign) and any(_is_name(target, "__all__") for target in node.targets):
            names.update(f"{package}.{text}" for text in _strings(node.value))
    return tuple(sorted(names - {module}))


def _names_in(node: ast.AST, package: str) -> Iterator[str]:
    """Yield the dotted names that one node may import, without those of its children."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        origin = _absolute("." * node.level + (node.module or ""), package)
        for alias in node.names:
            yield origin if alias.name == "*" else f"{origin}.{alias.name}"
    elif isinstance(node, ast.Call) and _called(node) in _IMPORTERS and node.args:
        yield from (_absolute(text, package) for text in _strings(node.args[0]) if "{" not in text)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str) and _DOTTED.fullmatch(node.value):
        yield node.value
    elif isinstance(node, ast.JoinedStr) and node.values and isinstance(node.values[0], ast.Constant):
        start = str(node.values[0].value)
        if start.endswith(".") and _DOTTED.fullmatch(start[:-1]):
            yield f"{start}*"


def _absolute(name: str, package: str) -> str:
    """Return the absolute name of a module that a source in `package` names, possibly with leading dots."""
    level = len(name) - len(name.lstrip("."))
    if level == 0:
        return name
    parts = package.split(".")
    return ".".join([*parts[: len(parts) - level + 1], *([name[level:]] if name[level:] else [])])


def with_parents(name: str) -> Iterator[str]:
    """Yield a module and its packages, which Python imports first."""
    parts = name.split(".")
    yield from (".".join(parts[:count]) for count in range(1, len(parts) + 1))


def _executed(tree: ast.Module, skips_type_checking: bool) -> Iterator[ast.AST]:
    """Yield all nodes of a tree, without the bodies of `if TYPE_CHECKING`."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if skips_type_checking and isinstance(node, ast.If) and _is_name(node.test, "TYPE_CHECKING"):
            waiting += node.orelse
            continue
        yield node
        waiting += ast.iter_child_nodes(node)


def _imports_type_checking(tree: ast.Module) -> bool:
    """Return whether TYPE_CHECKING is the one of `typing`, and nothing else in the source."""
    imported = False
    for node in ast.walk(tree):
        if _is_name(node, "TYPE_CHECKING") and not isinstance(getattr(node, "ctx", None), ast.Load):
            return False
        if isinstance(node, ast.ImportFrom) and any(alias.name == "TYPE_CHECKING" for alias in node.names):
            imported = node.module == "typing" and all(alias.asname is None for alias in node.names)
    return imported


def _is_name(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _strings(node: ast.AST) -> list[str]:
    found = (child.value for child in ast.walk(node) if isinstance(child, ast.Constant))
    return [value for value in found if isinstance(value, str)]


@cache
def string_constants(text: str) -> frozenset[str]:
    """Return all string constants of a source."""
    return frozenset(_strings(ast.parse(text)))
