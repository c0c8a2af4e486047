"""Findings of an audit, grouped by their cause."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_EXAMPLES = 3
_LONGEST_EXAMPLE = 120
_LONGEST_PLACE = 200  # names of files are whole
_LONGEST_EXAMPLES = 400
_BEFORE = 20  # characters that are shown before the first difference
_ORDER = ("error", "warning", "unchecked", "info")


@dataclass(frozen=True)
class FindingGroup:
    """Findings with one cause and one remedy.

    Attributes:
        severity: severity of all of them.
        checks: the checks that found them.
        cause: what they have in common; empty where only check and remedy are the same.
        places: runs and files concerned, each once.
        examples: the first places; without a cause, with what was expected and found.
        remedy: what to do.
        command: the command line that fixes or checks all of them; empty if there is none.
    """

    severity: str
    checks: tuple[str, ...]
    cause: str
    places: tuple[str, ...]
    examples: tuple[str, ...]
    remedy: str
    command: str

    @property
    def title(self) -> str:
        """Describe the group in one line, with the number of places and some examples."""
        count, examples = len(self.places), _fitting(self.examples)
        shown, more = ", ".join(examples), ", ..." if count > len(examples) else ""
        noun = "difference" if self.severity in ("error", "warning") else "place"
        what = self.cause or (f"1 {noun}" if count == 1 else f"{count} {noun}s")
        if not self.cause:
            return f"{self.checks[0]}: {what}: {shown}{more}"
        places = f"{count} places: {shown}{more}" if count > 1 else shown
        said = f" ({places})" if count > 1 or shown not in self.cause else ""
        return f"{', '.join(self.checks)}: {what}{said}"

    @property
    def action(self) -> str:
        """Return the command or, where there is none, the sentence that says what to do."""
        return self.command or self.remedy


def group_findings(findings: Iterable[Mapping[str, Any]]) -> list[FindingGroup]:
    """Group findings with the same severity, cause and command, most severe first.

    Args:
        findings: findings with the keys severity, check, place, expected, found, remedy and, where known, cause and
            command.
    """
    members: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for finding in findings:
        cause, command = str(finding.get("cause", "")), str(finding.get("command", ""))
        own = () if cause else (str(finding["check"]), str(finding["remedy"]))
        members.setdefault((str(finding["severity"]), cause, command, *own), []).append(finding)
    groups = [_group(key, found) for key, found in members.items()]
    return sorted(groups, key=lambda group: _ORDER.index(group.severity) if group.severity in _ORDER else len(_ORDER))


def printable(text: object) -> str:
    """Return text in one line, without characters that control a terminal."""
    line = " ".join(str(text).split())
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in line)


def _group(key: tuple[str, ...], found: list[Mapping[str, Any]]) -> FindingGroup:
    severity, cause, command = key[:3]
    by_place = {str(finding["place"]): finding for finding in reversed(found)}
    places = tuple(dict.fromkeys(printable(finding["place"]) for finding in found))
    firsts = [by_place[place] for place in dict.fromkeys(str(finding["place"]) for finding in found)][:_EXAMPLES]
    return FindingGroup(
        severity,
        tuple(dict.fromkeys(str(finding["check"]) for finding in found)),
        printable(cause),
        places,
        tuple(_example(finding, bool(cause)) for finding in firsts),
        printable(found[0]["remedy"]),
        printable(command),
    )


def _example(finding: Mapping[str, Any], is_named: bool) -> str:
    place = printable(finding["place"])
    if is_named:
        return _short(place, _LONGEST_PLACE)
    expected, found = _short_pair(finding["expected"], finding["found"])
    return f"{_short(place, _LONGEST_PLACE)} (expected {expected}, found {found})"


def _fitting(examples: Sequence[str]) -> list[str]:
    """Return the first examples that together fit into a line; the first one always."""
    shown, length = list(examples[:1]), sum(map(len, examples[:1]))
    for example in examples[1:]:
        length += len(example)
        if length > _LONGEST_EXAMPLES:
            break
        shown.append(example)
    return shown


def _short(text: object, most: int = _LONGEST_EXAMPLE) -> str:
    """Return text in one line; of a long one, its start and its end, such as the name of a file or a reason."""
    line, half = printable(text), (most - 5) // 2
    return line if len(line) <= most else f"{line[:half]} ... {line[-half:]}"


def _short_pair(expected: object, found: object) -> tuple[str, str]:
    """Return two texts in one line each; of long ones, the part where they begin to differ."""
    lines = printable(expected), printable(found)
    same = next((at for at, (one, other) in enumerate(zip(*lines, strict=False)) if one != other), 0)
    start = max(0, same - _BEFORE) if max(map(len, lines)) > _LONGEST_EXAMPLE and same > _BEFORE else 0
    first, second = (_short(f"... {line[start:]}" if start else line) for line in lines)
    return first, second
