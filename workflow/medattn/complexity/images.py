"""What a network sees of a data set before there is an image of it: size, channels, number of training images."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medattn.config.models.dataset import DatasetEntry
from medattn.config.models.paper import Backbone
from medattn.files import read_json
from medattn.plan.fitting import image_size


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


def image_facts(entry: DatasetEntry, prepared: Path, protocol: Mapping[str, Any], backbone: Backbone) -> ImageFacts:
    """Return what is known of a data set: from the prepared images where they are, else from the registry.

    Args:
        entry: entry of the data set.
        prepared: folder of the prepared data set, which need not exist.
        protocol: the protocol, which says which splits are trained on.
        backbone: the network, which may enlarge images.
    """
    manifest = prepared / "manifest.json"
    side = image_size(backbone, entry)
    if manifest.is_file():
        facts = read_json(manifest)
        channels, stored = facts["channels"], (facts["height"], facts["width"])
        known = {name: split["images"] for name, split in facts["splits"].items()}
        side = (backbone.input_size, backbone.input_size) if backbone.input_size else stored
    else:
        channels = entry.source.shape[1]
        counts = entry.counts or entry.source.own_counts or {}
        known = {name: sum(per_class) for name, per_class in counts.items()} or dict(entry.images or {})
    training = sum(known.get(name, 0) for name in protocol.get("training_splits", ["train"])) or None
    return ImageFacts(*side, channels, training, len(entry.classes))
