"""A table in Markdown (pipe tables, as GitHub and pandoc read them)."""

from medattn.render.table_text import Field, fields, levels
from medattn.render.tables import TableModel


def markdown(model: TableModel, caption: str) -> str:
    """Return the table in Markdown with its caption above and its footnotes below."""
    titles = ["<br>".join(_escaped(title) for title in path if title) for path in _paths(model)]
    lines = [_line(["", *titles]), _line([":--", *["--:"] * len(titles)])]
    lines += [_line([_escaped(row.label), *(_shown(f) for f in fields(model, row.positions))]) for row in model.rows]
    notes = [f"<sup>{sign}</sup> {_escaped(text)}" for sign, text in model.footnotes.items()]
    return "\n".join([_escaped(caption), "", *lines, "", "  \n".join(notes)]).rstrip() + "\n"


def _paths(model: TableModel) -> list[tuple[str, ...]]:
    """Return what stands above each field: data set, metric where there are several, kind of number."""
    lines = [[title for title, width in line for _ in range(width)] for line in levels(model)]
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
