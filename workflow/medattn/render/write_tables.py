"""Writing a table: CSV, Markdown, LaTeX, HTML and the caption for the report."""

from collections.abc import Sequence

from medattn.config.resolved import ResolvedPaper
from medattn.files import write_text
from medattn.render.captions import table_caption, write_caption
from medattn.render.inputs import Inputs
from medattn.render.table_csv import long_table
from medattn.render.table_html import html
from medattn.render.table_latex import latex
from medattn.render.table_markdown import markdown
from medattn.render.tables import table_model


def write_table(inputs: Inputs, paper: ResolvedPaper, name: str, duplicates: Sequence[str] = ()) -> None:
    """Write tables/<name>.csv, .md, .tex and .html, and captions/<name>.rst.

    Args:
        inputs: what was measured and compared.
        paper: the table's paper.
        name: name of the table in paper.yaml.
        duplicates: a sentence for each data set with images that stand more than once.
    """
    model = table_model(inputs, paper, name)
    caption = table_caption(inputs, paper, model, duplicates)
    folder = inputs.results.tables
    write_text(folder / f"{name}.csv", long_table(model))
    write_text(folder / f"{name}.md", markdown(model, caption))
    write_text(folder / f"{name}.tex", latex(model, caption))
    write_text(folder / f"{name}.html", html(model, caption))
    write_caption(inputs, name, caption)
