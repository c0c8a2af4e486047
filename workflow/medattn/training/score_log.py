"""Scores of a run in training, one epoch after the other in a file that only grows, until the run stores them.

Each epoch is a record: its number, the numbers of images and classes and the SHA-256 of the scores, then the scores. A
process that is killed can leave a part of a record at the end, and epochs that its checkpoint does not have; a resumed
run copies the epochs of the checkpoint to a new file and goes on there. A process that lost the run and writes on
changes only the old file.
"""

import hashlib
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from medattn.files import atomic_write, disk_errors

_HEAD = struct.Struct("<8sIIQ32s")
_MAGIC = b"scores01"


class DamagedScoresError(Exception):
    """File that lacks an epoch of the checkpoint, or has another one in its place."""


class ScoreLog:
    """Scores of a run at its finished epochs, in a file; they are read from there, so the memory holds one epoch.

    Args:
        path: the file.
        images: number of images.
        classes: number of classes.
        epochs: number of finished epochs of the checkpoint; later ones in the file are dropped.

    Raises:
        DamagedScoresError: the file lacks an epoch of the checkpoint.
        UserError: the disk is full or read-only.
    """

    def __init__(self, path: Path, images: int, classes: int, epochs: int = 0) -> None:
        self._path, self._shape = path, (images, classes)
        self._record = np.dtype([("head", f"V{_HEAD.size}"), ("scores", "<f4", self._shape)])
        self._count = 0
        self._stream: IO[bytes] | None = None
        self._reader: IO[bytes] | None = None
        try:
            atomic_write(path, lambda part: self._begin(part, epochs))
        except BaseException:
            self.close()
            raise

    def _begin(self, part: Path, epochs: int) -> None:
        """Open the file and copy the finished epochs. Later ones go to the same file, whatever has its name then."""
        self._stream, self._reader = part.open("r+b", buffering=0), part.open("rb")
        for payload in self._finished(epochs):
            self._write(payload)

    def append(self, scores: Tensor) -> None:
        """Append the scores after an epoch: N x classes, float32, on the CPU.

        Raises:
            UserError: the disk is full.
        """
        array = np.ascontiguousarray(scores.numpy(), dtype="<f4")
        if array.shape != self._shape:
            raise ValueError(f"scores of the shape {array.shape}, not {self._shape}")
        with disk_errors(self._path):
            self._write(array.tobytes())

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, epochs: slice) -> list[Tensor]:
        """Return the scores of some epochs, counted from 0."""
        return [torch.from_numpy(np.array(self.array()[epoch])) for epoch in range(*epochs.indices(self._count))]

    def array(self) -> NDArray[np.float32]:
        """Return the scores of all epochs, mapped from the file: epochs x N x classes."""
        if not self._count:
            return np.empty((0, *self._shape), np.float32)
        assert self._reader is not None
        records = np.memmap(self._reader, self._record, "r", shape=(self._count,))
        scores: NDArray[np.float32] = records["scores"]
        return scores

    def flush(self) -> None:
        """Wait until the disk has what was appended.

        Raises:
            UserError: the file system reports an error.
        """
        assert self._stream is not None
        with disk_errors(self._path):
            os.fsync(self._stream.fileno())

    def close(self) -> None:
        """Close the file."""
        for stream in (self._stream, self._reader):
            if stream is not None:
                stream.close()

    def _write(self, payload: bytes) -> None:
        assert self._stream is not None
        for part in (self._head(self._count + 1, payload), payload):
            view = memoryview(part)
            while view:
                view = view[self._stream.write(view) :]
        self._count += 1

    def _head(self, epoch: int, payload: bytes) -> bytes:
        images, classes = self._shape
        return _HEAD.pack(_MAGIC, classes, epoch, images, hashlib.sha256(payload).digest())

    def _finished(self, epochs: int) -> Iterator[bytes]:
        """Yield the scores of the first epochs of an existing file."""
        if not epochs:
            return
        size = 4 * self._shape[0] * self._shape[1]
        try:
            stream = self._path.open("rb")
        except FileNotFoundError as error:
            raise DamagedScoresError("no such file") from error
        with stream:
            for epoch in range(1, epochs + 1):
                head, payload = stream.read(_HEAD.size), stream.read(size)
                if len(payload) < size or head != self._head(epoch, payload):
                    raise DamagedScoresError(f"epoch {epoch} is damaged")
                yield payload
