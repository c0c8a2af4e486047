"""Arrays in a safetensors file, written piece by piece and memory-mapped: of any size, in bounded memory.

The functions of the library keep every array in memory, some twice. The format is the length of a JSON header, the
header and the bytes of the arrays; the files are byte for byte those of `safetensors.numpy.save_file`.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open

Array = npt.NDArray[Any]

_TYPES = {
    "uint8": "U8",
    "uint16": "U16",
    "float32": "F32",
    "int64": "I64",
    "float64": "F64",
    "bool": "BOOL",
}
_PIECE = 1 << 24


def write_tensors(path: Path, tensors: Mapping[str, Array]) -> None:
    """Write arrays of uint8, uint16, float32, int64, float64 or bool.

    Raises:
        OSError: the file can't be written.
        KeyError: an array has another type.
    """
    # Wide types first, to align every array.
    ordered = sorted(tensors, key=lambda name: (-tensors[name].dtype.itemsize, _rank(tensors[name]), name))
    header, offset = {}, 0
    for name in ordered:
        array = tensors[name]
        ends = [offset, offset + array.nbytes]
        header[name] = {"dtype": _TYPES[array.dtype.name], "shape": list(array.shape), "data_offsets": ends}
        offset = ends[1]
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as stream:
        stream.write(len(text).to_bytes(8, "little"))
        stream.write(text)
        for name in ordered:
            for piece in pieces(tensors[name]):
                stream.write(piece.data)


def map_tensors(path: Path) -> dict[str, Array]:
    """Memory-map the arrays of a file that `write_tensors` wrote, read-only.

    Raises:
        SafetensorError: the file is damaged.
    """
    with safe_open(path, "numpy"):  # checks the header, and that the arrays fill the file
        pass
    types = {written: np.dtype(name) for name, written in _TYPES.items()}
    with path.open("rb") as stream:
        start = int.from_bytes(stream.read(8), "little")
        header = json.loads(stream.read(start))
    tensors: dict[str, Array] = {}
    for name, about in header.items():
        if name == "__metadata__":
            continue
        if about["dtype"] not in types:
            raise SafetensorError(f"{name} has the type {about['dtype']}")
        shape, kind = tuple(about["shape"]), types[about["dtype"]]
        empty = 0 in shape
        first = 8 + start + about["data_offsets"][0]
        tensors[name] = np.empty(shape, kind) if empty else np.memmap(path, kind, "r", first, shape)
    return tensors


def pieces(array: Array) -> Iterator[Array]:
    """Yield the array in contiguous pieces of about 16 MB along its first axis."""
    rows = max(1, _PIECE // max(1, array[:1].nbytes))
    for first in range(0, len(array), rows):
        yield np.ascontiguousarray(array[first : first + rows])


def _rank(array: Array) -> int:
    return list(_TYPES).index(array.dtype.name)
