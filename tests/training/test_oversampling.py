"""Oversampled images of rare classes, and random crops, pixel by pixel."""

import numpy as np
import pytest
import torch

from medattn.config.models.recipe import Augmentation, Oversampling
from medattn.training.augment import augment, rotated
from medattn.training.oversampling import draw_oversampling, oversampled_images

LABELS = np.array([0, 1, 1, 0, 1, 0])
AMONG = np.arange(6)


def wanted(factor: float, *changes: dict[str, object]) -> Oversampling:
    return Oversampling.model_validate({"classes": ["ill"], "factor": factor, "changes": list(changes)})


def pixels(size: int = 6, channels: int = 1) -> torch.Tensor:
    random = np.random.default_rng(0)
    return torch.from_numpy(random.integers(0, 256, (6, channels, size, size), dtype=np.uint8))


def copied(factor: float, *changes: dict[str, object], seed: int = 0):
    copies = draw_oversampling(LABELS, AMONG, wanted(factor, *changes), ["healthy", "ill"], seed)
    return copies, oversampled_images(pixels(), copies)


def test_flipped_copies_are_exact():
    copies, made = copied(2.0, {"horizontal_flip": True})
    assert sorted(copies.sources) == [1, 2, 4]
    torch.testing.assert_close(made, pixels()[torch.from_numpy(copies.sources)].flip(3), rtol=0, atol=0)


def test_copies_of_an_image_take_turns_through_the_changes():
    copies, made = copied(3.0, {"rotations": [90.0]}, {"rotations": [-90.0], "horizontal_flip": True})
    assert len(made) == 6
    assert list(copies.sources[:3]) == list(copies.sources[3:])
    assert list(copies.angles) == [90.0] * 3 + [-90.0] * 3
    assert list(copies.flipped) == [False] * 3 + [True] * 3
    for number, source in enumerate(copies.sources):
        image = pixels()[source].flip(2) if copies.flipped[number] else pixels()[source]
        turned = torch.rot90(image, 1 if copies.angles[number] > 0 else -1, (1, 2))
        assert (made[number].int() - turned.int()).abs().max() <= 1


def test_the_copies_of_an_image_can_lean_to_opposite_sides():
    both = {"rotations": [-10.0, 10.0]}, {"opposite": True, "horizontal_flip": True}
    sides = set()
    for seed in range(4):
        copies, _ = copied(3.0, *both, seed=seed)
        first, second = np.split(copies.angles, 2)
        assert (first == -second).all() and (np.abs(first) == 10).all()
        sides |= set(first)
    assert sides == {-10.0, 10.0}


def test_the_first_change_can_not_be_opposite():
    with pytest.raises(ValueError, match="the first of the changes can't have it"):
        wanted(3.0, {"opposite": True})
    with pytest.raises(ValueError, match="remove rotations"):
        wanted(3.0, {"rotations": [1.0]}, {"rotations": [1.0], "opposite": True})


def test_a_copy_can_be_the_image_itself():
    copies, made = copied(2.0, {"unchanged": True})
    torch.testing.assert_close(made, pixels()[torch.from_numpy(copies.sources)], rtol=0, atol=0)
    with pytest.raises(ValueError, match="an unchanged copy has no other key"):
        wanted(2.0, {"unchanged": True, "noise": 0.1})


def test_noise_has_the_configured_deviation_and_is_equal_for_a_seed():
    gray = torch.full((6, 1, 64, 64), 128, dtype=torch.uint8)
    copies = draw_oversampling(LABELS, AMONG, wanted(2.0, {"noise": 0.1}), ["healthy", "ill"], 0)
    made = oversampled_images(gray, copies)
    assert made.float().std() / 255 == pytest.approx(0.1, rel=0.05)
    assert made.float().mean() == pytest.approx(128, abs=1)
    torch.testing.assert_close(oversampled_images(gray, copies), made, rtol=0, atol=0)
    others = draw_oversampling(LABELS, AMONG, wanted(2.0, {"noise": 0.1}), ["healthy", "ill"], 1)
    assert (oversampled_images(gray, others) != made).any()


def test_rotation_by_a_right_angle_is_exact():
    images = torch.rand(2, 3, 5, 5)
    turned = rotated(images, torch.tensor([torch.pi / 2, 0.0]))
    torch.testing.assert_close(turned[1], images[1])
    torch.testing.assert_close(turned[:, :, 2, 2], images[:, :, 2, 2])
    torch.testing.assert_close(turned[0], torch.rot90(images[0], 1, (1, 2)))


@pytest.mark.parametrize("aspect", [1.0, 4 / 3])
def test_a_random_crop_is_inside_the_image_and_has_the_configured_area(aspect):
    # A ramp in each direction: its range in the result is the size of the part.
    rows, columns = torch.meshgrid(torch.linspace(-1, 1, 65), torch.linspace(-1, 1, 65), indexing="ij")
    images = torch.stack([rows, columns])[None].expand(200, 2, 65, 65)
    crop = Augmentation.model_validate({"random_resized_crop": {"scale": [0.2, 0.5], "ratio": [1 / aspect, aspect]}})
    parts = augment(images, crop, torch.Generator().manual_seed(0))
    assert parts.shape == images.shape
    assert parts.min() >= -1.0001
    assert parts.max() <= 1.0001
    height = (parts[:, 0].amax((1, 2)) - parts[:, 0].amin((1, 2))) / 2
    width = (parts[:, 1].amax((1, 2)) - parts[:, 1].amin((1, 2))) / 2
    area, ratio = height * width, height / width
    assert 0.17 < area.min() < 0.25
    assert 0.43 < area.max() < 0.52
    assert ratio.max() == pytest.approx(aspect, rel=0.06)
    assert ratio.min() == pytest.approx(1 / aspect, rel=0.06)


def test_a_crop_of_scale_1_is_the_whole_image():
    images = torch.rand(4, 3, 9, 9)
    whole = Augmentation.model_validate({"random_resized_crop": {"scale": [1.0, 1.0], "ratio": [1.0, 1.0]}})
    torch.testing.assert_close(augment(images, whole, torch.Generator().manual_seed(0)), images)
