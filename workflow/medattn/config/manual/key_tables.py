"""The table of keys of a configuration model in Markdown, made from its JSON schema."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from medattn.closed_model import NAME_PATTERN
from medattn.own_code import OWN_NAME

_WORDS = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "null": "null",
}
_WORDS_FOR_MANY = {
    "string": "texts",
    "integer": "whole numbers",
    "number": "numbers",
    "boolean": "true or false",
}
_KIND = "kind of the mapping, which decides its other keys"
_BOUNDS = (
    ("minimum", ">= {}"),
    ("exclusiveMinimum", "> {}"),
    ("maximum", "<= {}"),
    ("exclusiveMaximum", "< {}"),
)


def anchor(heading: str) -> str:
    """Return the anchor that GitHub and GitLab give a Markdown heading."""
    return "".join(c for c in heading.lower().replace(" ", "-") if c.isalnum() or c in "-_")


def table(schema: Mapping[str, Any], headings: Mapping[str, str]) -> Iterator[str]:
    """Yield the lines of the key table of a model.

    Args:
        schema: JSON schema of the model.
        headings: heading of each model's section, for links.
    """
    yield "| key | type | default | meaning |"
    yield "|---|---|---|---|"
    required = set(schema.get("required", ()))
    for key, about in schema.get("properties", {}).items():
        default = "required" if key in required else _default(about)
        cells = (
            f"`{key}`",
            _type(about, headings),
            default,
            prose(about.get("description", _KIND if key == "kind" else "")),
        )
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def prose(text: str) -> str:
    """Return `text` with the angle brackets outside code spans escaped for Markdown."""
    parts = text.split("`")
    parts[::2] = [part.replace("<", "&lt;").replace(">", "&gt;") for part in parts[::2]]
    return "`".join(parts)


def _default(about: Mapping[str, Any]) -> str:
    if "default" not in about:
        return "see its keys"
    if about["default"] is None:
        return "not set"
    return f"`{json.dumps(about['default'], ensure_ascii=False)}`"


def _type(about: Mapping[str, Any], headings: Mapping[str, str], many: bool = False) -> str:
    if "$ref" in about:
        name = about["$ref"].rsplit("/", 1)[-1]
        return f"[{headings[name]}](#{anchor(headings[name])})"
    alternatives = about.get("anyOf") or about.get("oneOf")
    if alternatives and {a.get("type") for a in alternatives} >= {"boolean", "number", "string"}:
        return "numbers, texts, true or false" if many else "number, text, true or false"
    if alternatives:
        return " or ".join(_type(a, headings) for a in alternatives if a.get("type") != "null")
    if "const" in about or "enum" in about:
        values = about.get("enum") or [about["const"]]
        return " or ".join(f"`{value}`" for value in values)
    if about.get("pattern") == f"^{OWN_NAME}$":
        return "`module:name` of your own"
    kind = about.get("type")
    if kind == "array" and "prefixItems" in about:
        parts = " and ".join(_type(part, headings) for part in about["prefixItems"])
        return f"{'lists' if many else 'list'} of {parts}"
    if kind == "array":
        items = _type(about["items"], headings, many=True)
        return f"{'lists' if many else 'list'} of {items}{_length(about.get('minItems'))}"
    if kind == "object":
        return f"mapping of {_key(about)} to {_value(about, headings)}{_length(about.get('minProperties'))}"
    if kind is None:
        return "any"
    if about.get("pattern") == NAME_PATTERN:
        return "[names](#names)" if many else "[name](#names)"
    bounds = ", ".join(text.format(_number(about[key])) for key, text in _BOUNDS if key in about)
    return f"{(_WORDS_FOR_MANY if many else _WORDS)[kind]} {bounds}".strip()


def _key(about: Mapping[str, Any]) -> str:
    keys = about.get("propertyNames", {})
    patterns = [keys.get("pattern"), *about.get("patternProperties", {})]
    if NAME_PATTERN in patterns:
        return "[names](#names)"
    return _type(keys, {}) if {"enum", "const", "anyOf"} & keys.keys() else "keys"


def _value(about: Mapping[str, Any], headings: Mapping[str, str]) -> str:
    values = [about.get("additionalProperties"), *about.get("patternProperties", {}).values()]
    described = next((value for value in values if isinstance(value, Mapping) and value), None)
    return _type(described, headings, many=True) if described else "values"


def _length(least: int | None) -> str:
    return f", at least {least}" if least else ""


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else str(value)
