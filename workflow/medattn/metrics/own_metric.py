"""Metrics of the user, `module:function`: their facts, from the source, without importing it.

The function takes a `Scored` and returns a list of `Values`, as those of the package do. An entry of a dictionary
`METRICS` in its file, whose `values` is the function, states title, unit, direction and classes; so the file can move
into the package without a change. Without an entry, the metric is a percentage, and higher is better.
"""

import ast
from dataclasses import dataclass
from dataclasses import fields as fields_of
from functools import cache
from typing import Any

from medattn.errors import UserError
from medattn.metrics.metric import Metric
from medattn.own_code import OwnFunction, call_own, own_function

_POSITIONAL = ("title", "words")
_TAKEN = {field.name for field in fields_of(Metric)} - {"values", "averaging", "averagings"}
_CHOICES = {"unit": ("percent", "fraction"), "classes": ("none", "each", "positive")}


@dataclass(frozen=True)
class _Function:
    """The function of a metric, imported when it is called."""

    name: str

    def __call__(self, images: Any) -> list[Any]:
        found: list[Any] = call_own(self.name, images)
        return found


def own_metric(name: str) -> Metric:
    """Return the facts about the metric `module:function`.

    Raises:
        UserError: module or function does not exist, or its entry in METRICS is invalid; gives file and line.
    """
    found = own_function(name)
    return _metric(name, found)


@cache
def _metric(name: str, found: OwnFunction) -> Metric:
    label = found.definition.name.replace("_", " ")
    facts: dict[str, Any] = {"title": label, "words": found.summary[:1].lower() + found.summary[1:] or label}
    entry = _entry(found)
    if entry is not None:
        facts |= _stated(entry, found)
    return Metric(**facts, values=_Function(name))


def _entry(found: OwnFunction) -> ast.Call | None:
    """Return the call of `Metric` in the file's METRICS that names the function; None if there is none."""
    for statement in found.module.body:
        targets = statement.targets if isinstance(statement, ast.Assign) else []
        if not any(isinstance(target, ast.Name) and target.id == "METRICS" for target in targets):
            continue
        value, place = getattr(statement, "value", None), f"{found.file}:{statement.lineno}"
        if not isinstance(value, ast.Dict):
            raise UserError(f"{place}: METRICS must be a dictionary of metrics by name; `medattn new metric` shows one")
        name = found.definition.name
        for key, entry in zip(value.keys, value.values, strict=True):
            is_named = isinstance(key, ast.Constant) and key.value == name
            if isinstance(entry, ast.Call) and _function_of(entry) == name:
                if not is_named:
                    raise UserError(f"{place}: the metric of the function {name} must have its name in METRICS, too")
                return entry
            if is_named:
                raise UserError(f"{place}: the metric '{name}' needs values={name}, its function")
    return None


def _function_of(entry: ast.Call) -> str | None:
    """Return the name of the function that a call of `Metric` names."""
    given = [keyword.value for keyword in entry.keywords if keyword.arg == "values"]
    return next((value.id for value in given if isinstance(value, ast.Name)), None)


def _stated(entry: ast.Call, found: OwnFunction) -> dict[str, Any]:
    place = f"{found.file}:{entry.lineno}"
    arguments = [*zip(_POSITIONAL, entry.args, strict=False), *((word.arg, word.value) for word in entry.keywords)]
    facts: dict[str, Any] = {}
    for key, expression in arguments:
        if key == "values":
            continue
        if key not in _TAKEN:
            raise UserError(f"{place}: a metric of your own has no '{key}'; remove it")
        try:
            facts[key] = ast.literal_eval(expression)
        except ValueError as error:
            problem = "is read without importing the file, so it must be a plain value"
            raise UserError(f"{place}: '{key}' of a metric {problem}") from error
    for key, value in facts.items():
        wanted = type(getattr(Metric("", ""), key))
        if key in _CHOICES and value not in _CHOICES[key]:
            raise UserError(f"{place}: '{key}' of a metric must be one of {', '.join(_CHOICES[key])}, not {value!r}")
        if not isinstance(value, wanted) and not (wanted is float and type(value) is int):
            raise UserError(f"{place}: '{key}' of a metric must be {wanted.__name__}, not {value!r}")
    return facts
