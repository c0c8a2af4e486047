"""The text of a table, independent of the output format: headings, grouped rows and footnotes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from medattn.render.tables.marks import GLYPHS, MarkName


@dataclass(frozen=True)
class FormattedField:
    """The text of one field, its marks, and the signs of its footnotes."""

    text: str
    marks: tuple[MarkName, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def is_bold(self) -> bool:
        """Whether the text is in bold type."""
        return "bold" in self.marks

    @property
    def glyphs(self) -> str:
        """Glyphs before the text: a star, or arrows down for worse values."""
        return "".join(GLYPHS[mark] for mark in self.marks if mark in GLYPHS)


@dataclass(frozen=True)
class FormattedRow:
    """A row of a table; consecutive rows with the same `group` are drawn as one block."""

    group: str
    label: str
    fields: Sequence[FormattedField]


@dataclass(frozen=True)
class FormattedTable:
    """A table as text, which every output format is written from.

    Attributes:
        name: name of the table and of its files.
        heading_lines: lines of column headings, from the top; each heading with the number of columns it spans.
        rows: the rows.
        notes: texts of the footnotes by their signs.
        row_heading: heading of the column of row labels.
    """

    name: str
    heading_lines: Sequence[Sequence[tuple[str, int]]]
    rows: Sequence[FormattedRow]
    notes: Mapping[str, str] = field(default_factory=dict)
    row_heading: str = "Network"

    def starts_group(self) -> list[bool]:
        """Return, for each row, whether it is the first of its group."""
        groups = [row.group for row in self.rows]
        return [above != group for above, group in zip(["", *groups], groups, strict=False)]
