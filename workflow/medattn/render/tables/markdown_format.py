"""A table in Markdown (pipe tables, as read by GitHub and pandoc)."""

from medattn.render.tables.formatted_table import FormattedField, FormattedTable
from medattn.text_formats import to_markdown_text


def to_markdown(table: FormattedTable, caption: str) -> str:
    """Return the table in Markdown with its caption above and its footnotes below."""
    headings = ["<br>".join(to_markdown_text(title) for title in titles if title) for titles in _column_headings(table)]
    lines = [_line([to_markdown_text(table.row_heading), *headings]), _line([":--", *["--:"] * len(headings)])]
    lines += [_line([to_markdown_text(row.label), *(_shown(field) for field in row.fields)]) for row in table.rows]
    notes = [f"<sup>{sign}</sup> {to_markdown_text(text)}" for sign, text in table.notes.items()]
    return "\n".join([to_markdown_text(caption), "", *lines, "", "  \n".join(notes)]).rstrip() + "\n"


def _column_headings(table: FormattedTable) -> list[tuple[str, ...]]:
    """Return the headings above each column, from the top."""
    lines = [[title for title, width in line for _ in range(width)] for line in table.heading_lines]
    return list(zip(*lines, strict=True))


def _line(texts: list[str]) -> str:
    return "| " + " | ".join(texts) + " |"


def _shown(field: FormattedField) -> str:
    text = to_markdown_text(field.text)
    text = f"**{text}**" if field.is_bold else text
    glyphs = field.glyphs.replace("*", r"\*")
    notes = f"<sup>{','.join(field.notes)}</sup>" if field.notes else ""
    return glyphs + text + notes
