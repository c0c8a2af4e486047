"""Options that stand in the signature of a class: its keyword-only arguments, read without importing the file.

Planning must start fast and know every valid key, so signatures are taken from the syntax tree. Annotations carry
bounds and meaning:

    def __init__(self, *, channels: Annotated[int, Field(ge=1, description="...")] = 32) -> None
"""

import ast
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, create_model

from medattn.config.base import Closed

_NAMES_IN_ANNOTATIONS = {
    "Annotated": Annotated, "Field": Field, "Literal": Literal,
    "int": int, "float": float, "bool": bool, "str": str, "tuple": tuple,
}  # fmt: skip


def registered_classes(module: ast.Module) -> dict[str, ast.ClassDef]:
    """Return the classes of a file that stand below `@register("<name>")`, by that name."""
    found = {}
    for node in module.body:
        for decorator in node.decorator_list if isinstance(node, ast.ClassDef) else []:
            if (
                isinstance(node, ast.ClassDef)
                and isinstance(decorator, ast.Call)
                and isinstance(decorator.func, ast.Name)
                and decorator.func.id == "register"
                and isinstance(decorator.args[0], ast.Constant)
            ):
                found[str(decorator.args[0].value)] = node
    return found


def options_model(name: str, definition: ast.ClassDef, summary: str) -> type[BaseModel]:
    """Return the closed model of the keyword-only arguments of a class's constructor.

    Args:
        name: name of the model.
        definition: the class, with a constructor of its own.
        summary: what the manual says of it.
    """
    fields: dict[str, Any] = {}
    arguments = _constructor(definition).args
    for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        fields[argument.arg] = (_evaluated(argument.annotation), ... if default is None else _evaluated(default))
    return create_model(name, __base__=Closed, __doc__=summary, **fields)


def summary_of(module: ast.Module) -> str:
    """Return the first paragraph of a file's docstring, on one line."""
    return (ast.get_docstring(module) or "").split("\n\n")[0].replace("\n", " ")


def _constructor(definition: ast.ClassDef) -> ast.FunctionDef:
    for member in definition.body:
        if isinstance(member, ast.FunctionDef) and member.name == "__init__":
            return member
    raise AssertionError(f"the class {definition.name} has no constructor of its own")


def _evaluated(expression: ast.expr | None) -> Any:
    assert expression is not None, "an option without an annotation"
    code = compile(ast.Expression(expression), "<signature>", "eval")
    return eval(code, {"__builtins__": {}}, dict(_NAMES_IN_ANNOTATIONS))  # noqa: S307 (our own source)
