"""Patients in the names of image files, by a regular expression."""

import re
from pathlib import Path

from medattn.errors import UserError


def check_pattern(pattern: str | None) -> None:
    """Check that a pattern for names of files, if there is one, has a group for the patient.

    Raises:
        ValueError: it is no regular expression, or has no group.
    """
    if pattern is None:
        return
    try:
        groups = re.compile(pattern).groups
    except re.error as error:
        raise ValueError(f"patient is not a regular expression ({error})") from error
    if groups < 1:
        raise ValueError("patient has no group in parentheses")


def patient_in(name: str, pattern: str | None, folder: Path) -> str | None:
    """Return the patient that the name of a file tells; None without a pattern.

    Raises:
        UserError: the name does not match the pattern, or its first group is empty.
    """
    if pattern is None:
        return None
    match = re.fullmatch(pattern, name)
    if not (match and match[1]):
        raise UserError(f"{folder}: {name} does not match patient ({pattern})")
    return match[1]
