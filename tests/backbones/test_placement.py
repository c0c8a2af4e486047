"""Mechanisms stand where the arm says, in every network whose structure is written down, and the table is right."""

import pytest
import torch
from torch import nn

from medattn.backbones.build import create_network
from medattn.backbones.placement import output_shapes, place_modules
from medattn.backbones.stem import use_small_stem
from medattn.config.arms import arm_settings
from medattn.config.models.paper import Arm, Backbone
from medattn.config.models.placement import EVERYWHERE, Placement
from medattn.config.models.recipe import Recipe
from medattn.config.networks.architectures import _ARCHITECTURES, architecture_of, insertion_paths, insertion_points
from medattn.errors import Skipped, UserError
from medattn.training.network import NetworkSpec, build_network

TORCHVISION = sorted(set(_ARCHITECTURES) - {"test_resnet", "inception_v4"})
TIMM = sorted(set(_ARCHITECTURES) - {"googlenet"})
MODELS = [*(f"torchvision/{name}" for name in TORCHVISION), *(f"timm/{name}" for name in TIMM)]
AFTER = Placement(position="after_block")


class Noted(nn.Module):
    """Passes everything on, and keeps what it was made for and what came in."""

    def __init__(self, channels, size) -> None:
        super().__init__()
        self.made_for, self.seen = (channels, *size), []
        self.factor = nn.Parameter(torch.rand(()))

    def forward(self, features):
        self.seen.append(tuple(features.shape[1:]))
        return features * 1


def noted(path: str, channels: int, size: tuple[int, int]) -> Noted:
    return Noted(channels, size)


@pytest.mark.parametrize("image", [(299, 299), (90, 131)])
@pytest.mark.parametrize("model", MODELS)
def test_the_table_of_structures_says_what_the_networks_do(model, image):
    with torch.device("meta"):
        network = create_network(model, 5)
    for placement in (EVERYWHERE, AFTER):
        paths = insertion_paths(model, placement)
        found = output_shapes(network, model, paths, image)
        expected = {
            place.path: (place.channels, *place.size) for place in insertion_points(model, False, placement, image)
        }
        assert found == expected
        assert len(paths) == len(set(paths)) > 1


@pytest.mark.parametrize("image", [(28, 28), (32, 32), (45, 33)])
@pytest.mark.parametrize(
    "model", ["torchvision/resnet18", "timm/resnet50", "torchvision/googlenet", "timm/densenet121"]
)
def test_the_table_of_structures_holds_with_the_small_stem(model, image):
    with torch.device("meta"):
        network = create_network(model, 5)
        use_small_stem(network, model)
    found = output_shapes(network, model, insertion_paths(model, AFTER), image)
    assert found == {place.path: (place.channels, *place.size) for place in insertion_points(model, True, AFTER, image)}


@pytest.mark.parametrize("placement", [EVERYWHERE, AFTER, Placement(where="stage_ends", stages=[2, 3])])
@pytest.mark.parametrize(
    "model",
    ["torchvision/resnet18", "timm/resnet18", "torchvision/vgg11_bn", "torchvision/googlenet", "timm/test_resnet"],
)
def test_a_network_with_modules_that_do_nothing_is_the_network(model, placement):
    torch.manual_seed(0)
    network = create_network(model, 3).eval()
    images = torch.randn(2, 3, 64, 48)
    with torch.no_grad():
        before = network(images)
        state = {id(p) for p in network.parameters()}
        placed = place_modules(network, model, placement, (64, 48), noted)
        torch.testing.assert_close(network(images), before, rtol=0, atol=0)
    assert all(module.seen == [module.made_for] for module in placed.values())
    assert state < {id(p) for p in network.parameters()}
    assert len(placed) == len(list(network.parameters())) - len(state)


@pytest.mark.parametrize("model", ["torchvision/resnet18", "torchvision/resnet50", "timm/resnet18", "timm/resnet50"])
def test_before_the_addition_means_that_the_shortcut_goes_around(model):
    """A factor of 0 behind the last normalization leaves the shortcut; behind the block it leaves nothing."""

    class Nothing(Noted):
        def forward(self, features):
            return features * 0

    outputs = []
    for position in ("before_addition", "after_block"):
        torch.manual_seed(0)
        network = create_network(model, 3).eval()
        placement = Placement(stages=[4], position=position)
        place_modules(network, model, placement, (64, 64), lambda path, *shape: Nothing(*shape))
        block = network.layer4[-1]
        inputs = torch.rand(1, {18: 512, 50: 2048}[int(model[-2:])], 2, 2)
        outputs.append((block(inputs), inputs))
    torch.testing.assert_close(outputs[0][0], outputs[0][1])
    assert outputs[1][0].abs().max() == 0


def test_which_places_each_key_gives():
    def paths(**keys):
        return insertion_paths("torchvision/resnet18", Placement(**keys))

    assert paths() == [f"layer{stage}.{block}.bn2" for stage in range(1, 5) for block in range(2)]
    assert paths(where="stage_ends") == [f"layer{stage}.1.bn2" for stage in range(1, 5)]
    assert paths(stages=[4, 3], position="after_block") == ["layer3.0", "layer3.1", "layer4.0", "layer4.1"]
    assert paths(after=["layer2", "layer1.0.relu"]) == ["layer2", "layer1.0.relu"]
    assert insertion_paths("timm/inception_v4", Placement(where="stage_ends")) == [
        "features.9",
        "features.17",
        "features.21",
    ]
    assert insertion_paths("torchvision/vgg16", EVERYWHERE) == [f"features.{i}" for i in (3, 8, 15, 22, 29)]
    assert insertion_paths("torchvision/resnet50", EVERYWHERE)[-1] == "layer4.2.bn3"


def test_places_may_lie_within_each_other():
    network = create_network("torchvision/resnet18", 3)
    placed = place_modules(network, "torchvision/resnet18", Placement(after=["layer1", "layer1.0"]), (32, 32), noted)
    network(torch.zeros(2, 3, 32, 32))
    assert [module.seen for module in placed.values()] == [[(64, 8, 8)], [(64, 8, 8)]]


def test_any_network_takes_modules_behind_named_places():
    network = create_network("timm/test_efficientnet", 3)
    placed = place_modules(network, "timm/test_efficientnet", Placement(after=["blocks.1", "bn2"]), (64, 64), noted)
    network(torch.zeros(2, 3, 64, 64))
    assert all(module.seen == [module.made_for] for module in placed.values())


def test_placing_leaves_modes_hooks_and_statistics_alone():
    network = create_network("torchvision/resnet18", 3).train()
    network.layer1.eval()
    before = {key: value.clone() for key, value in network.state_dict().items()}
    output_shapes(network, "torchvision/resnet18", ["layer1.0"], (32, 32))
    assert network.training and not network.layer1.training and network.layer2.training
    assert not network.layer1[0]._forward_hooks
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())


@pytest.mark.parametrize(("model", "placement", "image", "reason"), [
    ("timm/test_vit", EVERYWHERE, (64, 64), "the blocks of timm/test_vit are unknown; name the modules"),
    ("torchvision/resnet18", Placement(stages=[2, 5]), (64, 64), "has 4 stages, and no stage 5"),
    ("torchvision/resnet18", Placement(after=["layer9"]), (64, 64), "torchvision/resnet18 has no module layer9"),
    ("torchvision/resnet18", Placement(after=["fc"]), (64, 64), "the output of fc of torchvision/resnet18 is no map"),
    ("torchvision/resnet18", Placement(after=["layer1.0.relu"]), (64, 64), "is called 2 times in a forward pass"),
    ("torchvision/vgg11", EVERYWHERE, (20, 20), "torchvision/vgg11 can't take images of 20 x 20"),
])  # fmt: skip
def test_what_can_not_be_placed_is_one_line(model, placement, image, reason):
    network = create_network(model, 3)
    before = str(network)
    with pytest.raises(Skipped) as error:
        place_modules(network, model, placement, image, noted)
    assert reason in str(error.value)
    assert "\n" not in str(error.value)
    assert str(network) == before


def test_images_that_leave_nothing_are_known_without_the_network():
    with pytest.raises(ValueError, match="images of 20 x 20 are too small for torchvision/inception_v3"):
        insertion_points("torchvision/inception_v3", False, EVERYWHERE, (20, 20))


def test_names_of_weights_do_not_hide_the_structure():
    assert architecture_of("timm/resnet50.a1_in1k") == architecture_of("timm/resnet50")
    assert architecture_of("timm/resnet50d") is None


def test_options_can_differ_at_single_places(tmp_path):
    backbone = Backbone(model="torchvision/resnet18", stem="small")
    after = ["layer1.1", "layer2.1"]
    placement = Placement(after=after, options_at={"layer2.1": {"depth": 2}})
    options = {"depth": 1, "p": 0, "t": 0, "r": 1, "mask_bias": None}
    spec = NetworkSpec(backbone, 2, "residual", options, placement)
    network = build_network(spec, torch.zeros(1, 3, 32, 32), 0, tmp_path)
    depths = [len(network.backbone.get_submodule(path).attention.down) for path in after]
    assert depths == [1, 2]
    with pytest.raises(ValueError, match="options_at names layer3"):
        Placement(after=after, options_at={"layer3": {"depth": 2}})
    arm = Arm(mechanism="residual", placement=Placement(after=after, options_at={"layer2.1": {"dept": 2}}))
    with pytest.raises(UserError, match=r"placement\.options_at\.layer2\.1: unknown key 'dept'"):
        arm_settings(arm, Recipe(epochs=1, learning_rate=0.1), {}, "x.yaml: arms.ra")
