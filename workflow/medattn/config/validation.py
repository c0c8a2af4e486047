"""From what pydantic finds to one line a person can act on: file, path, what is wrong, nearest valid name."""

from collections.abc import Mapping
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from medattn.errors import UserError
from medattn.nearest import unknown_name

M = TypeVar("M", bound=BaseModel)


def validated(model: type[M], value: Mapping[str, Any], where: str) -> M:
    """Validate `value` as a `model`.

    Args:
        model: the configuration model.
        value: what was read.
        where: the file, and the path in it, where `value` stands: "config.yaml" or "config.yaml: papers.gsa.recipe".

    Raises:
        UserError: one line for the first thing that is wrong.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        first = sorted(error.errors(), key=lambda e: e["type"] != "extra_forbidden")[0]
        raise UserError(_line(model, where, dict(first))) from error


def below(where: str, *keys: str) -> str:
    """Return the place `keys` below `where`: ("a.yaml", "b", "c") -> "a.yaml: b.c"."""
    separator = "." if ": " in where else ": "
    return where + separator + ".".join(keys) if keys else where


def _line(model: type[BaseModel], where: str, error: dict[str, Any]) -> str:
    location = [str(part) for part in error["loc"] if not _is_tag(error, part)]
    place = below(where, *location)
    kind = error["type"]
    if kind == "extra_forbidden":
        valid = _keys_at(model, list(error["loc"][:-1]))
        return f"{below(where, *location[:-1])}: {unknown_name('key', location[-1], valid)}"
    if kind == "missing":
        return f"{place}: this key is missing and has no default"
    if kind == "literal_error":
        choices = [c.strip("' ") for c in error["ctx"]["expected"].replace(" or ", ", ").split(",")]
        return f"{place}: {unknown_name('value', str(error['input']), choices)}"
    if kind == "union_tag_invalid":
        choices = [c.strip("' ") for c in error["ctx"]["expected_tags"].split(",")]
        return f"{below(place, 'kind')}: {unknown_name('kind', str(error['ctx']['tag']), choices)}"
    if kind == "value_error":
        return f"{place}: {error['ctx']['error']}"
    message = error["msg"][0].lower() + error["msg"][1:].replace("Input should", "should")
    return f"{place}: {message.removeprefix('input ')}, not {_shown(error['input'])}"


def _is_tag(error: dict[str, Any], part: str | int) -> bool:
    """Whether `part` of a location is pydantic's own note (a union's tag, a key of a mapping), not a key of the file."""
    return part == "[key]" or (isinstance(part, str) and part in _UNION_TAGS)


_UNION_TAGS = {"digits", "phantom", "medmnist", "folder", "bool", "int", "float", "str"}


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _keys_at(model: type[BaseModel], location: list[str | int]) -> list[str]:
    """Return the valid keys of the model that stands at `location` below `model`."""
    candidates: list[Any] = [model]
    for part in location:
        following: list[Any] = []
        for candidate in candidates:
            following += _step(candidate, part)
        candidates = following
    return [key for c in candidates if _is_model(c) for key in c.model_fields]


def _step(annotation: Any, part: str | int) -> list[Any]:
    if _is_model(annotation):
        fields: dict[str, FieldInfo] = annotation.model_fields
        if part in fields:
            return _models_in(fields[str(part)].annotation)
        kind = fields.get("kind")
        return [annotation] if kind is not None and part in get_args(kind.annotation) else []
    return [annotation]


def _models_in(annotation: Any) -> list[Any]:
    if _is_model(annotation):
        return [annotation]
    return [model for argument in get_args(annotation) for model in _models_in(argument)]


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
