"""Inception-v4 with residual attention behind some of its blocks, the arm of the OCT paper.

Most networks are on the meta device, which has shapes and no numbers.
"""

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from medattn.config.mechanisms import mechanism_options
from medattn.config.models.paper import Backbone
from medattn.config.models.placement import Placement
from medattn.errors import Skipped
from medattn.files import sha256_of_file, write_json
from medattn.layout import weights_file
from medattn.training.network import AttendedNetwork, NetworkSpec, build_network
from medattn.training.optimizer import create_optimizer

from ..training.conftest import recipe

MODEL = "timm/inception_v4"
LAST_BLOCKS = ["features.19", "features.20", "features.21"]
PLACES = [9, 17, 21]
MASK, FULL = {"p": 0, "t": 0}, {"p": 1, "t": 2}


def residual(**options) -> dict:
    return mechanism_options("residual")(**{**MASK, "depth": 0, **options}).model_dump()


def behind(places) -> Placement:
    return Placement(after=[f"features.{place}" for place in places])


def attended(folder, places=PLACES, side=299, device="meta", weights="none", **options) -> AttendedNetwork:
    backbone = Backbone(model=MODEL, trainable=LAST_BLOCKS, weights=weights)
    with torch.device(device):
        images = torch.randn(2, 3, side, side)
        spec = NetworkSpec(backbone, 4, "residual", residual(**options), behind(places))
        return build_network(spec, images, 0, folder)


def count(*modules: nn.Module) -> int:
    return sum(parameter.numel() for module in modules for parameter in module.parameters())


def modules(network: AttendedNetwork, places=PLACES) -> list[nn.Module]:
    return [network.backbone.get_submodule(f"features.{place}.attention") for place in places]


@pytest.mark.parametrize(("places", "depths", "form", "attention", "trainable", "total"), [
    (PLACES, [2, 1, 1], FULL, 30.31, 43.98, 71.46),
    (PLACES, [2, 1, 1], MASK, 15.17, 28.83, 56.32),
    ([9, 13, 17], [2, 1, 1], FULL, 19.33, 32.99, 60.47),
    ([9, 13, 17], [2, 1, 1], MASK, 9.76, 23.42, 50.91),
    ([7, 9, 17], [2, 2, 1], FULL, 12.24, 25.90, 53.39),
    ([7, 9, 17], [2, 2, 1], MASK, 6.51, 20.17, 47.66),
])  # fmt: skip
def test_parameters_in_millions(tmp_path, places, depths, form, attention, trainable, total):
    network = attended(tmp_path, places, **form)
    placed = modules(network, places)
    assert [len(module.down) for module in placed] == depths
    learning = sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)
    for found, expected in ((count(*placed), attention), (learning, trainable), (count(network), total)):
        assert round(found / 1e6, 2) == expected


def test_an_explicit_depth_applies_to_every_module(tmp_path):
    assert [len(module.down) for module in modules(attended(tmp_path, depth=1))] == [1, 1, 1]
    two = attended(tmp_path, [9, 17], depth=2)
    assert [len(module.down) for module in modules(two, [9, 17])] == [2, 2]
    assert [len(module.down) for module in modules(attended(tmp_path, depth=3))] == [3, 3, 3]


def test_the_baseline_learns_in_its_last_blocks_and_its_last_layer_only(tmp_path):
    with torch.device("meta"):
        backbone = Backbone(model=MODEL, trainable=LAST_BLOCKS)
        network = build_network(NetworkSpec(backbone, 4), torch.empty(1, 3, 299, 299), 0, tmp_path)
    assert count(network) == 41_148_964
    assert count(*(network.backbone.get_submodule(block) for block in LAST_BLOCKS)) == 13_659_264
    assert sum(p.numel() for p in network.parameters() if p.requires_grad) == 13_659_264 + 6_148


@pytest.mark.parametrize(("form", "trainable"), [(MASK, 28_834_052), (FULL, 43_979_524)])
def test_placed_modules_learn_at_the_rate_of_new_layers(tmp_path, form, trainable):
    network = attended(tmp_path, **form)
    placed = {id(parameter) for module in modules(network) for parameter in module.parameters()}
    last = {id(parameter) for parameter in network.backbone.last_linear.parameters()}
    settings = recipe(optimizer="sgd", learning_rate=0.001, new_layers_learning_rate=0.1)
    old, new = create_optimizer(settings, network).param_groups
    assert (old["start"], new["start"]) == (0.001, 0.1)
    assert {id(parameter) for parameter in new["params"]} == placed | last
    assert sum(p.numel() for p in old["params"]) == 13_659_264
    assert sum(p.numel() for p in (*old["params"], *new["params"])) == trainable


def test_only_frozen_normalization_stays_in_evaluation(tmp_path):
    network = attended(tmp_path).train().backbone
    norms = {name: m.training for name, m in network.named_modules() if isinstance(m, nn.BatchNorm2d)}
    learning = {name for name, training in norms.items() if training}
    assert learning == {n for n in norms if n.startswith(tuple(f"{b}." for b in LAST_BLOCKS)) or ".attention." in n}
    assert len(learning) < len(norms)


def test_a_last_map_of_one_pixel_is_refused(tmp_path):
    message = "behind features.21 of timm/inception_v4, 1536 x 1 x 1: residual: a map of 1 x 1 can't be halved 1 times"
    with pytest.raises(Skipped, match=message):
        attended(tmp_path, side=106)
    assert [len(module.down) for module in modules(attended(tmp_path, side=107))] == [1, 1, 1]


@pytest.mark.slow
def test_gradients_pass_through_frozen_blocks_to_the_attention_before_them(tmp_path):
    network = attended(tmp_path, side=107, device="cpu").train()
    network(torch.randn(2, 3, 107, 107)).square().sum().backward()
    for name, parameter in network.backbone.named_parameters():
        if ".attention." in name or name.startswith(("last_linear.", *(f"{block}." for block in LAST_BLOCKS))):
            assert parameter.grad is not None, name
            assert parameter.grad.abs().sum() > 0, name
        else:
            assert parameter.grad is None, name


@pytest.mark.slow
def test_imagenet_weights_fill_all_but_the_attention_which_may_start_near_the_plain_network(tmp_path):
    import timm

    plain = timm.create_model("inception_v4", pretrained=False, num_classes=4).eval()
    path = weights_file(tmp_path, MODEL)
    path.parent.mkdir(parents=True)
    save_file(plain.state_dict(), path)
    write_json(path.with_suffix(".json"), {"sha256": sha256_of_file(path)})
    network = attended(tmp_path, side=107, device="cpu", weights="imagenet", mask_bias=-30.0).eval().backbone
    loaded = {name.replace(".block.", "."): value for name, value in network.state_dict().items()}
    for name, value in plain.state_dict().items():
        if not name.startswith("last_linear."):
            assert torch.equal(loaded[name], value), name
    network.last_linear.load_state_dict(plain.last_linear.state_dict())
    images = torch.randn(2, 3, 107, 107)
    with torch.no_grad():
        torch.testing.assert_close(network(images), plain(images))
