"""Images collected in memory while they are few, then in an unnamed temporary file, to bound the memory of readers."""

import tempfile
from pathlib import Path
from typing import IO

import numpy as np

from medattn.files import disk_errors
from medattn.sources.pixels.source_data import Images

IN_MEMORY = 1 << 28
"""Bytes that are kept in memory before they are written to the temporary file."""


class SpooledImages:
    """Images of one shape, uint8 (height, width, channels), in the order in which they were added."""

    def __init__(self, scratch: Path | None) -> None:
        """Start without images.

        Args:
            scratch: folder for the temporary file, which disappears with the images; None: keep all images in memory.
        """
        self._scratch = scratch
        self._shape: tuple[int, ...] | None = None
        self._count = self._waiting_bytes = 0
        self._waiting: list[Images] = []
        self._file: IO[bytes] | None = None

    def __len__(self) -> int:
        return self._count

    def add(self, image: Images) -> None:
        """Add an image.

        Raises:
            ValueError: it has another shape than the first.
            UserError: the temporary file can't be written.
        """
        self.extend(image[np.newaxis])

    def extend(self, images: Images) -> None:
        """Add several images, (N, height, width, channels); raises as `add`."""
        self._shape = self._shape or images.shape[1:]
        if images.shape[1:] != self._shape:
            raise ValueError(f"an image has the shape {images.shape[1:]}, but the first has {self._shape}")
        self._waiting.append(images)
        self._count += len(images)
        self._waiting_bytes += images.nbytes
        if self._scratch is not None and self._waiting_bytes > IN_MEMORY:
            self._flush(self._scratch)

    def array(self) -> Images:
        """Return all images, (N, height, width, channels); images on disk are mapped read-only."""
        shape = (self._count, *(self._shape or (0, 0, 0)))
        if self._file is None:
            return np.concatenate(self._waiting) if self._waiting else np.empty(shape, dtype=np.uint8)
        assert self._scratch is not None
        self._flush(self._scratch)
        # The mapping keeps the unnamed file alive.
        return np.memmap(self._file, dtype=np.uint8, mode="r", shape=shape)

    def _flush(self, scratch: Path) -> None:
        with disk_errors(scratch):
            if self._file is None:
                scratch.mkdir(parents=True, exist_ok=True)
                self._file = tempfile.TemporaryFile(dir=scratch)  # noqa: SIM115 (lives as long as this object)
            for images in self._waiting:
                self._file.write(np.ascontiguousarray(images).data)
            self._file.flush()
        self._waiting, self._waiting_bytes = [], 0
