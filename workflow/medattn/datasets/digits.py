"""scikit-learn's handwritten digits: 1,797 real images of 8 x 8 pixels that come with the library."""

from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from medattn.config.models.dataset import DatasetEntry
from medattn.config.sources.sources import DigitsSource
from medattn.datasets.source import SourceData, Split
from medattn.errors import UserError

_BRIGHTEST = 16


def read_digits(entry: DatasetEntry, path: Path, scratch: Path | None = None) -> SourceData:
    """Read the digits, split by the source's options, with brightness 0 to 16 scaled to 0 to 255.

    Args:
        entry: an entry whose source is `digits`.
        path: unused; the images come with scikit-learn.
        scratch: unused; there are few.

    Raises:
        UserError: the entry does not name ten classes, or its test split cannot hold every class.
    """
    source = entry.source
    assert isinstance(source, DigitsSource)
    if len(entry.classes) != 10:
        raise UserError(f"digits: classes names {len(entry.classes)} classes, but the digits have 10")
    digits = load_digits()
    images = np.rint(digits.images * (255 / _BRIGHTEST)).astype(np.uint8)[..., np.newaxis]
    labels = digits.target.astype(np.int64)
    try:
        train, test = train_test_split(
            np.arange(len(labels)),
            test_size=source.test_fraction,
            random_state=source.split_seed % 2**32,
            stratify=labels,
        )
    except ValueError as error:
        raise UserError(f"digits: test_fraction {source.test_fraction} cannot be split by class: {error}") from error
    # Sorted, so that the order says nothing about how scikit-learn drew the split.
    parts = {"train": np.sort(train), "test": np.sort(test)}
    return SourceData({name: Split(images[part], labels[part]) for name, part in parts.items()})
