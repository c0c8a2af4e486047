"""Writing of a table as CSV, Markdown, LaTeX and HTML, with its caption for the report."""

from collections.abc import Sequence

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from medattn.config.resolved import ResolvedPaper
from medattn.files import write_text
from medattn.render.captions import TEMPLATES, table_caption, write_caption
from medattn.render.inputs import Inputs
from medattn.render.tables.csv_format import to_csv
from medattn.render.tables.format_table import format_table
from medattn.render.tables.formatted_table import FormattedTable
from medattn.render.tables.latex_format import to_latex
from medattn.render.tables.markdown_format import to_markdown
from medattn.render.tables.paper_table import paper_table


def write_table(inputs: Inputs, paper: ResolvedPaper, name: str, duplicates: Sequence[str] = ()) -> None:
    """Write tables/<name>.csv, .md, .tex and .html, and captions/<name>.rst.

    Args:
        inputs: results of the earlier stages.
        paper: the paper that declares the table.
        name: name of the table in paper.yaml.
        duplicates: a sentence for each data set that has duplicated images, without full stop.
    """
    table = paper_table(inputs, paper, name)
    write_formats(inputs, format_table(table), to_csv(table), table_caption(inputs, paper, table, duplicates))


def write_formats(inputs: Inputs, table: FormattedTable, csv_text: str, caption: str) -> None:
    """Write a table in every format, and its caption for the report.

    Args:
        inputs: results of the earlier stages; name the output folders.
        table: the table as text.
        csv_text: the table as CSV, in full precision.
        caption: the caption.
    """
    folder = inputs.results.tables
    write_text(folder / f"{table.name}.csv", csv_text)
    write_text(folder / f"{table.name}.md", to_markdown(table, caption))
    write_text(folder / f"{table.name}.tex", to_latex(table, caption))
    write_text(folder / f"{table.name}.html", table_html(table, caption))
    write_caption(inputs, table.name, caption)


def table_html(table: FormattedTable, caption: str) -> str:
    """Return a complete HTML page with the table, its caption and its footnotes."""
    environment = Environment(loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined, autoescape=True)
    page = environment.get_template("table.html.j2").render(
        table=table, caption=caption, rows=list(zip(table.rows, table.starts_group(), strict=True))
    )
    return page + "\n"
