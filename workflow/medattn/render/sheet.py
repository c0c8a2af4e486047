"""A plain table of text: heads over columns, rows in groups, notes below; in Markdown, LaTeX and HTML."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from medattn.render.captions import TEMPLATES
from medattn.render.table_latex import escaped
from medattn.render.table_text import Field


@dataclass(frozen=True)
class SheetRow:
    """A row: rows of the same group stand together."""

    group: str
    label: str
    fields: tuple[Field, ...]


@dataclass(frozen=True)
class Sheet:
    """A table of text.

    Attributes:
        name: name of the table and its files.
        heads: titles, each over the titles of its columns.
        rows: the rows.
        notes: texts of the footnotes by their signs.
    """

    name: str
    heads: Sequence[tuple[str, Sequence[str]]]
    rows: Sequence[SheetRow]
    notes: Mapping[str, str] = field(default_factory=dict)


def sheet_markdown(sheet: Sheet, caption: str) -> str:
    """Return the table in Markdown with its caption above and its notes below."""
    titles = [f"{head}<br>{title}" if title else head for head, columns in sheet.heads for title in columns]
    lines = [["", *titles], [":--", *["--:"] * len(titles)]]
    lines += [[row.label, *(_marked(f) for f in row.fields)] for row in sheet.rows]
    notes = [f"<sup>{sign}</sup> {text}" for sign, text in sheet.notes.items()]
    table = ["| " + " | ".join(line) + " |" for line in lines]
    return "\n".join([caption, "", *table, "", "  \n".join(notes)]).rstrip() + "\n"


def sheet_latex(sheet: Sheet, caption: str) -> str:
    """Return the table as a floating LaTeX environment (booktabs, graphicx) with its caption and notes."""
    spans, rules, start = [""], [], 2
    for head, columns in sheet.heads:
        spans.append(rf"\multicolumn{{{len(columns)}}}{{c}}{{{escaped(head)}}}")
        rules.append(rf"\cmidrule(lr){{{start}-{start + len(columns) - 1}}}")
        start += len(columns)
    body: list[str] = []
    for number, (_, rows) in enumerate(groupby(sheet.rows, key=lambda row: row.group)):
        body += [r"\addlinespace"] if number else []
        body += [_latex_line([escaped(row.label), *map(_latex_field, row.fields)]) for row in rows]
    notes = [rf"\textsuperscript{{{sign}}}~{escaped(text)}" for sign, text in sheet.notes.items()]
    lines = [
        "% Needs \\usepackage{booktabs} and \\usepackage{graphicx}.",
        r"\begin{table*}",
        r"\centering",
        rf"\caption{{{escaped(caption)}}}",
        rf"\label{{tab:{sheet.name}}}",
        r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%",
        rf"\begin{{tabular}}{{l{'r' * (start - 2)}}}",
        r"\toprule",
        _latex_line(spans),
        "".join(rules),
        _latex_line(["", *(escaped(title) for _, columns in sheet.heads for title in columns)]),
        r"\midrule",
        *body,
        r"\bottomrule",
        r"\end{tabular}}",
        *([r"\par\smallskip", r"\parbox{\linewidth}{\footnotesize " + r"\\ ".join(notes) + "}"] if notes else []),
        r"\end{table*}",
    ]
    return "\n".join(lines) + "\n"


def sheet_html(sheet: Sheet, caption: str) -> str:
    """Return the table as a page of its own, which the report shows and any browser opens."""
    environment = Environment(loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined, autoescape=True)
    before = ["", *(row.group for row in sheet.rows)]
    rows = [
        {"label": row.label, "fields": row.fields, "first": row.group != above}
        for row, above in zip(sheet.rows, before, strict=False)
    ]
    lines = [
        [(head, len(columns)) for head, columns in sheet.heads],
        [(title, 1) for _, columns in sheet.heads for title in columns],
    ]
    page = environment.get_template("table.html.j2").render(
        name=sheet.name, caption=caption, lines=lines, rows=rows, footnotes=sheet.notes
    )
    return page + "\n"


def _marked(shown: Field) -> str:
    return shown.text + (f"<sup>{','.join(shown.notes)}</sup>" if shown.notes else "")


def _latex_field(shown: Field) -> str:
    notes = rf"\textsuperscript{{{','.join(shown.notes)}}}" if shown.notes else ""
    return escaped(shown.text) + notes


def _latex_line(texts: Sequence[str]) -> str:
    return " & ".join(texts) + r" \\"
