"""Validation with pydantic, and its errors as one line: file, path, error, nearest valid name."""

import re
import reprlib
import types
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, Tag, ValidationError

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
_NAME_RULE = "a name of at most 40 lower-case letters, digits, '_' and '-'"
_SHOWN = reprlib.Repr()
_SHOWN.maxstring = _SHOWN.maxother = _SHOWN.maxlong = 60
_SHOWN.maxlevel = 2


def validated(model: type[M], value: Mapping[str, Any], where: str, elsewhere: Mapping[str, str] | None = None) -> M:
    """Validate `value` as a `model`.

    Args:
        model: the configuration model.
        value: plain values.
        where: file and path of `value`, such as "config.yaml: papers.gsa.recipe".
        elsewhere: file and path of keys that are not below `where`.

    Raises:
        UserError: one line with the first error.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        first = sorted(error.errors(include_url=False), key=lambda e: e["type"] != "extra_forbidden")[0]
        raise UserError(_line(model, where, elsewhere or {}, dict(first))) from error


def check_name_rule(name: str, where: str) -> None:
    """Check a name that becomes part of file names, as the models check those in their fields.

    Raises:
        UserError: it has other characters, or is too long.
    """
    if re.fullmatch(NAME_PATTERN, name) is None:
        raise UserError(f"{where}: should be {_NAME_RULE}, not {shown(name)}")


def below(where: str, *keys: str) -> str:
    """Return file and path of `keys` below `where`: ("a.yaml", "b", "c") -> "a.yaml: b.c"."""
    separator = "." if ": " in where else ": "
    return where + separator + ".".join(keys) if keys else where


def shown(value: object) -> str:
    """Return `value` for a message: as in YAML, and shortened."""
    if value is None:
        return "nothing"
    return str(value).lower() if isinstance(value, bool) else _SHOWN.repr(value)


@dataclass
class _ErrorLocation:
    """The place of an error in a file.

    Attributes:
        keys: keys of the file that lead to the place.
        annotation: expected type; None if the place does not exist.
        description: description of the key in the manual.
        is_key: whether the key is invalid and not its value.
    """

    keys: list[str]
    annotation: Any
    description: str = ""
    is_key: bool = False


def _line(model: type[BaseModel], where: str, elsewhere: Mapping[str, str], error: dict[str, Any]) -> str:
    about_key = error["type"] != "extra_forbidden" and error["loc"][-1:] == ("[key]",)
    location = _location(model, error["loc"][:-1] if about_key else error["loc"])
    if about_key:
        location.is_key = True
        location.annotation = (get_args(_location(model, error["loc"][:-2]).annotation) or (None,))[0]

    def place(keys: list[str]) -> str:
        if keys and keys[0] in elsewhere:
            return below(elsewhere[keys[0]], *keys[1:])
        return below(where, *keys)

    if error["type"] in {"extra_forbidden", "invalid_key"} or (location.is_key and error["type"] == "literal_error"):
        parent = location.annotation if location.is_key else _location(model, error["loc"][:-1]).annotation
        return f"{place(location.keys[:-1])}: {unknown_key(_cut(location.keys[-1]), _names_in(parent))}"
    if error["type"] == "union_tag_not_found":
        return f"{place([*location.keys, 'kind'])}: this key is missing and has no default"
    if error["type"] == "union_tag_invalid":
        names = [name for member in _members(location.annotation) for name in _kinds(member)]
        return f"{place([*location.keys, 'kind'])}: {unknown_name('kind', _cut(str(error['ctx']['tag'])), names)}"
    return f"{place(location.keys)}: {_fault(location, error)}"


def _fault(location: _ErrorLocation, error: dict[str, Any]) -> str:
    kind, given = error["type"], shown(error["input"])
    names = _names_in(location.annotation)
    if kind == "missing":
        return "this key is missing and has no default"
    if kind == "value_error":
        return str(error["ctx"]["error"])
    if kind == "literal_error" and isinstance(error["input"], str) and names:
        return unknown_name("value", _cut(error["input"]), names)
    if kind == "string_pattern_mismatch":
        pattern = error["ctx"]["pattern"]
        about = f" ({location.description})" if location.description else ""
        wanted = f"match {pattern}{about}"
        if pattern == NAME_PATTERN:
            wanted = f"be {_NAME_RULE}"
        return f"should {wanted}, not {given}"
    if kind in {"too_short", "string_too_short"}:
        least = error["ctx"]["min_length"]
        return f"should have at least {least} {'entry' if least == 1 else 'entries'}, not {given}"
    if kind in {"too_long", "string_too_long"}:
        unit = "entries" if kind == "too_long" else "characters"
        return f"should have at most {error['ctx']['max_length']} {unit}, not {given}"
    if kind == "string_type" and not isinstance(error["input"], (list, dict)):
        return f"should be text, not {given}; put it in quotes{_how_to_quote(error['input'])}"
    if len(_members(location.annotation)) > 1:
        return f"should be a number, text, true or false, not {given}"
    if kind in _EXPECTED:
        return f"should be {_EXPECTED[kind]}, not {given}"
    message = error["msg"][0].lower() + error["msg"][1:].replace("Input should", "should")
    return f"{message.removeprefix('input ')}, not {given}"


def _how_to_quote(value: object) -> str:
    """Say how a value that YAML does not read as text is written as text."""
    if isinstance(value, bool):
        words = '"yes" or "true"' if value else '"no" or "false"'
        return f", as in {words}: YAML reads no, off, yes and on as false and true"
    return "" if value is None else f', as in "{str(value)[:40]}"'


def _location(model: type[BaseModel], path: tuple[str | int, ...]) -> _ErrorLocation:
    """Follow the `loc` of a pydantic error, which mixes keys of the file with names of the members of unions."""
    location = _ErrorLocation([], model)
    for part in path:
        annotation = _bare(location.annotation)
        members = _members(annotation)
        if len(members) > 1:
            named = [member for member in members if part in _kinds(member)]
            location.annotation = named[0] if named else annotation
            continue
        location.keys.append(str(part))
        location.annotation, location.description = _step(annotation, part)
    location.annotation = _bare(location.annotation)
    return location


def _step(annotation: Any, part: str | int) -> tuple[Any, str]:
    """Return type and description of `part` below `annotation`."""
    if _is_model(annotation):
        field = annotation.model_fields.get(part)
        return (field.annotation, field.description or "") if field else (None, "")
    arguments = get_args(annotation)
    if get_origin(annotation) is tuple and arguments:
        return (arguments[0] if arguments[-1] is Ellipsis else arguments[int(part)], "")
    return (arguments[-1], "") if get_origin(annotation) in {dict, list} and arguments else (None, "")


def _bare(annotation: Any) -> Any:
    """Return `annotation` without `Annotated` and without `| None`."""
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    members = _members(annotation)
    return _bare(members[0]) if len(members) == 1 and members[0] is not annotation else annotation


def _members(annotation: Any) -> list[Any]:
    """Return the members of a union without None; any other type is its only member."""
    if get_origin(annotation) in {Union, types.UnionType}:
        return [member for member in get_args(annotation) if member is not type(None)]
    return [annotation]


def _kinds(member: Any) -> tuple[Any, ...]:
    """Return the values of `kind`, or the tags, that identify a member of a union."""
    if get_origin(member) is Annotated:
        return tuple(part.tag for part in member.__metadata__ if isinstance(part, Tag))
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
