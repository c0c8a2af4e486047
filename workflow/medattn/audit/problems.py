"""Errors of reading a damaged file, in words for the reader of an audit."""

from medattn.errors import UserError


def problem(error: BaseException) -> str:
    """Return in one line what is wrong, without the name of an exception."""
    text = " ".join(str(error).split())
    if isinstance(error, UserError | OSError):
        return text
    if isinstance(error, KeyError):
        return f"damaged: no {text} in it"
    return f"damaged: {text}" if text else "damaged"
