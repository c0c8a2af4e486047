"""A table in Markdown (pipe tables, as GitHub and pandoc read them)."""

from medattn.render.tables.text_table import Field, TextTable


def markdown(sheet: TextTable, caption: str) -> str:
    """Return the table in Markdown with its caption above and its footnotes below."""
    titles = ["<br>".join(_escaped(title) for title in path if title) for path in _paths(sheet)]
    lines = [_line(["", *titles]), _line([":--", *["--:"] * len(titles)])]
    lines += [_line([_escaped(row.label), *(_shown(f) for f in row.fields)]) for row in sheet.rows]
    notes = [f"<sup>{sign}</sup> {_escaped(text)}" for sign, text in sheet.notes.items()]
    return "\n".join([_escaped(caption), "", *lines, "", "  \n".join(notes)]).rstrip() + "\n"


def _paths(sheet: TextTable) -> list[tuple[str, ...]]:
    """Return the titles that stand above each field, from the top."""
    lines = [[title for title, width in line for _ in range(width)] for line in sheet.lines]
    return list(zip(*lines, strict=True))


def _line(texts: list[str]) -> str:
    return "| " + " | ".join(texts) + " |"


def _shown(field: Field) -> str:
    text = f"**{field.text}**" if field.bold else field.text
    star = r"\*" if field.star else ""
    notes = f"<sup>{','.join(field.notes)}</sup>" if field.notes else ""
    return star + text + notes


def _escaped(text: str) -> str:
    for sign in "\\|*_<>`":
        text = text.replace(sign, "\\" + sign)
    return text
