"""Block mechanisms against the equations in references.py, in double precision, and against public implementations."""

import numpy as np
import pytest
import torch
from timm.layers import SEModule
from timm.layers.coord_attn import CoordAttn

from medattn.attention.mechanism import create_block_attention
from medattn.config.mechanisms import mechanism_options

from . import references

NAMES = ["se", "spa", "ca", "nl", "gc", "ea", "ppcr", "sa", "cbam"]
SIZES = [(4, 4), (7, 5)]
CHANNELS = 32


def created(name: str, size=(7, 5), channels=CHANNELS, **options) -> torch.nn.Module:
    return create_block_attention(name, mechanism_options(name)(**options).model_dump(), channels, size)


def randomized(module: torch.nn.Module) -> torch.nn.Module:
    """In double precision, with all parameters and statistics away from their special starting values."""
    generator = torch.Generator().manual_seed(1)
    module = module.double()
    with torch.no_grad():
        for tensor in (*module.parameters(), *(b for b in module.buffers() if b.is_floating_point())):
            tensor.copy_(torch.rand(tensor.shape, generator=generator, dtype=torch.float64) + 0.1)
            if tensor.ndim > 1:
                tensor.sub_(0.6)
    return module


def features(size, channels=CHANNELS, batch=3) -> torch.Tensor:
    return torch.randn(batch, channels, *size, generator=torch.Generator().manual_seed(2), dtype=torch.float64)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", NAMES)
def test_the_output_equals_the_equations(name, size):
    module, x = randomized(created(name, size)).eval(), features(size)
    state = {key: value.detach().numpy() for key, value in module.state_dict().items()}
    expected = getattr(references, name)(x.numpy(), state)
    np.testing.assert_allclose(module(x).detach().numpy(), expected, rtol=0, atol=1e-6)
    assert not np.allclose(expected, x.numpy(), atol=1e-3), "the reference must do something"


def test_squeeze_and_excitation_equals_timm():
    ours, theirs = randomized(created("se")), SEModule(CHANNELS, rd_divisor=1).double()
    theirs.load_state_dict({k.removeprefix("module."): v for k, v in ours.state_dict().items()})
    torch.testing.assert_close(ours(features((7, 5))), theirs(features((7, 5))))


def test_coordinate_attention_equals_timm():
    ours, theirs = randomized(created("ca", channels=256)), CoordAttn(256, se_factor=1.0, bias=True).double()
    names = {"reduce": "conv1", "normalize": "bn1", "expand_rows": "conv_h", "expand_columns": "conv_w"}
    state = ours.state_dict()
    theirs.load_state_dict({f"{names[k.split('.')[0]]}.{k.split('.')[1]}": v for k, v in state.items()})
    x = features((7, 5), 256)
    torch.testing.assert_close(ours(x), theirs(x))
    torch.testing.assert_close(ours.eval()(x), theirs.eval()(x))


@pytest.mark.parametrize("name", ["se", "spa", "ca", "sa", "cbam", "ppcr"])
def test_the_output_is_features_times_gate(name):
    module, x = randomized(created(name)).eval(), features((7, 5))
    torch.testing.assert_close(module(x), x * module.weights(x))


@pytest.mark.parametrize(("name", "summed"), [("nl", 2), ("gc", (2, 3)), ("ea", 1)])
def test_attention_weights_sum_to_one(name, summed):
    weights = randomized(created(name)).eval().weights(features((7, 5)))
    torch.testing.assert_close(weights.sum(summed), torch.ones_like(weights.sum(summed)))
    assert weights.min() >= 0
