"""The mechanisms and their hyper-parameters, read from their sources without importing torch.

A mechanism is a file in attention/ with a class registered under the name of the file, or a class of the user, written
`module:Class`. Its hyper-parameters are the keyword-only arguments of the constructor (constructor_options.py).
Planning also has to know where a mechanism can't be inserted, so it evaluates the static method `skip_reason` from the
syntax tree.
"""

import ast
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel

from medattn.config.constructor_options import method, options_model, registered_classes, summary_of
from medattn.config.renamed_keys import RENAMED_METHODS
from medattn.errors import UserError
from medattn.own_code import own_module_file, own_name, parsed
from medattn.reading import read_text
from medattn.suggestions import unknown_name

MechanismKind = Literal["input", "block"]

ATTENTION_FOLDER = Path(__file__).parent.parent / "attention"
# Attention that works in one network only, with that network.
_PARTS_OF_NETWORKS = {"vgg_att3": "medattn/vgg_att3"}
_NOT_MECHANISMS = {"__init__", "mechanism", "placebo", *_PARTS_OF_NETWORKS}
_BASES: dict[str, MechanismKind] = {"InputAttention": "input", "BlockAttention": "block"}
_POSITIONAL: dict[MechanismKind, list[str]] = {"input": ["self"], "block": ["self", "channels", "size"]}
_NAMES_IN_SKIP_REASON = (
    abs, all, any, bool, dict, divmod, enumerate, float, int, len, list, max, min, pow, range, round, sorted, str, sum,
    tuple, zip,
)  # fmt: skip


@dataclass(frozen=True)
class Mechanism:
    """Facts about a mechanism, read from its source.

    Attributes:
        file: source of the mechanism.
        kind: `input` for attention on the images, `block` for attention on the outputs of a network's blocks.
        options: configuration model of the hyper-parameters.
        skip_reason: static method of that name; None if the class has none.
    """

    file: Path
    kind: MechanismKind
    options: type[BaseModel]
    skip_reason: ast.FunctionDef | None


@cache
def mechanism_names() -> tuple[str, ...]:
    """Return the names of all mechanisms in attention/, sorted."""
    names = (path.stem for path in ATTENTION_FOLDER.glob("*.py"))
    return tuple(sorted(name for name in names if name not in _NOT_MECHANISMS))


def own_mechanism(name: str) -> tuple[str, str] | None:
    """Return module and class of a user's mechanism, written `module:Class`; None for any other name."""
    return own_name(name)


def mechanism_file(name: str) -> Path:
    """Return the source of the mechanism `name`.

    Modules of the user are searched in the current folder, then along PYTHONPATH.

    Raises:
        UserError: the mechanism or module does not exist.
    """
    own = own_mechanism(name)
    if own is not None:
        return own_module_file(own[0])
    if name in _PARTS_OF_NETWORKS:
        raise UserError(
            f"the mechanism '{name}' is part of the network {_PARTS_OF_NETWORKS[name]}; "
            "use that network as the backbone of an arm without a mechanism"
        )
    if name not in mechanism_names():
        also = "" if ":" not in name else " (write your own as module:Class)"
        raise UserError(unknown_name("mechanism", name, [*mechanism_names(), "none"]) + also)
    return ATTENTION_FOLDER / f"{name}.py"


def mechanism_options(name: str) -> type[BaseModel]:
    """Return the configuration model of the hyper-parameters of the mechanism `name`.

    Raises:
        UserError: the mechanism does not exist, or its source is invalid.
    """
    return _mechanism(name).options


def mechanism_title(name: str) -> str:
    """Return the title of a mechanism, which its docstring begins with; empty if it has none."""
    return (mechanism_options(name).__doc__ or "").partition(":")[0].strip().removesuffix(".")


def is_block_mechanism(name: str) -> bool:
    """Return whether the mechanism `name` works on the outputs of a network's blocks and needs a placement."""
    return name != "none" and _mechanism(name).kind == "block"


def mechanism_skip_reason(name: str, channels: int, size: tuple[int, int], options: Mapping[str, Any]) -> str | None:
    """Say why the block mechanism `name` can't follow a block of this width and (H, W); return None if it can.

    Raises:
        UserError: its `skip_reason` uses other names than its arguments and built-in functions.
    """
    mechanism = _mechanism(name)
    if mechanism.skip_reason is None:
        return None
    names: dict[str, Any] = {"__builtins__": {function.__name__: function for function in _NAMES_IN_SKIP_REASON}}
    try:
        exec(_function_alone(mechanism.skip_reason), names)  # noqa: S102 (the class's own source)
        reason: str | None = names["skip_reason"](channels, size, options)
    except Exception as error:
        place = f"{mechanism.file}:{mechanism.skip_reason.lineno}"
        raise UserError(
            f"{place}: skip_reason may use only its arguments and built-in functions ({type(error).__name__}: {error})"
        ) from error
    return reason


@cache
def _function_alone(function: ast.FunctionDef) -> Any:
    """Return the code of a function without annotations and decorators, which may use unknown names."""
    arguments = ast.arguments(
        posonlyargs=[],
        args=[ast.arg(argument.arg) for argument in function.args.args],
        kwonlyargs=[],
        kw_defaults=[],
        defaults=[],
    )
    alone = ast.FunctionDef("skip_reason", arguments, function.body, [], None, lineno=function.lineno, col_offset=0)
    alone.end_lineno = function.end_lineno
    if sys.version_info >= (3, 12):
        alone.type_params = []
    return compile(ast.fix_missing_locations(ast.Module([alone], [])), "<skip_reason>", "exec")


def _mechanism(name: str) -> Mechanism:
    file = mechanism_file(name)
    return _read(file, read_text(file, "correct it"), name)


@cache
def _read(file: Path, text: str, name: str) -> Mechanism:
    module = parsed(text, file)
    classes = {node.name: node for node in module.body if isinstance(node, ast.ClassDef)}
    own = own_mechanism(name)
    found = _own_class(classes, own[1], file) if own else _registered_class(module, name, file)
    family = list(_with_bases(found, classes))
    kinds = [_BASES[base] for member in family for base in _base_names(member) if base in _BASES]
    if not kinds:
        raise UserError(
            f"{file}:{found.lineno}: {found.name} derives from neither BlockAttention nor InputAttention "
            "(medattn.attention.mechanism)"
        )
    for old, new in RENAMED_METHODS.items():
        if (renamed := method(old, family)) is not None:
            raise UserError(f"{file}:{renamed.lineno}: the method '{old}' is now '{new}'; rename it")
    constructor = method("__init__", family)
    if constructor is not None:
        _check_positional(constructor, kinds[0], file)
    options = options_model(f"{name}_options", found, constructor, summary_of(found if own else module), file)
    return Mechanism(file, kinds[0], options, method("skip_reason", family))


def _own_class(classes: Mapping[str, ast.ClassDef], name: str, file: Path) -> ast.ClassDef:
    if name not in classes:
        raise UserError(f"{file}: {unknown_name('class', name, classes)}")
    return classes[name]


def _registered_class(module: ast.Module, name: str, file: Path) -> ast.ClassDef:
    registered = registered_classes(module)
    if name not in registered:
        raise UserError(f'{file}: no class is registered with @register("{name}")')
    return registered[name]


def _with_bases(found: ast.ClassDef, classes: Mapping[str, ast.ClassDef]) -> Iterator[ast.ClassDef]:
    """Yield a class, then its base classes in the same file."""
    yield found
    for base in _base_names(found):
        if base in classes and classes[base] is not found:
            yield from _with_bases(classes[base], classes)


def _base_names(node: ast.ClassDef) -> list[str]:
    return [base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", "") for base in node.bases]


def _check_positional(constructor: ast.FunctionDef, kind: MechanismKind, file: Path) -> None:
    signature = constructor.args
    positional = [argument.arg for argument in (*signature.posonlyargs, *signature.args)]
    if positional != _POSITIONAL[kind] or signature.vararg or signature.kwarg:
        wanted = ", ".join([*_POSITIONAL[kind], "*", "hyper-parameters..."])
        raise UserError(f"{file}:{constructor.lineno}: the constructor must take ({wanted})")
