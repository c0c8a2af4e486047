"""Text in other formats: one function a format that keeps text from being read as markup, formulas or commands."""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    import pandas as pd
    from pylatexenc.latexencode import UnicodeToLatexEncoder

# Characters that change the direction of text around them, and separators that end a line in some programs only.
_INVISIBLE = "\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029"
_CONTROL = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f{_INVISIBLE}\ud800-\udfff]")
_MARKDOWN = re.compile(r"[\\`*_\[\]<>|$#]|~(?=~)|&(?=#?\w+;)")
_MARKDOWN_START = re.compile(r"\d+[.)](?=\s|$)|[-+](?=\s|$)|=+$|-+$|~")
# A colon before a space is harmless; others could name a role, a field or the scheme of a link.
_RST = re.compile(r"[\\`*_|@]|:(?! \S)")
_RST_START = re.compile(r"\(?(\d+|[a-z]|[ivxlcdm]+)[.)](?=\s|$)|[!-/:-@\[-`{-~•‣⁃]", re.IGNORECASE)
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_STARTS = ("=", "+", "-", "@", "\t", "\r", "'")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)


def has_control_characters(text: str) -> bool:
    """Return whether `text` has control characters other than tab and newline, or lone surrogates."""
    return _CONTROL.search(text) is not None


def printable(text: str) -> str:
    r"""Return `text` with each control character as its code, such as \u001b, so that a terminal does not obey it."""
    return _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


class PrintableStream:
    """A text stream that writes control characters as their codes.

    Text of papers, images and results may contain sequences that move the cursor or rename the window of a terminal.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write `text`."""
        return self._stream.write(printable(text))

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)


def to_markdown_text(text: str) -> str:
    """Return `text` as one line of Markdown (GitHub, pandoc) that is shown literally."""
    return _escaped_start(_MARKDOWN.sub(r"\\\g<0>", _one_line(text)), _MARKDOWN_START)


def to_rst_text(text: str) -> str:
    """Return `text` as one line of reStructuredText that is shown literally; links are no links."""
    return _escaped_start(_RST.sub(r"\\\g<0>", _one_line(text)), _RST_START)


def from_rst_text(text: str) -> str:
    """Return the text that `to_rst_text` was given, as one line."""
    return re.sub(r"\\(.)", r"\1", text)


def to_latex_text(text: str) -> str:
    """Return `text` as one line of LaTeX that is shown literally; letters and signs of Unicode become its commands."""
    encoded = str(_latex_encoder().unicode_to_latex(_one_line(text)))
    # A bracket or a star after the end of a row would be read as an argument of it.
    return re.sub(r"^[\[*]|(?<=\s)[\[*]", r"{\g<0>}", encoded)


@cache
def _latex_encoder() -> "UnicodeToLatexEncoder":
    from pylatexenc.latexencode import RULE_DICT, UnicodeToLatexConversionRule, UnicodeToLatexEncoder

    primes = UnicodeToLatexConversionRule(RULE_DICT, {ord("′"): r"\ensuremath{'}", ord("″"): r"\ensuremath{''}"})
    return UnicodeToLatexEncoder(
        conversion_rules=[primes, "defaults"], unknown_char_policy="unihex", unknown_char_warning=False
    )


def to_csv_field(text: str) -> str:
    """Return the text of a field of a CSV file that spreadsheets take for text, not for a formula.

    Text that begins like a formula gets an apostrophe in front, as spreadsheets write it; numbers stay as they are.
    """
    if text[:1] not in _STARTS:
        return text
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def from_csv_field(text: str) -> str:
    """Return the text that `to_csv_field` was given."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text[1:]) else text


def csv_of(table: "pd.DataFrame") -> str:
    """Return a table as CSV text with a heading; text fields are written by `to_csv_field`."""
    safe = table.rename(columns=to_csv_field)
    for name in safe.columns[safe.dtypes.map(lambda kind: kind.kind in "OUS" or str(kind) in ("string", "str"))]:
        safe[name] = [to_csv_field(value) if isinstance(value, str) else value for value in safe[name]]
    return str(safe.to_csv(index=False, lineterminator="\n"))


def csv_of_rows(rows: Iterable[Mapping[str, object]], columns: Sequence[str]) -> str:
    """Return rows as CSV text with a heading; None becomes an empty field."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(csv_row([row[name] for name in columns]) for row in rows)
    return text.getvalue()


def csv_row(values: Sequence[object]) -> list[object]:
    """Return the fields of a row for the `csv` module, text by `to_csv_field`."""
    return [to_csv_field(value) if isinstance(value, str) else value for value in values]


def _escaped_start(line: str, start: re.Pattern[str]) -> str:
    """Return `line` with a backslash before the last character of the start that would be read as markup."""
    found = start.match(line)
    if found is None or line.startswith("\\"):
        return line
    sign = found.end() - 1
    return f"{line[:sign]}\\{line[sign:]}"


def _one_line(text: str) -> str:
    return unicodedata.normalize("NFC", printable(" ".join(text.split())))
