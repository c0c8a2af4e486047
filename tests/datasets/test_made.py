"""Digits and phantoms: the data sets that need no file."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from medattn.config.load import registered_datasets
from medattn.datasets.check_source import check_source
from medattn.errors import UserError
from medattn.sources.phantom import PhantomSource
from medattn.sources.pixels.phantom_drawing import make_images, region_mask

from .conftest import entry_of

NOWHERE = Path("nowhere")


def phantom(**options):
    return PhantomSource(kind="phantom", counts={"train": [1, 1]}, **options)


def test_digits_are_whole_and_stratified():
    entry = registered_datasets()["digits"]
    data = entry.source.read(entry, NOWHERE)
    check_source(entry, data, "digits")
    train, test = data.splits["train"], data.splits["test"]
    assert (len(train.images), len(test.images)) == (1437, 360)
    assert train.images.shape[1:] == (8, 8, 1)
    assert (train.images.min(), train.images.max()) == (0, 255)
    assert np.ptp(np.bincount(test.labels)) <= 2
    with pytest.raises(UserError, match="the digits have 10"):
        entry_of(source={"kind": "digits"}).source.read(entry_of(source={"kind": "digits"}), NOWHERE)


def test_phantoms_are_the_same_every_time():
    entry = registered_datasets()["phantom"]
    first, second = (entry.source.read(entry, NOWHERE) for _ in range(2))
    check_source(entry, first, "phantom")
    for name in first.splits:
        assert np.array_equal(first.splits[name].images, second.splits[name].images)
        assert np.array_equal(first.splits[name].labels, second.splits[name].labels)


@pytest.mark.parametrize(("size", "channels"), [(12, 1), (28, 3), (96, 3)])
def test_outside_the_region_a_phantom_does_not_depend_on_its_label(size, channels):
    source, region = phantom(size=size, channels=channels), region_mask(size)
    without, with_lesions = (make_images(source, "train", np.full(12, label), 3) for label in (0, 2))
    assert np.array_equal(without[:, ~region], with_lesions[:, ~region])
    assert np.all(np.any(without[:, region] != with_lesions[:, region], axis=(1, 2)))


def test_every_image_and_seed_differs():
    labels = np.zeros(5, dtype=np.int64)
    images = make_images(phantom(), "train", labels, 2)
    others = [make_images(phantom(seed=1), "train", labels, 2), make_images(phantom(), "test", labels, 2)]
    assert len({image.tobytes() for part in (images, *others) for image in part}) == 15


def test_sizes_show_the_same_scene():
    labels = np.array([0, 1, 2])
    small, large = (make_images(phantom(size=size, noise=0.0), "train", labels, 3) for size in (32, 128))
    shrunk = large.reshape(3, 32, 4, 32, 4).mean(axis=(2, 4))
    assert np.abs(shrunk - small[..., 0]).mean() < 3


def test_the_region_alone_tells_the_class():
    data = registered_datasets()["phantom"].source.read(registered_datasets()["phantom"], NOWHERE)
    train, test = data.splits["train"], data.splits["test"]

    def accuracy(mask):
        first, second = (split.images[:, mask, 0] / 255 for split in (train, test))
        return LogisticRegression(C=0.1, max_iter=500).fit(first, train.labels).score(second, test.labels)

    assert accuracy(data.region) > 0.75
    assert accuracy(~data.region) < 0.45
