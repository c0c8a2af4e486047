"""Sizes that the compressed image in a DICOM file states itself, which the file around it may understate."""

import re
from collections.abc import Iterator

_JPEG_FRAME = re.compile(
    rb"\xff[\xc0-\xc3\xc5-\xc7\xc9-\xcb\xcd-\xcf\xf7](..)[\x02-\x10](..)(..)([\x01-\x04])", re.DOTALL
)
"""Start of a frame of JPEG and JPEG-LS: length, bits, rows, columns and components."""
_CODESTREAM = re.compile(rb"\xff\x4f\xff\x51....(....)(....)(....)(....)", re.DOTALL)
"""Start of a codestream of JPEG 2000: length, capabilities, size and offset of the reference grid."""


def stated_sizes(compressed: bytes) -> Iterator[tuple[int, int]]:
    """Yield width and height of each image of JPEG, JPEG-LS and JPEG 2000 that starts anywhere in `compressed`.

    A decoder may begin at any of them, so none is passed over.
    """
    for length, rows, columns, components in (found.groups() for found in _JPEG_FRAME.finditer(compressed)):
        if int.from_bytes(length) == 8 + 3 * components[0]:
            yield int.from_bytes(columns), int.from_bytes(rows)
    for found in _CODESTREAM.finditer(compressed):
        right, bottom, left, top = (int.from_bytes(value) for value in found.groups())
        yield right - left, bottom - top
