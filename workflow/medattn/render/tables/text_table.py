"""A table as text, free of any format: titles over columns, rows in groups, footnotes. Every format writes this."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Field:
    """The text of one field, how it is shown, and the signs of its footnotes."""

    text: str
    bold: bool = False
    star: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class TextRow:
    """A row: rows of the same group stand together."""

    group: str
    label: str
    fields: Sequence[Field]


@dataclass(frozen=True)
class TextTable:
    """A table of text.

    Attributes:
        name: name of the table and its files.
        lines: the lines of the head, each with its titles and the columns that they span, right of the labels.
        rows: the rows.
        notes: texts of the footnotes by their signs.
    """

    name: str
    lines: Sequence[Sequence[tuple[str, int]]]
    rows: Sequence[TextRow]
    notes: Mapping[str, str] = field(default_factory=dict)
