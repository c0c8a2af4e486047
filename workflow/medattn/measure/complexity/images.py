"""What a network sees of a data set before there is an image of it: size, channels, number of training images."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medattn.config.dataset import DatasetEntry
from medattn.files import read_json

# Sides in pixels of the sources whose images have one size only; the others say theirs with the key `size`.
_SIDES = {"digits": 8, "medmnist": 28, "cifar": 32, "cifar10": 32, "cifar100": 32}
# Sources of gray images that do not say so with the key `channels`.
_GRAY = {"digits"}


@dataclass(frozen=True)
class ImageFacts:
    """The images of a data set as a network gets them.

    Attributes:
        height: height in pixels.
        width: width in pixels.
        channels: channels as stored; gray images are repeated for the network.
        training: number of training images; None where nobody knows it yet.
        classes: number of classes.
    """

    height: int
    width: int
    channels: int
    training: int | None
    classes: int


def image_facts(entry: DatasetEntry, prepared: Path, protocol: Mapping[str, Any], input_size: int | None) -> ImageFacts:
    """Return what is known of a data set: from the prepared images where they are, else from the registry.

    Args:
        entry: entry of the data set.
        prepared: folder of the prepared data set, which need not exist.
        protocol: the protocol, which says which splits are trained on.
        input_size: side in pixels to which a backbone enlarges images; None as stored.
    """
    manifest = prepared / "manifest.json"
    if manifest.is_file():
        facts = read_json(manifest)
        height, width, channels = facts["height"], facts["width"], facts["channels"]
        known = {name: split["images"] for name, split in facts["splits"].items()}
    else:
        source: Any = entry.source
        height = width = getattr(source, "size", None) or _SIDES[source.kind]
        channels = getattr(source, "channels", 1 if source.kind in _GRAY else 3)
        counts = entry.counts or getattr(source, "counts", None) or {}
        known = {name: sum(per_class) for name, per_class in counts.items()}
    training = sum(known.get(name, 0) for name in protocol["training_splits"]) or None
    if input_size is not None:
        height = width = input_size
    return ImageFacts(height, width, channels, training, len(entry.classes))
