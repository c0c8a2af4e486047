"""What tells the split of a run from every other."""

import hashlib

import numpy as np

from medattn.training.splits import SplitOfRun


def split_sha256(split: SplitOfRun) -> str:
    """Return the SHA-256 of the positions of all images of a split, and of what is copied, in hexadecimal."""
    parts = [split.training, split.evaluated, split.validation]
    if split.copies is not None:
        parts.append(split.copies.sources)
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(np.ascontiguousarray(part, dtype="<i8").data)
    return digest.hexdigest()
