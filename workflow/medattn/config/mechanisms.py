"""The mechanisms and their hyper-parameters, read from the source without importing torch.

A mechanism is a file in attention/ with a class registered under the name of the file, or a class of the user's,
written `module:Class`. Its hyper-parameters are the keyword-only arguments of the constructor (signatures.py). Planning
must know where a mechanism can't stand, too, so the static method `skip_reason` is taken from the syntax tree as well.
"""

import ast
import importlib
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel

from medattn.config.renamed_keys import RENAMED_METHODS
from medattn.config.signatures import method, options_model, parsed, registered_classes, summary_of
from medattn.errors import UserError
from medattn.suggestions import unknown_name

Kind = Literal["input", "block"]

ATTENTION_FOLDER = Path(__file__).parent.parent / "attention"
# Attention that only its own network can use, by that network.
_PARTS_OF_NETWORKS = {"vgg_att3": "medattn/vgg_att3"}
_NOT_MECHANISMS = {"__init__", "mechanism", *_PARTS_OF_NETWORKS}
OWN_MECHANISM = r"([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*):([A-Za-z_]\w*)"
_BASES: dict[str, Kind] = {"InputAttention": "input", "BlockAttention": "block"}
_POSITIONAL: dict[Kind, list[str]] = {"input": ["self"], "block": ["self", "channels", "size"]}
_NAMES_IN_UNFIT = (
    abs, all, any, bool, dict, divmod, enumerate, float, int, len, list, max, min, pow, range, round, sorted, str, sum,
    tuple, zip,
)  # fmt: skip


@dataclass(frozen=True)
class Mechanism:
    """What the source of a mechanism says.

    Attributes:
        file: its source.
        kind: `input` works on the images, `block` on the outputs of a network's blocks.
        options: model of its hyper-parameters.
        skip_reason: the static method of that name, if the class has one.
    """

    file: Path
    kind: Kind
    options: type[BaseModel]
    skip_reason: ast.FunctionDef | None


@cache
def mechanism_names() -> tuple[str, ...]:
    """Return the names of all mechanisms in attention/, sorted."""
    names = (path.stem for path in ATTENTION_FOLDER.glob("*.py"))
    return tuple(sorted(name for name in names if name not in _NOT_MECHANISMS))


def own_mechanism(name: str) -> tuple[str, str] | None:
    """Return module and class of a user's mechanism, written `module:Class`; None for other names."""
    match = re.fullmatch(OWN_MECHANISM, name)
    return (match[1], match[2]) if match else None


def mechanism_file(name: str) -> Path:
    """Return the source of the mechanism `name`.

    A user's module is looked for in the folder where the command runs, then where Python looks (PYTHONPATH).

    Raises:
        UserError: there is no such mechanism, or no such module.
    """
    own = own_mechanism(name)
    if own is not None:
        return _module_file(own[0])
    if name in _PARTS_OF_NETWORKS:
        raise UserError(
            f"the mechanism '{name}' is a part of the network {_PARTS_OF_NETWORKS[name]}; "
            "name that as the backbone of an arm without a mechanism"
        )
    if name not in mechanism_names():
        also = "" if ":" not in name else " (your own is written module:Class)"
        raise UserError(unknown_name("mechanism", name, [*mechanism_names(), "none"]) + also)
    return ATTENTION_FOLDER / f"{name}.py"


def mechanism_options(name: str) -> type[BaseModel]:
    """Return the model of the hyper-parameters of the mechanism `name`.

    Raises:
        UserError: there is no such mechanism, or its source is no mechanism's.
    """
    return _mechanism(name).options


def is_block_mechanism(name: str) -> bool:
    """Whether the mechanism `name` works on the outputs of a network's blocks, and so needs a placement."""
    return name != "none" and _mechanism(name).kind == "block"


def mechanism_skip_reason(name: str, channels: int, size: tuple[int, int], options: Mapping[str, Any]) -> str | None:
    """Say why the block mechanism `name` can't stand behind a block of this width and (H, W), or None where it can.

    Raises:
        UserError: its `skip_reason` can't be called here: it uses more than its arguments and built-in functions.
    """
    mechanism = _mechanism(name)
    if mechanism.skip_reason is None:
        return None
    names: dict[str, Any] = {"__builtins__": {function.__name__: function for function in _NAMES_IN_UNFIT}}
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
    """Return the code of a function without its annotations and decorators, whose names are not known here."""
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
    try:
        return _read(file, file.read_text(encoding="utf-8"), name)
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{file}: can't be read: {error}") from error


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


def _module_file(module: str) -> Path:
    importlib.invalidate_caches()
    folder = Path.cwd()
    search: list[str] | None = [str(folder), *sys.path]
    spec = None
    for part in module.split("."):
        # Step by step, as finding a dotted module at once would import its package.
        spec = PathFinder.find_spec(part, search) if search is not None else None
        if spec is None:
            break
        search = list(spec.submodule_search_locations) if spec.submodule_search_locations is not None else None
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        raise UserError(f"no module '{module}': it is looked for as a file in {folder}, then along PYTHONPATH")
    return Path(spec.origin)


def _own_class(classes: Mapping[str, ast.ClassDef], name: str, file: Path) -> ast.ClassDef:
    if name not in classes:
        raise UserError(f"{file}: {unknown_name('class', name, classes)}")
    return classes[name]


def _registered_class(module: ast.Module, name: str, file: Path) -> ast.ClassDef:
    registered = registered_classes(module)
    if name not in registered:
        raise UserError(f'{file}: no class is registered here by @register("{name}")')
    return registered[name]


def _with_bases(found: ast.ClassDef, classes: Mapping[str, ast.ClassDef]) -> Iterator[ast.ClassDef]:
    """Yield a class and, after it, those of its bases that stand in the same file."""
    yield found
    for base in _base_names(found):
        if base in classes and classes[base] is not found:
            yield from _with_bases(classes[base], classes)


def _base_names(node: ast.ClassDef) -> list[str]:
    return [base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", "") for base in node.bases]


def _check_positional(constructor: ast.FunctionDef, kind: Kind, file: Path) -> None:
    signature = constructor.args
    positional = [argument.arg for argument in (*signature.posonlyargs, *signature.args)]
    if positional != _POSITIONAL[kind] or signature.vararg or signature.kwarg:
        wanted = ", ".join([*_POSITIONAL[kind], "*", "hyper-parameters..."])
        raise UserError(f"{file}:{constructor.lineno}: the constructor should take ({wanted})")
