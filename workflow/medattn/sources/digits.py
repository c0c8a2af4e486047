"""scikit-learn's handwritten digits: 1,797 real images of 8 x 8 pixels that come with the library."""

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from medattn.closed_model import MAX_SEED
from medattn.errors import UserError
from medattn.sources.base import Channels, DatasetFacts, ImageSource

if TYPE_CHECKING:
    from medattn.sources.pixels.source_data import SourceData

_BRIGHTEST = 16


class DigitsSource(ImageSource):
    """scikit-learn's handwritten digits, 1,797 real 8 x 8 images, which come with the library."""

    is_embedded: ClassVar[bool] = True

    kind: Literal["digits"]
    test_fraction: float = Field(
        0.2, gt=0, lt=1, description="share of the images that become the test split, stratified by class"
    )
    split_seed: int = Field(0, ge=0, le=MAX_SEED, description="seed of that split")

    @property
    def shape(self) -> tuple[int, Channels]:
        """Height (which is the width) in pixels, and channels of the images."""
        return 8, 1

    def read(self, dataset: DatasetFacts, path: Path, scratch: Path | None = None) -> "SourceData":
        """Read the digits and draw the test split; brightness 0 to 16 is scaled to 0 to 255.

        Raises:
            UserError: the data set does not have ten classes, or the test split can't contain every class.
        """
        import numpy as np
        from sklearn.datasets import load_digits
        from sklearn.model_selection import train_test_split

        from medattn.sources.pixels.source_data import SourceData, Split

        if len(dataset.classes) != 10:
            raise UserError(f"digits: classes names {len(dataset.classes)} classes, but the digits have 10")
        digits = load_digits()
        images = np.rint(digits.images * (255 / _BRIGHTEST)).astype(np.uint8)[..., np.newaxis]
        labels = digits.target.astype(np.int64)
        try:
            train, test = train_test_split(
                np.arange(len(labels)),
                test_size=self.test_fraction,
                random_state=self.split_seed % 2**32,
                stratify=labels,
            )
        except ValueError as error:
            raise UserError(f"digits: test_fraction {self.test_fraction} cannot be split by class: {error}") from error
        # Sorted: the order must not depend on how scikit-learn draws the split.
        parts = {"train": np.sort(train), "test": np.sort(test)}
        return SourceData({name: Split(images[part], labels[part]) for name, part in parts.items()})
