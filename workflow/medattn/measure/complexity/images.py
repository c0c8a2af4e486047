"""What a network sees of a data set before there is an image of it: size, channels, number of training images."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medattn.config.dataset import DatasetEntry
from medattn.config.sources import PhantomSource
from medattn.files import read_json


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
        side, channels = entry.source.shape
        height = width = side
        counts = entry.counts or (entry.source.counts if isinstance(entry.source, PhantomSource) else {})
        known = {name: sum(per_class) for name, per_class in counts.items()} or dict(entry.images or {})
    training = sum(known.get(name, 0) for name in protocol["training_splits"]) or None
    if input_size is not None:
        height = width = input_size
    return ImageFacts(height, width, channels, training, len(entry.classes))
