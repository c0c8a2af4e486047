import numpy as np
import pytest
import torch

from medattn.config.models.recipe import Augmentation
from medattn.training import augment as augmenting
from medattn.training import images as resident_images
from medattn.training.augment import augment
from medattn.training.device_context import DeviceContext
from medattn.training.images import ResidentImages, normalization_for, training_batches
from medattn.training.loop import TrainingData, evaluate
from medattn.training.network import AttendedNetwork
from medattn.training.optimizer import create_optimizer

from .conftest import images_of, recipe, store_of


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def squares(count: int = 64, size: int = 6) -> torch.Tensor:
    """`count` times the same image, no two pixels alike."""
    return torch.arange(1.0, size * size + 1).reshape(1, 1, size, size).repeat(count, 2, 1, 1)


@pytest.mark.parametrize(("key", "axis"), [("horizontal_flip", 3), ("vertical_flip", 2)])
def test_flips_are_drawn_for_each_image(key, axis):
    images = squares()
    changed = augment(images, Augmentation(**{key: 0.5}), generator())
    kept = (changed == images).all(dim=(1, 2, 3))
    assert 16 < kept.sum() < 48
    assert torch.equal(changed[~kept], images[~kept].flip(axis))
    assert torch.equal(augment(images, Augmentation(**{key: 1.0}), generator()), images.flip(axis))


def test_a_crop_is_a_shift_of_each_image_with_zeros_around():
    images = squares()
    changed = augment(images, Augmentation(crop_padding=2), generator())
    padded = torch.nn.functional.pad(images[0], (2,) * 4)
    windows = [padded[:, y : y + 6, x : x + 6] for y in range(5) for x in range(5)]
    found = [next(i for i, window in enumerate(windows) if torch.equal(image, window)) for image in changed]
    assert len(set(found)) > 15


def test_a_rotation_turns_each_image_about_its_center(monkeypatch):
    turns = torch.tensor([0.5, 0.75, 1.0, 0.25])  # 0, 90, 180 and -90 degrees of at most 180
    monkeypatch.setattr(augmenting.torch, "rand", lambda count, generator: turns[:count])
    images = squares(4)
    changed = augment(images, Augmentation(rotation=180), generator())
    for image, turned, quarters in zip(images, changed, (0, 1, 2, -1), strict=True):
        expected = torch.rot90(image, quarters, (1, 2))
        assert torch.allclose(turned, expected, atol=1e-3) or torch.allclose(
            turned, torch.rot90(image, -quarters, (1, 2)), atol=1e-3
        )
    assert not torch.allclose(changed[1], changed[3], atol=1e-3)


def test_noise_is_drawn_for_every_image_and_stays_in_range():
    gray = torch.full((8, 1, 32, 32), 0.5)
    changed = augment(gray, Augmentation(noise=0.1), generator())
    assert changed.std(dim=(1, 2, 3)).sub(0.1).abs().max() < 0.01
    assert not torch.equal(changed[0], changed[1])
    assert augment(gray * 2, Augmentation(noise=0.1), generator()).max() <= 1


def test_augmentation_depends_on_the_generator_only():
    everything = Augmentation(horizontal_flip=0.5, vertical_flip=0.5, crop_padding=2, rotation=30)
    images = squares()
    first, again, other = (augment(images, everything, generator(seed)) for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert len({image.numpy().tobytes() for image in first}) > 60
    assert torch.equal(augment(images, Augmentation(), generator()), images)


def test_normalization_depends_on_the_training_images_only():
    images = images_of(3, 9, channels=3)
    labels = np.zeros(9, dtype=np.int64)
    training = torch.arange(6)
    resident = ResidentImages.on(torch.device("cpu"), [images], [labels], None)
    normalize = normalization_for(recipe(normalization="training"), resident, training)
    seen = images[:6] / 255
    assert normalize.mean.flatten().numpy() == pytest.approx(seen.mean((0, 1, 2)), abs=1e-6)
    assert normalize.deviation.flatten().numpy() == pytest.approx(seen.std((0, 1, 2)), abs=1e-6)
    images[6:] = 0
    changed = ResidentImages.on(torch.device("cpu"), [images], [labels], None)
    assert torch.equal(normalization_for(recipe(), changed, training).mean, normalize.mean)
    half = normalization_for(recipe(normalization="half"), resident, training)(resident.taken(training))
    assert half.min() == -1 and half.max() == 1


def test_images_that_do_not_fit_on_the_device_stay_on_the_host():
    meta = torch.device("meta")  # has shapes and no memory, so that it shows where things go
    images, labels = [images_of(0, 10)], [np.arange(10, dtype=np.int64)]
    roomy, full = (ResidentImages.on(meta, images, labels, None, free=free) for free in (2 * 640, 2 * 640 - 1))
    assert (roomy.pixels.device.type, full.pixels.device.type, full.labels.device.type) == ("meta", "cpu", "cpu")
    batch, chosen = next(training_batches(full, torch.arange(10), recipe(batch_size=5), generator(), generator(1)))
    assert (batch.device.type, chosen.device.type, tuple(batch.shape)) == ("meta", "meta", (5, 1, 8, 8))
    assert full.extended(full.pixels, full.labels).pixels.device.type == "cpu"


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("limit", [1, 1000, 1 << 26])
def test_uploaded_images_are_those_of_the_file_with_the_channels_in_front(monkeypatch, tmp_path, channels, limit):
    monkeypatch.setattr(resident_images, "_UPLOAD", limit)
    first, second = images_of(1, 7, 9, channels), images_of(2, 4, 9, channels)
    np.save(tmp_path / "images.npy", first)
    mapped = np.load(tmp_path / "images.npy", mmap_mode="r")
    labels = [np.arange(7, dtype=np.int64) % 2, np.arange(4, dtype=np.int64) % 2]
    found = ResidentImages.on(torch.device("cpu"), [mapped, second], labels, None)
    expected = torch.from_numpy(np.concatenate([first, second])).permute(0, 3, 1, 2).contiguous()
    assert torch.equal(found.pixels, expected) and found.pixels.is_contiguous()
    on_device = ResidentImages.on(torch.device("meta"), [mapped, second], labels, None, free=1 << 30)
    assert on_device.pixels.shape == expected.shape and on_device.pixels.is_contiguous()


def test_all_sizes_of_a_pack_share_the_pixels():
    store = store_of(images_of(0, 6), images_of(1, 4))
    context = DeviceContext.on("cpu", cuda_graphs=False)
    stored, small, large = (context.images(store, size) for size in (None, 6, 16))
    assert stored.pixels.data_ptr() == small.pixels.data_ptr() == large.pixels.data_ptr()
    chosen = torch.arange(3)
    assert [tuple(each.taken(chosen).shape[2:]) for each in (stored, small, large)] == [(8, 8), (6, 6), (16, 16)]
    alone = DeviceContext.on("cpu", cuda_graphs=False).images(store, 16)
    assert torch.equal(large.taken(chosen), alone.taken(chosen))


def test_gray_images_are_normalized_and_repeated(resident):
    batch = normalization_for(recipe(), resident, torch.arange(10))(resident.taken(torch.arange(10)))
    assert batch.shape == (10, 3, 8, 8)
    assert torch.equal(batch[:, 0], batch[:, 2])
    assert float(batch.mean()) == pytest.approx(0, abs=1e-5)
    assert float(batch.std()) == pytest.approx(1, abs=1e-3)


def test_images_are_enlarged_to_the_input_of_the_network(resident):
    enlarged = ResidentImages(resident.pixels, resident.labels, 16).taken(torch.arange(2))
    assert enlarged.shape == (2, 1, 16, 16)
    assert enlarged.min() >= 0 and enlarged.max() <= 1
    expected = torch.nn.functional.interpolate(resident.taken(torch.arange(2)), size=(16, 16), mode="bilinear")
    assert torch.equal(enlarged, expected)


def test_a_random_part_is_cut_from_the_stored_image_and_then_resized():
    # Stripes of one pixel: resized to half the size they are gray, and a quarter of the image shows them.
    stripes = torch.zeros(4, 1, 16, 16, dtype=torch.uint8)
    stripes[..., ::2] = 255
    stored = ResidentImages(stripes, torch.zeros(4, dtype=torch.int64), size=8)
    quarter = {"random_resized_crop": {"scale": [0.25, 0.25], "ratio": [1.0, 1.0]}}
    batches = training_batches(stored, torch.arange(4), recipe(augmentation=quarter), generator(), generator(1))
    parts = torch.cat([images for images, _ in batches])
    assert parts.shape == (4, 1, 8, 8)
    assert stored.taken(torch.arange(4)).std() < 0.05
    assert parts.std(dim=(1, 2, 3)).max() > 0.3


def test_scored_images_are_cropped_where_the_reading_asks_for_it(resident):
    class Means(torch.nn.Module):
        attention = None

        def forward(self, images):
            return torch.stack([images.mean((1, 2, 3)), images.std((1, 2, 3))], 1)

    everything = torch.arange(len(resident.labels))
    scores = {}
    for cropped in (False, True):
        crop = {"scale": [0.1, 0.2], "scored_images": cropped}
        wanted = recipe(augmentation={"random_resized_crop": crop})
        data = TrainingData(resident, everything, everything, normalization_for(wanted, resident, everything))
        scores[cropped] = evaluate(Means(), data, wanted, 0)
        assert torch.equal(scores[cropped], evaluate(Means(), data, wanted, 0)), "the same crops after every epoch"
        assert torch.equal(scores[cropped], evaluate(Means(), data, wanted, 1)) is not cropped
    assert not torch.equal(scores[False], scores[True])


@pytest.mark.parametrize(("batch", "sizes"), [(3, [3, 3, 4]), (4, [4, 4, 2]), (10, [10]), (9, [10]), (1, [1] * 10)])
def test_batches_have_each_image_once_and_no_batch_has_a_single_image(resident, batch, sizes):
    batches = list(
        training_batches(resident, torch.arange(10), recipe(batch_size=batch), generator(seed=5), generator(seed=6))
    )
    assert [len(labels) for _, labels in batches] == sizes
    seen = torch.cat([images for images, _ in batches])
    assert sorted(image.numpy().tobytes() for image in seen) == sorted(
        image.numpy().tobytes() for image in resident.taken(torch.arange(10))
    )
    assert not torch.equal(seen, resident.taken(torch.arange(10)))


def test_optimizers_have_the_recipe_s_settings():
    network = AttendedNetwork(torch.nn.Linear(2, 2), None)
    sgd = create_optimizer(recipe(optimizer="sgd", momentum=0.9, nesterov=True, weight_decay=0.5), network)
    assert isinstance(sgd, torch.optim.SGD)
    assert {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.5}.items() <= sgd.defaults.items()
    adamw = create_optimizer(recipe(optimizer="adamw", weight_decay=0.5), network)
    assert isinstance(adamw, torch.optim.AdamW)
    assert adamw.defaults["weight_decay"] == 0.5
    adam = create_optimizer(recipe(weight_decay=0.5), network)
    assert type(adam) is torch.optim.Adam
    assert {"lr": 0.1, "weight_decay": 0.5, "amsgrad": False}.items() <= adam.defaults.items()
