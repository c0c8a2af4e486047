"""Networks whose first layers can be replaced by the small stem, without importing torch."""

SMALL_STEMS: dict[str, tuple[str, str]] = {
    "resnet": ("conv1", "maxpool"),
    "resnext": ("conv1", "maxpool"),
    "wide_resnet": ("conv1", "maxpool"),
    "densenet": ("features.conv0", "features.pool0"),
    "googlenet": ("conv1.conv", "maxpool1"),
    "shufflenet": ("conv1.0", "maxpool"),
}
"""Beginning of the network names of a family -> paths of its first convolution and of the pooling after it."""


def small_stem_paths(model: str) -> tuple[str, str] | None:
    """Return the paths of first convolution and pooling of "<library>/<name>", or None for an unknown family."""
    name = model.rpartition("/")[2]
    return next((paths for family, paths in SMALL_STEMS.items() if name.startswith(family)), None)


def no_small_stem(model: str) -> str:
    """Return a message that a network has no small stem, with the families that have one."""
    return f"no small stem is known for {model}; use 'imagenet', or a network of {', '.join(SMALL_STEMS)}"
