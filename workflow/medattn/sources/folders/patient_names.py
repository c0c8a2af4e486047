"""Patients in the names of image files, by a regular expression.

The expression may come from anybody, so RE2 matches it: its memory is bounded and its time linear in the name.
"""

from functools import cache
from pathlib import Path
from typing import Any

from medattn.errors import UserError

LONGEST = 500  # characters of a pattern


def check_pattern(pattern: str | None) -> None:
    """Check that a pattern for names of files, if there is one, has a group for the patient.

    Raises:
        ValueError: it is no regular expression, RE2 does not know its syntax, or it has no group.
    """
    if pattern is not None and _compiled(pattern).groups < 1:
        raise ValueError("patient has no group in parentheses")


def patient_in(name: str, pattern: str | None, folder: Path) -> str | None:
    """Return the patient that the name of a file tells; None without a pattern.

    Raises:
        UserError: the name does not match the pattern, or its first group is empty.
    """
    if pattern is None:
        return None
    match = _compiled(pattern).fullmatch(name.encode(errors="replace").decode())
    if not (match and match[1]):
        raise UserError(f"{folder}: {name} does not match patient ({pattern})")
    return str(match[1])


@cache
def _compiled(pattern: str) -> Any:
    import re2

    if len(pattern) > LONGEST:
        raise ValueError(f"patient is longer than {LONGEST} characters")
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options=options)
    except re2.error as error:
        reason = error.args[0].decode(errors="replace") if isinstance(error.args[0], bytes) else error
        raise ValueError(f"patient is not a regular expression of RE2 ({reason})") from error
