import copy

import pytest
import torch
from torchvision.transforms.v2 import functional

from medattn.config.models.recipe import Augmentation
from medattn.training import loop
from medattn.training.augment import augment, mixed_up
from medattn.training.images import normalization_for
from medattn.training.loop import TrainingData, TrainingState, train_epochs
from medattn.training.network import AttendedNetwork

from .conftest import recipe


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def photographs(count: int, channels: int = 3) -> torch.Tensor:
    return torch.rand((count, channels, 5, 7), generator=generator(9))


def brightness(image: torch.Tensor, changed: torch.Tensor) -> float:
    """Factor between two images whose values stay below 1."""
    return float((changed / image).mean())


def test_brightness_is_drawn_for_each_image_within_its_range():
    images = photographs(32) / 2
    changed = augment(images, Augmentation(color_jitter={"brightness": 0.4}), generator())
    factors = [brightness(*pair) for pair in zip(images, changed, strict=True)]
    assert 0.6 <= min(factors) < 0.75
    assert 1.25 < max(factors) <= 1.4
    for image, other, factor in zip(images, changed, factors, strict=True):
        torch.testing.assert_close(other, functional.adjust_brightness(image, factor))


def test_contrast_keeps_the_mean_and_saturation_keeps_the_gray_value():
    images = 0.4 + photographs(8) / 5
    contrast = augment(images, Augmentation(color_jitter={"contrast": 0.5}), generator())
    gray, changed = functional.rgb_to_grayscale(images), functional.rgb_to_grayscale(contrast)
    torch.testing.assert_close(changed.mean((1, 2, 3)), gray.mean((1, 2, 3)), atol=1e-4, rtol=0)
    assert not torch.allclose(changed, gray, atol=1e-3)
    saturation = augment(images, Augmentation(color_jitter={"saturation": 0.5}), generator())
    torch.testing.assert_close(functional.rgb_to_grayscale(saturation), gray, atol=1e-4, rtol=0)
    assert not torch.allclose(saturation, images, atol=1e-3)


def test_the_hue_of_gray_images_cannot_change():
    gray = photographs(4, channels=1)
    jitter = Augmentation(color_jitter={"hue": 0.5, "saturation": 1.0})
    assert torch.equal(augment(gray, jitter, generator()), gray)
    colored = photographs(4)
    assert not torch.allclose(augment(colored, jitter, generator()), colored, atol=1e-2)


def test_mixup_mixes_images_and_labels_by_the_same_share():
    images, labels = torch.eye(4).reshape(4, 1, 2, 2), torch.tensor([0, 1, 2, 3])
    mixtures, shares = mixed_up(images, labels, 1.0, 5, generator())
    assert shares.shape == (4, 5)
    torch.testing.assert_close(mixtures.flatten(1), shares[:, :4])
    torch.testing.assert_close(shares.sum(1), torch.ones(4))
    share = float(shares.max())
    assert 0.5 <= share < 1
    assert (shares > 0).sum() == 8


def test_mixup_depends_on_its_generator_only_and_leaves_the_global_one_alone():
    images, labels = photographs(4), torch.tensor([0, 1, 0, 1])
    torch.manual_seed(1)
    expected = torch.rand(1)
    torch.manual_seed(1)
    one, _ = mixed_up(images, labels, 0.4, 2, generator(3))
    assert torch.equal(torch.rand(1), expected)
    again, _ = mixed_up(images, labels, 0.4, 2, generator(3))
    other, _ = mixed_up(images, labels, 0.4, 2, generator(4))
    assert torch.equal(one, again)
    assert not torch.equal(one, other)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_training_minimizes_the_cross_entropy_of_the_mixed_labels(resident, smoothing, monkeypatch):
    batches = []

    def kept(*arguments):
        batches.append(mixed_up(*arguments))
        return batches[-1]

    monkeypatch.setattr(loop, "mixed_up", kept)
    how = recipe(epochs=1, batch_size=10, mixup=1.0, label_smoothing=smoothing, optimizer="sgd", normalization="half")
    every = torch.arange(10)
    data = TrainingData(resident, every, every, normalization_for(how, resident, every))
    network = AttendedNetwork(torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3 * 8 * 8, 3)), None)
    before = copy.deepcopy(network.backbone)
    state = TrainingState()
    train_epochs(network, data, how, 0, state, lambda _: None, classes=3)
    [(images, shares)] = batches
    logits = before(data.normalize(images))
    targets = shares * (1 - smoothing) + smoothing / 3
    expected = -(targets * logits.log_softmax(1)).sum(1).mean()
    assert state.history[0].train_loss == pytest.approx(expected.item(), rel=1e-5)
