"""Size, channels, classes and number of a data set's images, also of images that are not available."""

from dataclasses import dataclass
from pathlib import Path

from medattn.config.models.dataset import DatasetEntry
from medattn.config.models.paper import Backbone
from medattn.config.networks.catalog import image_size
from medattn.files import read_json
from medattn.protocols.base import MeasurementProtocol


@dataclass(frozen=True)
class ImageFacts:
    """The images of a data set as the input of a network.

    Attributes:
        height: height in pixels.
        width: width in pixels.
        channels: channels as stored; gray images are repeated for the network.
        training: number of training images; None if unknown.
        classes: number of classes.
    """

    height: int
    width: int
    channels: int
    training: int | None
    classes: int


def image_facts(entry: DatasetEntry, prepared: Path, protocol: MeasurementProtocol, backbone: Backbone) -> ImageFacts:
    """Return the facts about a data set's images: from the prepared images if they exist, otherwise from the registry.

    Args:
        entry: entry of the data set.
        prepared: folder of the prepared data set, which need not exist.
        protocol: settings of the protocol, which name the training splits.
        backbone: the network, which may resize images.
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
    training = sum(known.get(name, 0) for name in getattr(protocol, "training_splits", ["train"])) or None
    return ImageFacts(*side, channels, training, len(entry.classes))
