"""Reading of files within limits: every error is one line with the file and what to do.

Anybody may have written, damaged or replaced a file: a pipe does not hang the reader, and no content takes more than a
gigabyte of memory or ends in a traceback.
"""

import csv
import io
import json
import math
import os
import re
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from medattn.errors import UserError

MAX_BYTES = 1 << 30
"""Largest file that is read whole: tables of the largest selections have a few hundred megabytes."""
MAX_JSON = 1 << 27
"""Largest JSON file: the plan of 6,000 runs has some 20 megabytes."""
MAX_VALUES = 4_000_000
"""Largest number of values in a JSON file; with it, no file takes more than a gigabyte of memory."""
MAX_DEPTH = 60
"""Deepest nesting of lists and mappings."""
MAX_DIGITS = 40
"""Most digits of a whole number: seeds of random streams have up to 39."""
_DELETE = "delete it and "
RUN_AGAIN = "delete it and run the step that makes it"
"""What to do about a file of a step that is missing or damaged."""


@contextmanager
def open_file(path: Path, remedy: str = RUN_AGAIN, limit: int = MAX_BYTES) -> Iterator[io.BufferedReader]:
    """Open a regular file for reading within the block.

    Args:
        path: the file; a folder, a pipe and a device are refused without waiting for them.
        remedy: what to do where the file is missing or not what it should be, for the message.
        limit: largest size in bytes; a larger file is refused before it is read.

    Raises:
        UserError: the file is missing, is no regular file, is too large or can't be read.
    """
    with reading_errors(path, remedy):
        try:
            descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        except ValueError as error:  # a NUL character, or half of a surrogate pair
            raise UserError(f"{str(path)!r}: not the path of a file") from error
        with os.fdopen(descriptor, "rb") as stream:
            facts = os.fstat(stream.fileno())
            if not stat.S_ISREG(facts.st_mode):
                kind = "a folder" if stat.S_ISDIR(facts.st_mode) else "a pipe or device"
                raise UserError(f"{path}: {kind}, not a file")
            if facts.st_size > limit:
                raise UserError(f"{path}: {_size(facts.st_size)}, but at most {_size(limit)} are read; {remedy}")
            yield stream


def read_bytes(path: Path, remedy: str = RUN_AGAIN, limit: int = MAX_BYTES) -> bytes:
    """Read a file whole; arguments and errors as in `open_file`."""
    with open_file(path, remedy, limit) as stream:
        return stream.read(os.fstat(stream.fileno()).st_size)  # a file that grows meanwhile is cut


def read_text(path: Path, remedy: str = RUN_AGAIN, limit: int = MAX_BYTES) -> str:
    """Read a text file in UTF-8, with or without a byte order mark; raises as `read_bytes`, and for NUL bytes."""
    try:
        text = read_bytes(path, remedy, limit).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not a text file in UTF-8 (byte {error.start + 1}); {remedy}") from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise UserError(f"{path}: not a text file (a NUL byte in line {line}); {remedy}")
    return text


def read_json(path: Path, remedy: str = RUN_AGAIN, limit: int = MAX_JSON) -> Any:
    """Read a JSON file that a step of the workflow wrote.

    Raises:
        UserError: as `read_text` and `parse_json`.
    """
    return parse_json(read_text(path, remedy, limit), str(path), remedy)


def parse_json(text: str, where: str, remedy: str = RUN_AGAIN, *, finite: bool = True) -> Any:
    """Parse JSON text from a file or pipe that anybody may have written.

    Args:
        text: the text.
        where: name of the file, for messages.
        remedy: what to do if it is damaged.
        finite: refuse NaN and infinities.

    Raises:
        UserError: it is no JSON, has too many values, is nested too deeply, or has a number or text that no step can
            use: more than MAX_DIGITS digits, NaN, an infinity, half a surrogate pair or a NUL character.
    """
    if text.count(",") + text.count("[") + text.count("{") > MAX_VALUES:
        raise UserError(f"{where}: more than {MAX_VALUES} values; {remedy}")
    try:
        value = json.loads(text, parse_constant=_refuse_constant if finite else None)
        _check_json(value, has_escapes="\\u" in text, finite=finite)
    except RecursionError as error:
        raise UserError(f"{where}: not a JSON file (nested deeper than {MAX_DEPTH} levels); {remedy}") from error
    except ValueError as error:
        raise UserError(f"{where}: not a JSON file ({_short(error)}); {remedy}") from error
    return value


def read_csv(
    path: Path, needed: Sequence[str], remedy: str = RUN_AGAIN, limit: int = MAX_BYTES
) -> list[dict[str, str]]:
    """Read a CSV table whose first line names its columns.

    Args:
        path: the file.
        needed: columns that it must have; others are kept.
        remedy: what to do if it is damaged.
        limit: largest size in bytes.

    Raises:
        UserError: as `read_text`; or a column is missing or named twice, or a line has another number of fields.
    """
    reader = csv.reader(io.StringIO(read_text(path, remedy, limit), newline=""), strict=True)
    try:
        header = next(reader, [])
        for name in needed:
            if name not in header:
                raise UserError(f"{path}: no column '{name}'; {remedy}")
        if len(set(header)) < len(header):
            raise UserError(f"{path}: a column is named twice; {remedy}")
        rows = []
        for fields in reader:
            if fields and len(fields) != len(header):
                raise UserError(
                    f"{path}: line {reader.line_num}: {len(fields)} fields, but the first line names {len(header)}; "
                    f"{remedy}"
                )
            if fields:
                rows.append(dict(zip(header, fields, strict=True)))
    except csv.Error as error:
        raise UserError(f"{path}: line {reader.line_num}: not a CSV table ({error}); {remedy}") from error
    return rows


def expanded_path(text: str) -> str:
    """Return the path of a file or folder with `~`, `~name`, `$NAME` and `${NAME}` replaced, as shells do.

    Raises:
        ValueError: there is no such user or environment variable, or the path has a NUL character.
    """
    if "\0" in text:
        raise ValueError("a path can't have a NUL character")
    path = os.path.expandvars(os.path.expanduser(text))  # noqa: PTH111 (a Path would change the text)
    if unknown := re.search(r"\$(\w+|\{\w+\})", path):
        raise ValueError(f"the environment variable {unknown[1].strip('{}')} is not set; set it, or write the path out")
    if text.startswith("~") and path.startswith("~"):
        raise ValueError(f"no folder is known for {text.split('/')[0]}; write the path out")
    return path


def path_argument(text: str) -> Path:
    """Return the path that an option of the command line names, expanded by `expanded_path`.

    Raises:
        UserError: it can't be expanded.
    """
    try:
        return Path(expanded_path(text))
    except ValueError as error:
        raise UserError(f"{text}: {error}") from error


@contextmanager
def reading_errors(path: Path, remedy: str = RUN_AGAIN) -> Iterator[None]:
    """Report errors of the file system while `path` is read as one line.

    Raises:
        UserError: the file is missing, a folder, or forbidden, its name is impossible, or the file system fails.
    """
    first = f"{remedy.removeprefix(_DELETE)} first" if remedy.startswith(_DELETE) else remedy
    try:
        yield
    except (FileNotFoundError, NotADirectoryError) as error:
        if path.is_symlink():
            raise UserError(f"{path}: a link to {os.readlink(path)}, which does not exist; {first}") from error  # noqa: PTH115
        raise UserError(f"{path}: no such file; {first}") from error
    except IsADirectoryError as error:
        raise UserError(f"{path}: a folder, not a file") from error
    except PermissionError as error:
        raise UserError(f"{path}: permission denied; make it readable with `chmod u+r`, or ask its owner") from error
    except OSError as error:
        raise UserError(f"{path}: can't be read ({error.strerror or error})") from error


@contextmanager
def unexpected_content(path: Path, remedy: str = RUN_AGAIN) -> Iterator[None]:
    """Report a value of `path` that is missing or of another type, found in the block, as one line.

    Raises:
        UserError: a value is missing, or has another type.
    """
    try:
        yield
    except KeyError as error:
        raise UserError(f"{path}: has no {_short(error)}; {remedy}") from error
    except (TypeError, ValueError, AttributeError, LookupError, ArithmeticError) as error:
        raise UserError(f"{path}: not what it should be ({_short(error)}); {remedy}") from error


def _check_json(value: object, has_escapes: bool, finite: bool) -> None:
    """Check depth, numbers and, where the text has escapes, texts of a JSON value.

    Raises:
        ValueError: one of them is beyond the limits.
    """
    level: list[Any] = [value]
    for _ in range(MAX_DEPTH + 1):
        below: list[Any] = []
        for each in level:
            if isinstance(each, dict):
                if has_escapes:
                    below += each
                below += each.values()
            elif isinstance(each, list):
                below += each
            elif isinstance(each, str):
                if has_escapes:
                    check_characters(each)
            elif isinstance(each, float):
                if finite and not math.isfinite(each):
                    raise ValueError("a number is too large")
            elif isinstance(each, int) and abs(each) >= 10**MAX_DIGITS:
                raise ValueError(f"a number has more than {MAX_DIGITS} digits")
        if not below:
            return
        level = below
    raise ValueError(f"nested deeper than {MAX_DEPTH} levels")


def check_characters(text: str) -> None:
    """Check that a text can be written to files.

    Raises:
        ValueError: it has half of a surrogate pair, or a NUL character.
    """
    if "\0" in text:
        raise ValueError("a text has a NUL character")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError("a text has half of a surrogate pair (\\ud800 to \\udfff)") from error


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


def _short(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError) or len(str(error)) < 80:
        return str(error)
    return f"{str(error)[:77]}..."


def _size(count: int) -> str:
    return f"{count / 1e6:.3g} MB" if count >= 100_000 else f"{count} bytes"
