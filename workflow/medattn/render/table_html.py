"""A table as an HTML page of its own, which the report shows and any browser opens."""

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from medattn.render.captions import TEMPLATES
from medattn.render.table_text import fields, levels
from medattn.render.tables import TableModel


def html(model: TableModel, caption: str) -> str:
    """Return the page with the table, its caption and its footnotes."""
    environment = Environment(loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined, autoescape=True)
    before = ["", *(row.group for row in model.rows)]
    rows = [
        {"label": row.label, "fields": fields(model, row.positions), "first": row.group != above}
        for row, above in zip(model.rows, before, strict=False)
    ]
    page = environment.get_template("table.html.j2").render(
        name=model.name, caption=caption, lines=levels(model), rows=rows, footnotes=model.footnotes
    )
    return page + "\n"
