"""Text that is no markup stays text in every format that the workflow writes."""

import csv
import io
import re
import shutil
import subprocess
import sys
from pathlib import Path

import docutils.core
import docutils.nodes
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure
from pydantic import ValidationError

from medattn.config.models.paper import Arm
from medattn.log import print_error
from medattn.render.figures.style import save, style
from medattn.render.tables.formatted_table import FormattedField, FormattedRow, FormattedTable
from medattn.render.tables.latex_format import to_latex
from medattn.render.tables.markdown_format import to_markdown
from medattn.text_formats import (
    PrintableStream,
    csv_of,
    from_csv_field,
    from_rst_text,
    printable,
    to_csv_field,
    to_latex_text,
    to_markdown_text,
    to_rst_text,
)

ODD = [
    "x^{$", "$", "$$a$$", "[0, 1]", "[x](javascript:alert(1))", "`a <javascript:alert(1)>`_", "javascript:alert(1)",
    "*", "* a", "- a", "1. a", "A. a", "(i) a", "# a", "> a", "=SUM(A1)", "+ve", "-", "@a", "'=1", "|a|", "a | b",
    "__a__", "|sub|", ".. raw:: html", "a::", ":role:`x`", "<script>alert(1)</script>", "&lt;", "\\", "\\input{x}", "%",
    "~",
    "a_", "_a", "http://example.org", "ß é ő Å", "α β γ Δ Ω μ", "β′ x″", "→ ← ↔ ≤ ≥ ± × ∞ ∈ √", "H₂O m² 10⁻³",
    "“quoted” ‘one’ – —", "漢字", "a  b", "--", "~~~", "```",
]  # fmt: skip
TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc", "Cn", "Co", "Zl", "Zp")), min_size=1, max_size=20)


def table_of(texts: list[str]) -> FormattedTable:
    rows = [FormattedRow("g", text, [FormattedField(text), FormattedField(text, ("bold", "star"))]) for text in texts]
    return FormattedTable("odd", [[("", 1), (texts[0], 1)], [(texts[0], 1), (texts[-1], 1)]], rows, {"a": texts[0]})


def paragraph(source: str) -> docutils.nodes.document:
    return docutils.core.publish_doctree(source, settings_overrides={"report_level": 5, "raw_enabled": False})


@pytest.mark.parametrize("text", ODD)
def test_odd_text_is_one_plain_paragraph_of_restructuredtext(text):
    document = paragraph(to_rst_text(text))
    assert document.astext() == " ".join(text.split())
    assert [type(node) for node in document.children] == [docutils.nodes.paragraph]
    assert not list(document.findall(docutils.nodes.reference))
    assert from_rst_text(to_rst_text(text)) == " ".join(text.split())


@given(TEXT)
def test_any_text_is_plain_text_of_restructuredtext(text):
    source = to_rst_text(text)
    if source:
        document = paragraph(source)
        assert [type(node) for node in document.children] == [docutils.nodes.paragraph], source
        assert all(isinstance(node, docutils.nodes.Text) for node in document.children[0].children), source


@given(TEXT | st.sampled_from(ODD))
def test_text_of_a_csv_field_is_no_formula_and_comes_back(text):
    assert from_csv_field(to_csv_field(text)) == text
    table = pd.DataFrame({"label": [text, "b"], "value": [-1.5, 2.0]})
    read = list(csv.reader(io.StringIO(csv_of(table))))
    assert not read[1][0].startswith(("=", "@"))
    assert read[1][1] == "-1.5"
    assert from_csv_field(read[1][0]) == text


@pytest.mark.parametrize("number", ["-2.35", "+1.30", "1e-3", "-1E5", "+.5"])
def test_a_number_in_a_text_column_stays_as_it_is(number):
    assert to_csv_field(number) == number


@pytest.mark.parametrize("text", ODD)
def test_a_row_of_markdown_keeps_its_columns_and_has_no_links(text):
    lines = to_markdown(table_of([text]), text).splitlines()
    rows = [line for line in lines if line.startswith("| ")]
    assert {len(re.split(r"(?<!\\)(?:\\\\)*\|", row)) for row in rows} == {5}
    assert not re.search(
        r"(?<!\\)(?:\\\\)*[\[<]", "".join(lines).replace("<sup>", "").replace("</sup>", "").replace("<br>", "")
    )
    assert not to_markdown_text(text).startswith(("# ", "> ", "- ", "+ ", "* ", "1. ", "==", "```"))


def latex_document(tables: list[FormattedTable]) -> str:
    body = "\n".join(to_latex(table, "Caption [x]: " + table.rows[0].label) for table in tables)
    return (
        "\\documentclass{article}\\usepackage{booktabs}\\usepackage{graphicx}"
        f"\\extrafloats{{500}}\\begin{{document}}\n{body}\n\\end{{document}}\n"
    )


def test_latex_begins_no_row_with_an_argument_of_the_line_before():
    for text in ("[2pt] a", "* a", "[", "a [b] *c*"):
        assert not re.search(r"\\\\\s*[\[*]", to_latex(table_of([text, text]), "c"))
        assert not re.match(r"[\[*]", to_latex_text(text))


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_tables_with_odd_text_compile_in_latex(tmp_path: Path) -> None:
    tables = [table_of(ODD[start : start + 4]) for start in range(0, len(ODD), 4)]
    (tmp_path / "odd.tex").write_text(latex_document(tables), encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "odd.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace", check=False)
    assert done.returncode == 0, done.stdout[-2000:]
    assert "Missing character" not in done.stdout


@pytest.mark.parametrize("text", ["ß é ő Å", "α β Ω μ", "β′", "→ ≤ ±", "x²"])
def test_letters_of_medicine_and_mathematics_have_a_command_in_latex(text):
    assert to_latex_text(text).isascii()
    assert "U+" not in to_latex_text(text)


def test_labels_of_figures_are_text(tmp_path: Path) -> None:
    with style():
        figure = Figure()
        axes = figure.subplots()
        axes.plot([1, 2], [3, 4], label="x^{$")
        axes.set(title="$x^{$", xlabel=r"\frac{1}{$", ylabel="$a$ → β")
        axes.legend()
        save(figure, tmp_path, "odd")
    drawn = (tmp_path / "odd.svg").read_text(encoding="utf-8")
    assert ">$x^{$<" in drawn
    assert ">$a$ → β<" in drawn


def test_a_terminal_gets_no_control_sequence(capsys):
    for text in ("\x1b]0;title\x07", "\x9b2J", "a\rb", "\u202eabc", "\x00"):
        shown = printable(text)
        assert not re.search("[\x00-\x1f\x7f-\x9f\u202e]", shown)
        print_error(text)
        assert PrintableStream(sys.stdout).write(text) == len(shown)
    found = capsys.readouterr()
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", found.out + found.err)
    assert "\\u001b]0;title\\u0007" in found.out


@pytest.mark.parametrize("text", ["a\x1b[2J", "a\x00", "\u202ea", "\ud800"])
def test_a_label_with_a_control_character_is_refused(text):
    with pytest.raises(ValidationError, match=r"label: has a control character: .*\\u"):
        Arm.model_validate({"label": text})
