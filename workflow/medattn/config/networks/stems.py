"""The families of networks whose first layers can be replaced by a small stem, known without importing torch."""

SMALL_STEMS: dict[str, tuple[str, str]] = {
    "resnet": ("conv1", "maxpool"),
    "resnext": ("conv1", "maxpool"),
    "wide_resnet": ("conv1", "maxpool"),
    "densenet": ("features.conv0", "features.pool0"),
    "googlenet": ("conv1.conv", "maxpool1"),
    "shufflenet": ("conv1.0", "maxpool"),
}
"""Family, as a network's name begins: path of the first convolution, path of the pooling that follows it."""


def small_stem_paths(model: str) -> tuple[str, str] | None:
    """Return the paths of first convolution and pooling of "<library>/<name>", None where its family is not known."""
    name = model.rpartition("/")[2]
    return next((paths for family, paths in SMALL_STEMS.items() if name.startswith(family)), None)


def no_small_stem(model: str) -> str:
    """Return the line that says that a network has no small stem, and which have."""
    return f"no small stem is known for {model}; use 'imagenet', or a network of {', '.join(SMALL_STEMS)}"
