"""Every network trains for an epoch on real images, in float32 and bfloat16, without a warning.

Handwritten digits stand in the package; BreastMNIST is taken where MEDATTN_DATA points to its file.
"""

import os
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch

from medattn.config.paper import Backbone
from medattn.training.images import ResidentImages, normalisation_for
from medattn.training.loop import TrainingData, TrainingState, train_epochs
from medattn.training.network import build_network

from ..training.conftest import recipe

LAST_BLOCKS = ["features.19", "features.20", "features.21"]
# Name, backbone, size: images of 28 px where the network takes them, else its smallest.
SMALL = [
    ({"model": "medattn/vgg_att3"}, 32),
    ({"model": "medattn/vgg_att3", "options": {"compatibility": "dp", "normalisation": "sigmoid"}}, 32),
    ({"model": "medattn/resattnet92"}, 28),
    ({"model": "medattn/resattnet56"}, 28),
    ({"model": "medattn/acnet"}, 28),
    ({"model": "timm/resnet18", "stem": "small"}, 28),
    ({"model": "torchvision/resnet18"}, 28),
    ({"model": "torchvision/vgg16"}, 32),
    ({"model": "torchvision/googlenet", "options": {"auxiliary_heads": True}}, 28),
    ({"model": "torchvision/densenet161", "stem": "small"}, 28),
    ({"model": "torchvision/inception_v3"}, 75),
    ({"model": "timm/inception_v3"}, 75),
    ({"model": "timm/inception_v4", "trainable": LAST_BLOCKS}, 75),
]
LARGE = [
    ({"model": "medattn/vgg_att3"}, 224),
    ({"model": "medattn/resattnet92"}, 224),
    ({"model": "medattn/resattnet56"}, 128),
    ({"model": "medattn/acnet"}, 128),
    ({"model": "timm/resnet18"}, 224),
    ({"model": "torchvision/vgg16"}, 224),
    ({"model": "torchvision/googlenet"}, 224),
    ({"model": "torchvision/densenet161"}, 224),
    ({"model": "torchvision/inception_v3", "options": {"auxiliary_heads": True}}, 224),
    ({"model": "timm/inception_v4"}, 224),
]


def named(cases):
    return [pytest.param(*case, id=f"{case[0]['model'].partition('/')[2]}-{case[1]}") for case in cases]


def real_images(count: int) -> tuple[np.ndarray, np.ndarray]:
    """So many images of two classes in turn, N x H x W x 1, and their labels."""
    folder = os.environ.get("MEDATTN_DATA")
    if folder:
        with np.load(Path(folder) / "breastmnist.npz") as archive:
            images, labels = archive["train_images"][..., None], archive["train_labels"][:, 0]
    else:
        from sklearn.datasets import load_digits

        digits = load_digits()
        images, labels = (digits.images * 15).astype(np.uint8)[..., None], digits.target
    chosen = np.stack([np.flatnonzero(labels == wanted)[: count // 2] for wanted in (0, 1)], 1).ravel()
    return images[chosen], labels[chosen].astype(np.int64)


def trained(keys: dict, size: int, precision: str, count: int, batch: int, tmp_path: Path, **arm) -> None:
    images, labels = real_images(count)
    settings = recipe(
        epochs=1, batch=batch, learning_rate=1e-4, new_layers_learning_rate=1e-3,
        weight_decay=1e-4, precision=precision,
    )  # fmt: skip
    resident = ResidentImages.on(torch.device("cpu"), [images], [labels], size)
    indices = torch.arange(count)
    data = TrainingData(resident, indices, indices, normalisation_for(settings, resident, indices))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        arm = {"mechanism": "none", "options": {}, **arm}
        network = build_network(
            Backbone(**keys), classes=2, training_images=data.normalised_training_images(), seed=0, data=tmp_path, **arm
        )
        before = {key: value.clone() for key, value in network.named_parameters()}
        state = TrainingState()
        train_epochs(network, data, settings, 0, state, lambda _: None)
    assert state.history[-1].finite
    assert state.history[-1].train_images == count
    assert state.scores[-1].shape == (count, 2)
    assert state.scores[-1].isfinite().all()
    changed = {key for key, value in network.named_parameters() if not torch.equal(value, before[key])}
    learning = {key for key, value in network.named_parameters() if value.requires_grad}
    assert changed == learning


on_request = pytest.mark.skipif(
    not os.environ.get("MEDATTN_ALL_NETWORKS"),
    reason="takes minutes: set MEDATTN_ALL_NETWORKS=1 to train every network, on small images and on those of its size",
)


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize(("keys", "size"), [({"model": "medattn/acnet"}, 28), ({"model": "medattn/acnet"}, 224)])
def test_an_epoch_of_the_lightest_network(keys, size, precision, tmp_path):
    trained(keys, size, precision, count=4, batch=2, tmp_path=tmp_path)


@pytest.mark.slow
@on_request
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize(("keys", "size"), named(SMALL))
def test_an_epoch_on_small_images(keys, size, precision, tmp_path):
    trained(keys, size, precision, count=4, batch=2, tmp_path=tmp_path)


@pytest.mark.slow
@on_request
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize(("keys", "size"), named(LARGE))
def test_an_epoch_on_large_images(keys, size, precision, tmp_path):
    trained(keys, size, precision, count=2, batch=2, tmp_path=tmp_path)


def test_every_own_network_is_trained_here():
    from medattn.config.networks import own_networks

    for cases in (SMALL, LARGE):
        assert {keys["model"] for keys, _ in cases} >= {f"medattn/{name}" for name in own_networks()}
