"""The mechanisms in attention/ and their hyper-parameters, read from the source without importing torch.

A mechanism is a file in attention/ with a class registered under the name of the file. Its hyper-parameters
are the keyword-only arguments of the constructor; their annotations carry bounds and meaning:

    def __init__(self, *, channels: Annotated[int, Field(ge=1, description="...")] = 32) -> None

Planning must start fast and know every valid name, so the signature is taken from the syntax tree.
"""

import ast
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, create_model

from medattn.config.base import Closed
from medattn.errors import UserError
from medattn.nearest import unknown_name

ATTENTION_FOLDER = Path(__file__).parent.parent / "attention"
_NOT_MECHANISMS = {"__init__", "mechanism", "residual", "vgg_att3"}
_NAMES_IN_ANNOTATIONS = {
    "Annotated": Annotated, "Field": Field, "Literal": Literal,
    "int": int, "float": float, "bool": bool, "str": str,
}  # fmt: skip


@cache
def mechanism_names() -> tuple[str, ...]:
    """Return the names of all mechanisms, sorted."""
    names = (path.stem for path in ATTENTION_FOLDER.glob("*.py"))
    return tuple(sorted(name for name in names if name not in _NOT_MECHANISMS))


@cache
def mechanism_options(name: str) -> type[BaseModel]:
    """Return the model of the hyper-parameters of the mechanism `name`.

    Raises:
        UserError: there is no such mechanism.
    """
    if name not in mechanism_names():
        raise UserError(unknown_name("mechanism", name, [*mechanism_names(), "none"]))
    module = ast.parse((ATTENTION_FOLDER / f"{name}.py").read_text(encoding="utf-8"))
    constructor = _constructor(module, name)
    fields: dict[str, Any] = {}
    for argument, default in zip(constructor.args.kwonlyargs, constructor.args.kw_defaults, strict=True):
        annotation = _evaluated(argument.annotation)
        fields[argument.arg] = (annotation, ... if default is None else _evaluated(default))
    summary = (ast.get_docstring(module) or "").split("\n\n")[0].replace("\n", " ")
    return create_model(f"{name}_options", __base__=Closed, __doc__=summary, **fields)


def _constructor(module: ast.Module, name: str) -> ast.FunctionDef:
    for node in module.body:
        if isinstance(node, ast.ClassDef) and any(_registers(d, name) for d in node.decorator_list):
            for member in node.body:
                if isinstance(member, ast.FunctionDef) and member.name == "__init__":
                    return member
    raise AssertionError(f"attention/{name}.py: no class registered as '{name}' with a constructor")


def _registers(decorator: ast.expr, name: str) -> bool:
    return (
        isinstance(decorator, ast.Call)
        and bool(decorator.args)
        and isinstance(decorator.args[0], ast.Constant)
        and decorator.args[0].value == name
    )


def _evaluated(expression: ast.expr | None) -> Any:
    assert expression is not None, "a hyper-parameter without an annotation"
    code = compile(ast.Expression(expression), "<attention>", "eval")
    return eval(code, {"__builtins__": {}}, dict(_NAMES_IN_ANNOTATIONS))  # noqa: S307 (our own source)
