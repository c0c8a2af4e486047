"""Options of mechanisms and networks: the keyword-only arguments of a constructor, read without importing its file.

Planning must start fast and know every valid key, so it reads signatures from the syntax tree. Annotations hold bounds
and descriptions:

    def __init__(self, *, channels: Annotated[int, Field(ge=1, description="...")] = 32) -> None
"""

import ast
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, PydanticUserError, create_model

from medattn.closed_model import Closed
from medattn.errors import UserError

_NAMES_IN_ANNOTATIONS = {
    "Annotated": Annotated, "Field": Field, "Literal": Literal,
    "int": int, "float": float, "bool": bool, "str": str,
}  # fmt: skip


def registered_classes(module: ast.Module) -> dict[str, ast.ClassDef]:
    """Return the classes of a module that are decorated with `@register("<name>")`, by that name."""
    found = {}
    for node in module.body:
        for decorator in node.decorator_list if isinstance(node, ast.ClassDef) else []:
            if (
                isinstance(node, ast.ClassDef)
                and isinstance(decorator, ast.Call)
                and isinstance(decorator.func, ast.Name)
                and decorator.func.id == "register"
                and decorator.args
                and isinstance(decorator.args[0], ast.Constant)
            ):
                found[str(decorator.args[0].value)] = node
    return found


def method(name: str, classes: Iterable[ast.ClassDef]) -> ast.FunctionDef | None:
    """Return the method of that name of the first class that has it, or None."""
    for definition in classes:
        for node in definition.body:
            if isinstance(node, ast.FunctionDef) and node.name == name:
                return node
    return None


def options_model(
    name: str, definition: ast.ClassDef, constructor: ast.FunctionDef | None, summary: str, file: Path
) -> type[BaseModel]:
    """Return a configuration model of the keyword-only arguments of a constructor.

    Args:
        name: name of the model.
        definition: the class.
        constructor: constructor of the class, possibly inherited; None for a class without options.
        summary: description in the manual.
        file: file of the class.

    Raises:
        UserError: an argument has no type or an unusable one; one line with file and line number.
    """
    fields = _fields(constructor, file) if constructor else {}
    try:
        return create_model(name, __base__=Closed, __doc__=summary, **fields)
    except (NameError, PydanticUserError, ValueError, TypeError) as error:
        reason = str(error).split("\n")[0]
        place = f"{file}:{definition.lineno}: {definition.name}"
        raise UserError(f"{place}: not a valid hyper-parameter: {reason}") from error


def summary_of(documented: ast.Module | ast.ClassDef) -> str:
    """Return the first paragraph of the docstring of a module or class, on one line."""
    return (ast.get_docstring(documented) or "").split("\n\n")[0].replace("\n", " ")


def _fields(constructor: ast.FunctionDef, file: Path) -> dict[str, Any]:
    arguments, place = constructor.args, f"{file}:{constructor.lineno}"
    return {
        argument.arg: (
            _evaluated(argument.annotation, argument.arg, place),
            ... if default is None else _evaluated(default, argument.arg, place),
        )
        for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    }


def _evaluated(expression: ast.expr | None, argument: str, place: str) -> Any:
    if expression is None:
        raise UserError(f"{place}: the hyper-parameter '{argument}' has no type")
    code = compile(ast.Expression(expression), "<signature>", "eval")
    try:
        return eval(code, {"__builtins__": {}}, dict(_NAMES_IN_ANNOTATIONS))  # noqa: S307 (the class's own source)
    except Exception as error:
        valid = ", ".join(_NAMES_IN_ANNOTATIONS)
        raise UserError(
            f"{place}: type and default of '{argument}' are read without importing the file, so they may use only "
            f"{valid} and plain values ({error})"
        ) from error
