"""Reading of safetensors files: the header is checked before an array is read, and errors are one line."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import load

from medattn.errors import UserError
from medattn.reading import RUN_AGAIN, open_file, read_bytes

MAX_HEADER = 1 << 20
"""Largest header in bytes: the files of medattn have a few arrays, each named in some hundred bytes."""


def read_arrays(path: Path, remedy: str = RUN_AGAIN) -> dict[str, NDArray[Any]]:
    """Read all arrays of a file.

    Raises:
        UserError: the file is missing, is no regular file or is damaged.
    """
    check_header(path, remedy)
    return parse_arrays(read_bytes(path, remedy, limit=1 << 36), path, remedy)


def parse_arrays(content: bytes, path: Path, remedy: str = RUN_AGAIN) -> dict[str, NDArray[Any]]:
    """Parse the content of the file at `path`; the arrays are in the order of their names.

    Raises:
        UserError: it is damaged.
    """
    with damaged_arrays(path, remedy):
        # safetensors returns the arrays of bytes in another order in every call.
        return dict(sorted(load(content).items()))


def check_header(path: Path, remedy: str = RUN_AGAIN) -> None:
    """Check that a file can be opened as safetensors, without reading its arrays.

    Raises:
        UserError: it is missing, is no regular file, has a header larger than MAX_HEADER, or is damaged.
    """
    with open_file(path, remedy, limit=1 << 36) as stream:
        length = int.from_bytes(stream.read(8), "little")
    if length > MAX_HEADER:
        raise UserError(f"{path}: damaged (a header of {length} bytes); {remedy}")
    with damaged_arrays(path, remedy), safe_open(path, framework="numpy") as stream:
        for name in stream.keys():  # noqa: SIM118 (no mapping)
            math.prod(stream.get_slice(name).get_shape())


@contextmanager
def damaged_arrays(path: Path, remedy: str = RUN_AGAIN) -> Iterator[None]:
    """Report what is wrong with the arrays of `path`, which are read in the block, as one line.

    Raises:
        UserError: the file is damaged, or an array is missing or has another type or shape than it should.
    """
    try:
        yield
    except (SafetensorError, KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise UserError(f"{path}: damaged ({type(error).__name__}: {error}); {remedy}") from error
