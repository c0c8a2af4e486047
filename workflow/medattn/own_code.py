"""Code of the user, named `module:name` in the configuration: found without importing it, and called with clear errors.

Modules are searched in the current folder, then along PYTHONPATH. Planning reads facts from the syntax tree, so it
starts fast and runs nothing.
"""

import ast
import importlib
import re
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

from medattn.errors import UserError
from medattn.reading import read_text
from medattn.suggestions import unknown_name

OWN_NAME = r"([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*):([A-Za-z_]\w*)"
"""Pattern of `module:name`."""


_REFUSED = ContextVar("refused own code", default=False)


class OwnCodeRefusedError(UserError):
    """Code of the user was not run, since it is that of another project than the user's."""


@dataclass(frozen=True)
class OwnFunction:
    """A function of the user, read from its source.

    Attributes:
        file: its source.
        module: syntax tree of the file.
        definition: the function in it.
    """

    file: Path
    module: ast.Module
    definition: ast.FunctionDef

    @property
    def place(self) -> str:
        """File and line of the function, for messages."""
        return f"{self.file}:{self.definition.lineno}"

    @property
    def summary(self) -> str:
        """First line of its docstring, or else of that of the file, without a full stop; empty if there is none."""
        text = ast.get_docstring(self.definition) or ast.get_docstring(self.module) or ""
        return text.partition("\n")[0].removesuffix(".")


def own_name(name: str) -> tuple[str, str] | None:
    """Return the two parts of `module:name`; None for any other name."""
    match = re.fullmatch(OWN_NAME, name)
    return (match[1], match[2]) if match else None


def own_module_file(module: str) -> Path:
    """Return the source of a module of the user, searched in the current folder, then along PYTHONPATH.

    Raises:
        UserError: the module does not exist.
    """
    importlib.invalidate_caches()
    folder = Path.cwd()
    search: list[str] | None = [str(folder), *sys.path]
    spec = None
    for part in module.split("."):
        # Search part by part: finding a dotted module directly would import its package.
        spec = PathFinder.find_spec(part, search) if search is not None else None
        if spec is None:
            break
        search = list(spec.submodule_search_locations) if spec.submodule_search_locations is not None else None
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        raise UserError(f"no module '{module}': searched as a file in {folder}, then along PYTHONPATH")
    return Path(spec.origin)


def parsed(text: str, file: Path) -> ast.Module:
    """Parse the Python source `text` of `file`.

    Raises:
        UserError: the syntax is invalid; the message gives the line.
    """
    try:
        return ast.parse(text)
    except SyntaxError as error:
        raise UserError(f"{file}:{error.lineno}: invalid Python: {error.msg}") from error
    except (RecursionError, MemoryError) as error:  # thousands of operators in one expression
        raise UserError(f"{file}: an expression is nested too deeply to be read; make it shorter") from error


def own_function(name: str) -> OwnFunction:
    """Return the function that `module:function` names, without importing its module.

    Raises:
        UserError: module or function does not exist, or the file is not valid Python.
    """
    parts = own_name(name)
    if parts is None:
        raise UserError(f"'{name}' is not of the form module:function")
    file = _found(parts[0], Path.cwd())
    return _read(file, read_text(file, "correct it"), parts[1])


def constants(module: ast.Module, names: tuple[str, ...], file: Path) -> dict[str, Any]:
    """Return the values of constants at the top level of a module, by name.

    Raises:
        UserError: one of them is no plain value; the message gives the line.
    """
    found = {}
    for statement in module.body:
        targets = statement.targets if isinstance(statement, ast.Assign) else []
        for target in targets:
            if isinstance(target, ast.Name) and target.id in names:
                try:
                    found[target.id] = ast.literal_eval(statement.value)  # type: ignore[attr-defined]
                except ValueError as error:
                    raise UserError(f"{file}:{statement.lineno}: {target.id} must be a plain value") from error
    return found


def call_own(name: str, *arguments: Any) -> Any:
    """Call the function that `module:function` names.

    Raises:
        OwnCodeRefusedError: it must not be run here, as `refusing_own_code` says.
        UserError: it can't be imported or raises an error; the message gives file and line.
    """
    found = own_function(name)
    if _REFUSED.get():
        raise OwnCodeRefusedError(f"{found.place}: {name} was not run")
    function = _imported(name, found)
    try:
        with without_bytecode():
            return function(*arguments)
    except (UserError, MemoryError):
        raise
    except (Exception, SystemExit) as error:
        place = _place(error, found.file) or found.place
        what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        raise UserError(f"{place}: {found.definition.name} raised {what}") from error


@contextmanager
def refusing_own_code(is_refused: bool) -> Iterator[None]:
    """Refuse to run functions of the user, or allow it, until the block ends."""
    token = _REFUSED.set(is_refused)
    try:
        yield
    finally:
        _REFUSED.reset(token)


@contextmanager
def without_bytecode() -> Iterator[None]:
    """Import modules without writing compiled files next to them, until the block ends."""
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        yield
    finally:
        sys.dont_write_bytecode = before


def _place(error: BaseException, file: Path) -> str:
    """Return `file` and the last of its lines that led to an error; empty if none did."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if _is(frame.filename, file)]
    return f"{file}:{lines[-1]}" if lines else ""


def _is(filename: str, file: Path) -> bool:
    return Path(filename) == file or Path(filename).resolve() == file.resolve()


@cache
def _found(module: str, folder: Path) -> Path:
    return own_module_file(module)


@cache
def _read(file: Path, text: str, name: str) -> OwnFunction:
    module = parsed(text, file)
    functions = {node.name: node for node in module.body if isinstance(node, ast.FunctionDef)}
    if name not in functions:
        raise UserError(f"{file}: {unknown_name('function', name, functions)}")
    return OwnFunction(file, module, functions[name])


def _imported(name: str, found: OwnFunction) -> Callable[..., Any]:
    """Import the module of a function and return the function."""
    module = name.partition(":")[0]
    if (folder := str(Path.cwd())) not in sys.path:
        sys.path.append(folder)  # after all others: no file there replaces a module of Python or a library
    try:
        with without_bytecode():
            imported = importlib.import_module(module)
    except (Exception, SystemExit) as error:
        place = _place(error, found.file) or found.file
        raise UserError(f"{place}: can't be imported: {type(error).__name__}: {error}") from error
    if not _is(imported.__file__ or "", found.file):
        raise UserError(f"{found.file}: another module, {imported.__file__}, has the name '{module}'; rename your file")
    function: Callable[..., Any] = getattr(imported, found.definition.name)
    return function
