"""Validation of configuration: from an error of pydantic to one line with file, path, cause and nearest valid name."""

import reprlib
import types
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from medattn.closed_model import NAME_PATTERN
from medattn.config.renamed_keys import unknown_key
from medattn.errors import UserError
from medattn.suggestions import unknown_name

M = TypeVar("M", bound=BaseModel)

_EXPECTED = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "string_type": "text",
    "bool_type": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
}
_SHOWN = reprlib.Repr()
_SHOWN.maxstring = _SHOWN.maxother = _SHOWN.maxlong = 60
_SHOWN.maxlevel = 2


def validated(model: type[M], value: Mapping[str, Any], where: str, elsewhere: Mapping[str, str] | None = None) -> M:
    """Validate `value` as a `model`.

    Args:
        model: the configuration model.
        value: the content of the file at `where`.
        where: file and path of `value`: "config.yaml: papers.gsa.recipe".
        elsewhere: places of keys of `value` that are not below `where`.

    Raises:
        UserError: names the first error in one line.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        first = sorted(error.errors(), key=lambda e: e["type"] != "extra_forbidden")[0]
        raise UserError(_line(model, where, elsewhere or {}, dict(first))) from error


def below(where: str, *keys: str) -> str:
    """Return the place `keys` below `where`: ("a.yaml", "b", "c") -> "a.yaml: b.c"."""
    separator = "." if ": " in where else ": "
    return where + separator + ".".join(keys) if keys else where


def shown(value: object) -> str:
    """Return `value` as a message shows it: as YAML writes it, and short."""
    if value is None:
        return "nothing"
    return str(value).lower() if isinstance(value, bool) else _SHOWN.repr(value)


@dataclass
class _ErrorPlace:
    """The place in a file that an error points to.

    Attributes:
        keys: keys of the file on the way to it.
        annotation: expected type; None where no such place is valid.
        description: description of the key in the manual.
        is_key: the key itself is wrong, not its value.
    """

    keys: list[str]
    annotation: Any
    description: str = ""
    is_key: bool = False


def _line(model: type[BaseModel], where: str, elsewhere: Mapping[str, str], error: dict[str, Any]) -> str:
    about_key = error["type"] != "extra_forbidden" and error["loc"][-1:] == ("[key]",)
    spot = _spot(model, error["loc"][:-1] if about_key else error["loc"])
    if about_key:
        spot.is_key = True
        spot.annotation = (get_args(_spot(model, error["loc"][:-2]).annotation) or (None,))[0]

    def place(keys: list[str]) -> str:
        if keys and keys[0] in elsewhere:
            return below(elsewhere[keys[0]], *keys[1:])
        return below(where, *keys)

    if error["type"] in {"extra_forbidden", "invalid_key"} or (spot.is_key and error["type"] == "literal_error"):
        parent = spot.annotation if spot.is_key else _spot(model, error["loc"][:-1]).annotation
        return f"{place(spot.keys[:-1])}: {unknown_key(_cut(spot.keys[-1]), _names_in(parent))}"
    if error["type"] == "union_tag_not_found":
        return f"{place([*spot.keys, 'kind'])}: this key is missing and has no default"
    if error["type"] == "union_tag_invalid":
        names = [name for member in _members(spot.annotation) for name in _kinds(member)]
        return f"{place([*spot.keys, 'kind'])}: {unknown_name('kind', _cut(str(error['ctx']['tag'])), names)}"
    return f"{place(spot.keys)}: {_fault(spot, error)}"


def _fault(spot: _ErrorPlace, error: dict[str, Any]) -> str:
    kind, given = error["type"], shown(error["input"])
    names = _names_in(spot.annotation)
    if kind == "missing":
        return "this key is missing and has no default"
    if kind == "value_error":
        return str(error["ctx"]["error"])
    if kind == "literal_error" and isinstance(error["input"], str) and names:
        return unknown_name("value", _cut(error["input"]), names)
    if kind == "string_pattern_mismatch":
        pattern = error["ctx"]["pattern"]
        about = f" ({spot.description})" if spot.description else ""
        wanted = f"match {pattern}{about}"
        if pattern == NAME_PATTERN:
            wanted = "be a name of at most 40 lower-case letters, digits, '_' and '-'"
        return f"should {wanted}, not {given}"
    if kind in {"too_short", "string_too_short"}:
        least = error["ctx"]["min_length"]
        return f"should have at least {least} {'entry' if least == 1 else 'entries'}, not {given}"
    if len(_members(spot.annotation)) > 1:
        return f"should be a number, text, true or false, not {given}"
    if kind in _EXPECTED:
        return f"should be {_EXPECTED[kind]}, not {given}"
    message = error["msg"][0].lower() + error["msg"][1:].replace("Input should", "should")
    return f"{message.removeprefix('input ')}, not {given}"


def _spot(model: type[BaseModel], location: tuple[str | int, ...]) -> _ErrorPlace:
    """Follow pydantic's location, which mixes keys of the file with the names of a union's members."""
    spot = _ErrorPlace([], model)
    for part in location:
        annotation = _bare(spot.annotation)
        members = _members(annotation)
        if len(members) > 1:
            named = [member for member in members if part in _kinds(member)]
            spot.annotation = named[0] if named else annotation
            continue
        spot.keys.append(str(part))
        spot.annotation, spot.description = _step(annotation, part)
    spot.annotation = _bare(spot.annotation)
    return spot


def _step(annotation: Any, part: str | int) -> tuple[Any, str]:
    """Return the type of `part` below `annotation`, and its description in the manual."""
    if _is_model(annotation):
        field = annotation.model_fields.get(part)
        return (field.annotation, field.description or "") if field else (None, "")
    arguments = get_args(annotation)
    if get_origin(annotation) is tuple and arguments:
        return (arguments[0] if arguments[-1] is Ellipsis else arguments[int(part)], "")
    return (arguments[-1], "") if get_origin(annotation) in {dict, list} and arguments else (None, "")


def _bare(annotation: Any) -> Any:
    """Return `annotation` without notes and without `| None`."""
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    members = _members(annotation)
    return _bare(members[0]) if len(members) == 1 and members[0] is not annotation else annotation


def _members(annotation: Any) -> list[Any]:
    """Return the members of a union without None; any other type is its own only member."""
    if get_origin(annotation) in {Union, types.UnionType}:
        return [member for member in get_args(annotation) if member is not type(None)]
    return [annotation]


def _kinds(member: Any) -> tuple[Any, ...]:
    """Return the values of `kind` that select a model in a union."""
    kind = member.model_fields.get("kind") if _is_model(member) else None
    return get_args(kind.annotation) if kind else ()


def _names_in(annotation: Any) -> list[str]:
    """Return the valid keys of a model, or the values of a Literal."""
    if _is_model(annotation):
        return list(annotation.model_fields)
    return (
        [value for value in get_args(annotation) if isinstance(value, str)] if get_origin(annotation) is Literal else []
    )


def _cut(name: str) -> str:
    return name if len(name) <= 60 else name[:57] + "..."


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
