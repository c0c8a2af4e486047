"""Phantoms: synthetic images whose lesions, and the region that can contain them, are known."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from medattn.closed_model import MAX_IMAGES, ImageCount
from medattn.sources.base import SPLITS, Channels, DatasetFacts, ImageSource, SplitName

if TYPE_CHECKING:
    from medattn.sources.pixels.source_data import SourceData

_MOST_BYTES = 1 << 36


MAX_BYTES = 1 << 36
"""Largest size of all images together in bytes."""


class PhantomSource(ImageSource):
    """Synthetic images: fixed anatomy, lesions only inside a known region, distractors outside it."""

    reader_version: ClassVar[int] = 2
    is_embedded: ClassVar[bool] = True
    is_synthetic: ClassVar[bool] = True

    kind: Literal["phantom"]
    size: int = Field(28, ge=12, le=1024, description="height and width in pixels")
    channels: Channels = Field(1, description="1 (gray) or 3 (color)")
    counts: dict[SplitName, list[Annotated[ImageCount, Field(ge=0)]]] = Field(
        description="images per class, for each split; at most 64 GiB of pixels in all"
    )
    images_per_patient: int = Field(
        0, ge=0, le=MAX_IMAGES, description="images of a class that share a patient; 0: patients are unknown"
    )
    noise: float = Field(0.06, ge=0, le=1, description="standard deviation of pixel noise, of full range 1")
    contrast: float = Field(0.4, gt=0, le=1, description="brightness of a lesion, of full range 1")
    distractors: int = Field(
        3, ge=0, le=50, description="spots outside the region, on average; an image has 0 to twice as many"
    )
    seed: int = Field(0, ge=0, lt=1 << 63, description="seed of the images")

    @model_validator(mode="after")
    def _fits_on_a_disk(self) -> Self:
        images = sum(sum(per_class) for per_class in self.counts.values())
        if images * self.size**2 * self.channels > _MOST_BYTES:
            raise ValueError(f"counts asks for {images} images of {self.size} px, which are more than 64 GiB")
        return self

    @property
    def shape(self) -> tuple[int, Channels]:
        """Height (which is the width) in pixels, and channels of the images."""
        return self.size, self.channels

    @property
    def has_patients(self) -> bool:
        """Whether images belong to patients."""
        return self.images_per_patient > 0

    @property
    def own_counts(self) -> Mapping[SplitName, Sequence[int]]:
        """Images per class of each split."""
        return self.counts

    def read(self, dataset: DatasetFacts, path: Path, scratch: Path | None = None) -> "SourceData":
        """Draw the images; the same seed gives the same images."""
        import numpy as np

        from medattn.sources.pixels.phantom_drawing import draw_images, phantom_generator, region_mask
        from medattn.sources.pixels.source_data import SourceData, Split
        from medattn.sources.pixels.spooled_images import SpooledImages

        classes = len(dataset.classes)
        splits: dict[str, Split] = {}
        for name in SPLITS:
            if name in self.counts:
                labels = np.repeat(np.arange(classes, dtype=np.int64), self.counts[name])
                labels = phantom_generator(self, f"{name}/order").permutation(labels)
                images = SpooledImages(scratch)
                for image in draw_images(self, name, labels, classes):
                    images.add(image)
                splits[name] = Split(images.array(), labels, self._patients(name, labels.tolist()))
        return SourceData(splits, region=region_mask(self.size))

    def _patients(self, split: SplitName, labels: list[int]) -> list[str] | None:
        """Return the patient of each image: consecutive images of a class share one."""
        if not self.images_per_patient:
            return None
        seen: Counter[int] = Counter()
        patients = []
        for label in labels:
            patients.append(f"{split}-{label}-{seen[label] // self.images_per_patient}")
            seen[label] += 1
        return patients
