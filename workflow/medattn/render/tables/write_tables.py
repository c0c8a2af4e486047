"""Writing a table: CSV, Markdown, LaTeX, HTML and the caption for the report."""

from collections.abc import Sequence

from medattn.config.resolved import ResolvedPaper
from medattn.files import write_text
from medattn.render.captions import table_caption, write_caption
from medattn.render.inputs import Inputs
from medattn.render.tables.table_csv import long_table
from medattn.render.tables.table_html import html
from medattn.render.tables.table_latex import latex
from medattn.render.tables.table_markdown import markdown
from medattn.render.tables.table_model import table_model
from medattn.render.tables.table_text import sheet_of
from medattn.render.tables.text_table import TextTable


def write_table(inputs: Inputs, paper: ResolvedPaper, name: str, duplicates: Sequence[str] = ()) -> None:
    """Write tables/<name>.csv, .md, .tex and .html, and captions/<name>.rst.

    Args:
        inputs: what was measured and compared.
        paper: the table's paper.
        name: name of the table in paper.yaml.
        duplicates: a sentence for each data set with images that stand more than once.
    """
    model = table_model(inputs, paper, name)
    write_formats(inputs, sheet_of(model), long_table(model), table_caption(inputs, paper, model, duplicates))


def write_formats(inputs: Inputs, sheet: TextTable, numbers: str, caption: str) -> None:
    """Write a table in every format, and its caption for the report.

    Args:
        inputs: says where.
        sheet: the table as text.
        numbers: the table as CSV, in full precision.
        caption: the caption.
    """
    folder = inputs.results.tables
    write_text(folder / f"{sheet.name}.csv", numbers)
    write_text(folder / f"{sheet.name}.md", markdown(sheet, caption))
    write_text(folder / f"{sheet.name}.tex", latex(sheet, caption))
    write_text(folder / f"{sheet.name}.html", html(sheet, caption))
    write_caption(inputs, sheet.name, caption)
