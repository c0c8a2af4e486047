"""A table in LaTeX of 2020 or newer; the document must load the packages booktabs and graphicx."""

from itertools import groupby

from medattn.render.tables.formatted_table import FormattedField, FormattedTable
from medattn.text_formats import to_latex_text

_HEAD = "% Needs \\usepackage{booktabs} and \\usepackage{graphicx}."
_GLYPHS = {"*": r"$^{\ast}$", "↓": r"$^{\downarrow}$", "⇓": r"$^{\Downarrow}$"}
# Shrinks the table only if it is wider than the line.
_FIT = r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%"


def to_latex(table: FormattedTable, caption: str) -> str:
    """Return the table as a floating LaTeX environment with its caption and footnotes."""
    body: list[str] = []
    for number, (_, rows) in enumerate(groupby(table.rows, key=lambda row: row.group)):
        body += [r"\addlinespace"] if number else []
        body += [_line([to_latex_text(row.label), *map(_shown, row.fields)]) for row in rows]
    notes = [rf"\textsuperscript{{{to_latex_text(sign)}}}~{to_latex_text(text)}" for sign, text in table.notes.items()]
    lines = [
        _HEAD,
        r"\begin{table*}",
        r"\centering",
        rf"\caption{{{to_latex_text(caption)}}}",
        rf"\label{{tab:{table.name}}}",
        _FIT,
        rf"\begin{{tabular}}{{l{'r' * len(table.heading_lines[-1])}}}",
        r"\toprule",
        *_headers(table),
        r"\midrule",
        *body,
        r"\bottomrule",
        r"\end{tabular}}",
        *([r"\par\smallskip", r"\parbox{\linewidth}{\footnotesize " + r"\\ ".join(notes) + "}"] if notes else []),
        r"\end{table*}",
    ]
    return "\n".join(lines) + "\n"


def _headers(table: FormattedTable) -> list[str]:
    lines, (*spanning, last) = [], table.heading_lines
    for line in spanning:
        titles, rules, start = [""], [], 2
        for title, width in line:
            titles.append(rf"\multicolumn{{{width}}}{{c}}{{{to_latex_text(title)}}}")
            rules += [rf"\cmidrule(lr){{{start}-{start + width - 1}}}"] if title else []
            start += width
        lines += [_line(titles), "".join(rules)]
    return [
        *lines,
        _line(
            [
                to_latex_text(table.row_heading),
                *(rf"\multicolumn{{1}}{{c}}{{{to_latex_text(title)}}}" for title, _ in last),
            ]
        ),
    ]


def _line(texts: list[str]) -> str:
    return " & ".join(texts) + r" \\"


def _shown(field: FormattedField) -> str:
    text = to_latex_text(field.text)
    text = rf"\textbf{{{text}}}" if field.is_bold else text
    glyphs = "".join(_GLYPHS[glyph] for glyph in field.glyphs)
    notes = rf"\textsuperscript{{{to_latex_text(','.join(field.notes))}}}" if field.notes else ""
    return glyphs + text + notes
