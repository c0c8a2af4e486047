"""Reading YAML and JSON files of configuration: one reader for every command and for Snakemake.

YAML as people write it: 1e-4 is a number, a date is text, a key is given once. What other readers take for another
value, such as 010 or 1:30, is refused with what to write instead.
"""

import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any, cast

import yaml

from medattn.errors import UserError
from medattn.reading import check_characters, parse_json, read_text

MAX_BYTES = 1_000_000
"""Largest file of configuration: a selection that names every cell of all papers has about half of it."""
MAX_VALUES = 50_000
"""Most values of a file, with every anchor counted wherever it is used."""
MAX_DEPTH = 40
"""Deepest nesting of lists and mappings."""
MAX_DIGITS = 18
"""Most digits of a whole number: all such numbers fit into 64 bits."""
_TAG = "tag:yaml.org,2002:"
_REMEDIES = {
    "found character '\\t' that cannot start any token": "a tab; indent with spaces",
    "mapping values are not allowed here": "a colon followed by a space inside of text; put the text in quotes, or "
    "check the indentation",
    "but found another document": "a second document begins; a file holds one, so remove '---'",
}


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader with the floats of YAML 1.2 and a limit on nesting; only its nodes are used."""

    def fetch_flow_collection_start(self, TokenClass: type[yaml.Token]) -> None:  # noqa: N803 (PyYAML's name)
        if self.flow_level > MAX_DEPTH:
            raise yaml.scanner.ScannerError(None, None, f"nested deeper than {MAX_DEPTH} levels", self.get_mark())
        super().fetch_flow_collection_start(TokenClass)


_Loader.add_implicit_resolver(
    f"{_TAG}float", re.compile(r"^[-+]?[0-9][0-9_]*(\.[0-9_]*)?[eE][-+]?[0-9]+$"), list("-+0123456789")
)


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML file, or a JSON file if its name ends in .json, whose top level is a mapping.

    Raises:
        UserError: the file is missing, unreadable, too large, or no mapping that `parse_yaml` takes.
    """
    text = read_text(path, "check the name of the file", MAX_BYTES)
    parse = _parse_json if path.suffix == ".json" else parse_yaml
    value = parse(text, str(path))
    if value is None:
        raise UserError(f"{path}: the file is empty")
    if not isinstance(value, dict):
        raise UserError(f"{path}: the top level must be a mapping of keys to values")
    return value


def parse_yaml(text: str, where: str) -> Any:
    """Parse a YAML document.

    Args:
        text: the document.
        where: name of the file, for messages.

    Returns:
        Mappings with text as keys, lists, texts, truth values, numbers and None.

    Raises:
        UserError: one line with the number of the line: it is not YAML, or has several documents; a key is given twice
            or is no text; a number is ambiguous or too long; a tag is none of these types; anchors or
            nesting are beyond the limits.
    """
    if text.count(",") + text.count("\n") > 2 * MAX_VALUES:
        raise UserError(f"{where}: more than {MAX_VALUES} values; use fewer")
    try:
        node = _Loader(text).get_single_node()
        if node is None:
            return None
        _Sizes().check(node)
        return _value(node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f" line {mark.line + 1}:" if mark else ""
        raise UserError(f"{where}:{line} {_REMEDIES.get(str(error.problem), error.problem)}") from error
    except yaml.reader.ReaderError as error:
        line = f"line {text.count(chr(10), 0, error.position) + 1}"
        raise UserError(f"{where}: {line}: the character U+{error.character:04X} is not allowed; remove it") from error
    except RecursionError as error:
        raise UserError(f"{where}: nested deeper than {MAX_DEPTH} levels") from error
    except (yaml.YAMLError, ValueError, LookupError) as error:
        raise UserError(f"{where}: not YAML: {error}") from error


def _parse_json(text: str, where: str) -> Any:
    value = parse_json(text, where, "correct it", finite=False)
    # JSON without tabs between its tokens is YAML, whose reader knows the lines of keys that are given twice.
    try:
        node = _Loader(text.replace("\t", " ")).get_single_node()
    except yaml.YAMLError:  # with a rare character
        return value
    twice = None if node is None else _key_given_twice(node)
    if twice is not None:
        raise UserError(
            f"{where}: line {twice.start_mark.line + 1}: the key '{twice.value}' is given twice; remove one"
        )
    return value


def _key_given_twice(node: yaml.Node) -> yaml.ScalarNode | None:
    if isinstance(node, yaml.SequenceNode):
        return next(filter(None, map(_key_given_twice, node.value)), None)
    keys: set[str] = set()
    for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
        if key.value in keys:
            return cast("yaml.ScalarNode", key)
        keys.add(key.value)
        if (inner := _key_given_twice(value)) is not None:
            return inner
    return None


class _Sizes:
    """Sizes and depths of nodes, each computed once although anchors can make them exponential."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[int, int]] = {}
        self._open: set[int] = set()

    def check(self, node: yaml.Node) -> None:
        """Check that a node has at most MAX_VALUES values and MAX_DEPTH levels, with all anchors expanded.

        Raises:
            MarkedYAMLError: it has more, or it contains itself.
        """
        size, depth = self._of(node)
        if size > MAX_VALUES:
            raise _fault(node, f"more than {MAX_VALUES} values, with anchors counted wherever they are used; use fewer")
        if depth > MAX_DEPTH:
            raise _fault(node, f"nested deeper than {MAX_DEPTH} levels")

    def _of(self, node: yaml.Node) -> tuple[int, int]:
        if isinstance(node, yaml.ScalarNode):
            return 1, 0
        if id(node) in self._open:
            raise _fault(node, "an anchor that contains itself; write its values out")
        if id(node) not in self._known:
            self._open.add(id(node))
            mapping = isinstance(node, yaml.MappingNode)
            inner = [part for pair in node.value for part in pair] if mapping else node.value
            parts = [self._of(part) for part in inner]
            self._known[id(node)] = 1 + sum(size for size, _ in parts), 1 + max((deep for _, deep in parts), default=0)
            self._open.discard(id(node))
        return self._known[id(node)]


def _value(node: yaml.Node) -> Any:
    """Return the value of a node whose size is checked."""
    if isinstance(node, yaml.ScalarNode):
        return _scalar(node)
    kind = node.tag.removeprefix(_TAG)
    if isinstance(node, yaml.SequenceNode) and kind == "seq":
        return [_value(part) for part in node.value]
    if isinstance(node, yaml.MappingNode) and kind == "map":
        return _mapping(node)
    raise _fault(node, f"the tag {node.tag.replace(_TAG, '!!')} is not supported; remove it")


def _mapping(node: yaml.MappingNode) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    given: dict[str, Any] = {}
    for key_node, value_node in node.value:
        if key_node.tag == f"{_TAG}merge":
            if "<<" in given:
                raise _fault(key_node, "the key '<<' is given twice; give it a list of anchors")
            given["<<"] = None
            merged = _merged(value_node)
            continue
        key = _key(key_node)
        if key in given:
            raise _fault(key_node, f"the key '{key}' is given twice; remove one")
        given[key] = _value(value_node)
    # `<<` merges the keys of other mappings; the keys of this one take precedence.
    given.pop("<<", None)
    return {**merged, **given}


def _merged(node: yaml.Node) -> dict[str, Any]:
    """Return the keys of the mappings that `<<` merges; the first of several takes precedence."""
    parts = node.value if isinstance(node, yaml.SequenceNode) else [node]
    merged: dict[str, Any] = {}
    for part in reversed(parts):
        if not isinstance(part, yaml.MappingNode):
            raise _fault(part, "'<<' takes a mapping, or a list of mappings")
        merged.update(_value(part))
    return merged


def _key(node: yaml.Node) -> str:
    if not isinstance(node, yaml.ScalarNode):
        raise _fault(node, "a key must be text, not a list or mapping")
    value: Hashable = _scalar(node)
    if not isinstance(value, str):
        raise _fault(node, f"the key {node.value or '(empty)'} is not text; put it in quotes: '{node.value}'")
    return value


def _scalar(node: yaml.ScalarNode) -> Any:
    text, kind = str(node.value), node.tag.removeprefix(_TAG)
    if kind in ("str", "value"):
        try:
            check_characters(text)
        except ValueError as error:
            raise _fault(node, str(error)) from error
        return text
    if kind == "null":
        return None
    if kind == "timestamp" and node.style is None:
        return _date(node, text)
    if kind == "bool" and text.lower() in _Loader.bool_values:
        return _Loader.bool_values[text.lower()]
    if kind == "int":
        return _whole_number(node, text.replace("_", ""))
    if kind == "float":
        return _number(node, text.replace("_", "").lower())
    raise _fault(node, f"'{_cut(text)}' does not fit the tag {node.tag.replace(_TAG, '!!')}; remove the tag")


def _date(node: yaml.ScalarNode, text: str) -> str:
    """Return a date as the text that it is written as, unless it is no date: Snakemake fails on such text."""
    try:
        yaml.SafeLoader("").construct_yaml_timestamp(node)
    except (ValueError, OverflowError, AttributeError) as error:
        raise _fault(node, f"'{_cut(text)}' is not a date; put it in quotes") from error
    return text


def _whole_number(node: yaml.ScalarNode, text: str) -> int:
    digits = text.lstrip("+-")
    if ":" in digits:
        raise _fault(node, f"{_cut(text)} is a number to the base 60; put it in quotes, or write the number")
    if re.fullmatch("0[0-9]+", digits):
        raise _fault(node, f"{_cut(text)} is an octal number for some readers; remove the zeros, or put it in quotes")
    if len(digits) > MAX_DIGITS + 2:
        raise _fault(node, f"{_cut(text)} has more than {MAX_DIGITS} digits; write a smaller number")
    try:
        number = int(text, 0)
    except ValueError as error:
        raise _fault(node, f"'{_cut(text)}' is not a whole number") from error
    if abs(number) >= 10**MAX_DIGITS:
        raise _fault(node, f"{_cut(text)} has more than {MAX_DIGITS} digits; write a smaller number")
    return number


def _number(node: yaml.ScalarNode, text: str) -> float:
    if ":" in text:
        raise _fault(node, f"{_cut(text)} is a number to the base 60; put it in quotes, or write the number")
    try:
        return float(text.replace(".inf", "inf").replace(".nan", "nan"))  # the models refuse both, and name the key
    except ValueError as error:
        raise _fault(node, f"'{_cut(text)}' is not a number") from error


def _fault(node: yaml.Node, problem: str) -> yaml.constructor.ConstructorError:
    return yaml.constructor.ConstructorError(None, None, problem, node.start_mark)


def _cut(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:37]}..."
