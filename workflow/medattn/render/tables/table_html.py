"""A table as an HTML page of its own, which the report shows and any browser opens."""

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from medattn.render.captions import TEMPLATES
from medattn.render.tables.text_table import TextTable


def html(sheet: TextTable, caption: str) -> str:
    """Return the page with the table, its caption and its footnotes."""
    environment = Environment(loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined, autoescape=True)
    before = ["", *(row.group for row in sheet.rows)]
    rows = [
        {"label": row.label, "fields": row.fields, "first": row.group != above}
        for row, above in zip(sheet.rows, before, strict=False)
    ]
    page = environment.get_template("table.html.j2").render(
        name=sheet.name, caption=caption, lines=sheet.lines, rows=rows, footnotes=sheet.notes
    )
    return page + "\n"
