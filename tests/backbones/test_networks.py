"""Contract tests of every network of the papers, of this package and of the libraries."""

import io

import pytest
import torch
from torch import nn

from medattn.backbones.build import build_backbone, check_images, create_network
from medattn.config.models.paper import Backbone
from medattn.config.networks.catalog import own_networks
from medattn.errors import Skipped

OWN = [f"medattn/{name}" for name in own_networks()]
LIBRARY = [
    "timm/resnet18", "torchvision/resnet18", "torchvision/vgg16", "torchvision/googlenet", "torchvision/densenet161",
    "timm/inception_v3", "timm/inception_v4",
]  # fmt: skip
SIZES = {"inception_v3": (75, 299), "inception_v4": (75, 299), "densenet161": (32, 224),
         "vgg16": (32, 224), "vgg_att3": (32, 224)}  # fmt: skip


def smallest_and_usual(model: str) -> tuple[int, int]:
    return SIZES.get(model.rpartition("/")[2], (28, 224))


def small(model: str, seed: int = 0, **options) -> tuple[nn.Module, int]:
    size = smallest_and_usual(model)[0]
    torch.manual_seed(seed)
    return create_network(model, 3, options, (size, size)), size


def test_a_backbone_can_start_from_the_defaults_of_torch(tmp_path):
    declared = Backbone(model="torchvision/resnet18", stem="small")
    drawn = {}
    for initialization in ("library", "torch"):
        torch.manual_seed(0)
        network = build_backbone(declared.model_copy(update={"initialization": initialization}), 3, tmp_path)
        drawn[initialization] = network.get_submodule("layer1.0.conv1").weight
    fan = 64 * 9
    assert drawn["library"].std().item() == pytest.approx((2 / fan) ** 0.5, rel=0.02)
    assert drawn["torch"].std().item() == pytest.approx((1 / (3 * fan)) ** 0.5, rel=0.02)
    assert drawn["torch"].abs().max().item() <= fan**-0.5
    assert drawn["library"].abs().max().item() > fan**-0.5


@pytest.mark.parametrize("model", [*OWN, *LIBRARY])
def test_logits_for_small_large_and_oblong_images(model):
    for height, width in [(s, s) for s in smallest_and_usual(model)] + [(160, 113)]:
        with torch.device("meta"), torch.no_grad():
            network = create_network(model, 3, size=(height, width))
            images = torch.empty(2, 3, height, width)
            for mode in (True, False):
                logits = network.train(mode)(images)
                assert logits.shape == (2, 3)
                assert logits.dtype == torch.float32


@pytest.mark.slow
@pytest.mark.parametrize("model", [*OWN, *(pytest.param(model, marks=pytest.mark.heavy) for model in LIBRARY)])
def test_all_parts_of_a_network_learn_and_its_state_can_be_loaded(model):
    """Check both with one network, because large ones take seconds to build."""
    network, size = small(model)
    if model in OWN:
        again, _ = small(model)
        pairs = zip(network.state_dict().values(), again.state_dict().values(), strict=True)
        assert all(torch.equal(one, other) for one, other in pairs)

    images = torch.randn(3, 3, size, size)
    learn(network, images)
    if any(not parameter.grad.any() for parameter in network.parameters() if parameter.grad is not None):
        # timm's residual blocks start as the identity (a factor of 0), which holds back what is inside for one step.
        torch.optim.SGD(network.parameters(), lr=0.01).step()
        learn(network, images)
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        assert parameter.grad.any(), name

    network.eval()
    with torch.no_grad():
        logits = network(images)
        assert logits.isfinite().all()
        assert torch.equal(network(images), logits)
        # In evaluation, images don't see one another, and a batch may be a single image.
        torch.testing.assert_close(network(images[:1]), logits[:1], rtol=1e-3, atol=1e-4)
        buffer = io.BytesIO()
        torch.save(network.state_dict(), buffer)
        buffer.seek(0)
        with torch.device("meta"):
            other = create_network(model, 3, size=(size, size)).eval()
        other.load_state_dict(torch.load(buffer, weights_only=True), assign=True)
        assert torch.equal(other(images), logits)


def learn(network: nn.Module, images: torch.Tensor) -> None:
    network.zero_grad()
    nn.functional.cross_entropy(network.train()(images), torch.arange(len(images))).backward()


@pytest.mark.parametrize(
    ("model", "size"), [("torchvision/vgg16", 31), ("medattn/vgg_att3", 31), ("timm/inception_v4", 74)]
)
def test_images_that_are_too_small_are_refused_before_training(model, size):
    with pytest.raises(Skipped, match=f"{model} can't be trained on images of {size} x {size} px: "):
        check_images(create_network(model, 2, size=(size, size)), model, (size, size))


def test_the_check_of_the_size_does_not_change_the_network():
    network, size = small("medattn/acnet")
    before = {key: value.clone() for key, value in network.state_dict().items()}
    check_images(network, "medattn/acnet", (size, size))
    assert network.training
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())


@pytest.mark.parametrize(("model", "works"), [("medattn/acnet", True), ("medattn/resattnet56", False)])
def test_a_single_image_trains_only_where_batch_normalization_sees_more_than_a_pixel(model, works):
    network, size = small(model)
    image = torch.randn(1, 3, size, size)
    if works:
        assert network.train()(image).shape == (1, 3)
    else:
        with pytest.raises(ValueError, match="more than 1 value per channel"):
            network.train()(image)
