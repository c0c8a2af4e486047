"""backbones/models.json equals the lists of the installed libraries."""

import json

import pytest
import timm
import torch
import torchvision

from medattn.backbones import names
from medattn.config.networks import catalog as networks
from medattn.config.networks.catalog import (
    check_backbone,
    check_model,
    described,
    smallest_size,
    weights_model,
)
from medattn.errors import UserError

KNOWN = json.loads(names.FILE.read_text())


def test_the_list_equals_that_of_the_libraries():
    assert KNOWN["models"] == names.library_models(), "run python -m medattn.backbones.names"
    assert set(KNOWN["smallest_size"]) == {described(*entry) for entry in names.MEASURED}, (
        "run python -m medattn.backbones.names"
    )


@pytest.mark.parametrize(("model", "options"), names.MEASURED, ids=[described(*entry) for entry in names.MEASURED])
def test_the_smallest_size_is_the_smallest(model, options):
    smallest = smallest_size(model, options)
    assert names.accepts(model, options, smallest)
    assert smallest == 1 or not names.accepts(model, options, smallest - 1)


@pytest.mark.parametrize(("model", "message"), [
    ("medattn/acnett", "unknown network of medattn 'acnett'; did you mean 'acnet'?"),
    ("timm/resnet18x", "unknown network of timm 'resnet18x'; did you mean 'resnet18'?"),
    ("timm/resnet18.a1_in2k", "unknown weights of timm/resnet18 'a1_in2k'; did you mean 'a1_in1k'?"),
    ("torchvision/resnt18", "unknown network of torchvision 'resnt18'; did you mean 'resnet18'?"),
    ("torchvision/vgg16.v1", "unknown weights of torchvision/vgg16 'v1'; valid: none"),
])  # fmt: skip
def test_an_unknown_network_suggests_the_nearest_name(model, message):
    with pytest.raises(UserError) as refused:
        check_model(model)
    assert str(refused.value) == message


@pytest.mark.parametrize(("model", "keys", "message"), [
    ("torchvision/vgg16", {"size": 28}, "p: b.input_size: 28 px are too small for torchvision/vgg16, which needs"),
    (
        "torchvision/inception_v3", {"size": 298, "options": {"auxiliary_heads": True}},
        "298 px are too small for torchvision/inception_v3 with auxiliary heads, which needs at least 299 px",
    ),
    ("medattn/acnet", {"weights": "imagenet"}, "p: b.weights: there are no ImageNet weights for 'medattn/acnet'"),
    ("torchvision/vgg16", {"options": {"a": 1}}, "p: b.options: the network 'torchvision/vgg16' has no options"),
    ("medattn/acnet", {"options": {"widht": 4}}, "p: b.options: unknown key 'widht'; did you mean 'width'?"),
    ("medattn/acnet", {"options": {"width": 4}}, "p: b.options.width: should be a multiple of 16, not 4"),
    ("medattn/vgg_att3", {"options": {"compatibility": "pd"}}, "unknown value 'pd'; did you mean"),
    ("torchvision/googlenet", {"options": {"auxiliary_heads": 1}}, "auxiliary_heads: should be true or false, not 1"),
])  # fmt: skip
def test_a_backbone_that_cannot_be_built_is_one_line(model, keys, message):
    with pytest.raises(UserError) as refused:
        check_backbone(model, **{"options": {}, "weights": "none", "size": None, "where": "p: b", **keys})
    assert message in str(refused.value)


@pytest.mark.parametrize(("body", "message"), [
    ("pass", "net.py:2: Net defines no constructor"),
    ("def __init__(self, classes, size, *, width): ...", "net.py:3: the hyper-parameter 'width' has no type"),
    ("def __init__(self, classes, size, *, width: int = N): ...", "net.py:3: type and default of 'width' are read"),
    ("def __init__(self", "net.py:3: invalid Python"),
])  # fmt: skip
def test_a_network_that_cannot_be_read_is_one_line(tmp_path, monkeypatch, body, message):
    (tmp_path / "net.py").write_text(f'@register("net")\nclass Net:\n    {body}\n')
    monkeypatch.setattr(networks, "BACKBONES_FOLDER", tmp_path)
    with pytest.raises(UserError) as refused:
        networks.own_networks.__wrapped__()
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_weights_have_the_published_origin():
    assert weights_model("timm/resnet18.a1_in1k") == "timm/resnet18.a1_in1k"
    assert weights_model("torchvision/vgg16") == "torchvision/vgg16"
    assert weights_model("medattn/acnet") is None
    assert timm.get_pretrained_cfg("inception_v4").tag == "tf_in1k"


def test_torchvision_networks_with_another_normalization_change_their_input_where_weights_are_loaded():
    """torchvision itself does so for these weights, which were trained in another library."""
    with torch.device("meta"):
        for name in ("googlenet", "inception_v3"):
            assert names.create_network(f"torchvision/{name}", 2, pretrained=True).transform_input
            assert not names.create_network(f"torchvision/{name}", 2).transform_input
    assert torchvision.models.googlenet.__name__ == "googlenet"
