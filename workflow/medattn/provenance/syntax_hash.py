"""Hashes of sources that comments, docstrings, descriptions, messages and layout do not change."""

import ast
import hashlib
from collections.abc import Callable
from functools import cache

_IGNORED_FIELDS = ("kind", "type_comment", "ctx")
_LOG_METHODS = {"debug", "info", "warning", "error", "exception", "critical"}
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
# Nodes of which a description may consist: no call, no attribute, nothing that could run other code.
_TEXT = (ast.Constant, ast.JoinedStr, ast.FormattedValue, ast.BinOp, ast.Add, ast.Name, ast.Load)


@cache
def source_sha256(text: str) -> str:
    """Return the SHA-256 of the syntax tree of a Python source, in hexadecimal.

    Comments, layout, docstrings, descriptions of configuration keys, and the words of log lines and of raised errors
    do not change it.

    Raises:
        SyntaxError: the source is not valid Python.
    """
    parts: list[str] = []
    _write(ast.parse(text), parts.append)
    return hashlib.sha256("".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def _write(node: ast.AST, out: Callable[[str], None]) -> None:
    """Write a tree as text that every version of Python writes alike: without positions and empty fields."""
    out(f"({type(node).__name__}")
    words = _words_of(node)
    for field, value in ast.iter_fields(node):
        if field in _IGNORED_FIELDS or value is None or value == []:
            continue
        values = value if isinstance(value, list) else [value]
        if field == "body" and _is_docstring(node, values[0]):
            values = values[1:]
        out(f" {field}=" if values else "")
        for item in values:
            if _is_description(node, item):
                continue
            if any(item is word for word in words):
                _write_without_words(item, out)
            elif isinstance(item, ast.AST):
                _write(item, out)
            else:
                out(repr(item))
    out(")")


def _words_of(node: ast.AST) -> list[ast.AST]:
    """Return the arguments of a call that only a reader sees: those of a raised error, the text of a log line."""
    if isinstance(node, ast.Call):
        if getattr(node, "is_raised", False):
            return list(node.args)
        called = node.func
        if (
            isinstance(called, ast.Attribute)
            and called.attr in _LOG_METHODS
            and getattr(called.value, "id", "") == "log"
        ):
            return list(node.args[:1])
    elif isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
        node.exc.is_raised = True  # type: ignore[attr-defined]
    return []


def _write_without_words(item: ast.AST, out: Callable[[str], None]) -> None:
    """Write an argument; of a text, write only the values that it contains."""
    if isinstance(item, ast.Constant) and isinstance(item.value, str):
        out("(Words)")
    elif isinstance(item, ast.JoinedStr):
        for part in item.values:
            if isinstance(part, ast.FormattedValue):
                _write(part, out)
    else:
        _write(item, out)


def _is_description(parent: ast.AST, item: object) -> bool:
    """Return whether an argument is the description of a key of the configuration, and text only."""
    return (
        isinstance(item, ast.keyword)
        and item.arg == "description"
        and isinstance(parent, ast.Call)
        and getattr(parent.func, "id", "") == "Field"
        and all(isinstance(node, _TEXT) for node in ast.walk(item.value))
    )


def _is_docstring(parent: ast.AST, first: object) -> bool:
    return (
        isinstance(parent, _DOCUMENTED)
        and isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    )
