"""Contract tests of every mechanism: a new file in attention/ is tested without a change here."""

import inspect
import io

import pytest
import torch
from torch import nn

from medattn.attention.mechanism import (
    BlockAttention,
    InputAttention,
    create_block_attention,
    create_input_attention,
    mechanism_class,
)
from medattn.config.mechanisms import is_block_mechanism, mechanism_names, mechanism_options, mechanism_skip_reason
from medattn.errors import Skipped, UserError

BLOCK = [name for name in mechanism_names() if is_block_mechanism(name)]
INPUT = [name for name in mechanism_names() if not is_block_mechanism(name)]
PLACES = [(64, (7, 5)), (64, (4, 4)), (96, (5, 9)), (64, (2, 3)), (64, (1, 1)), (30, (7, 5)), (3, (7, 5))]


def block(name: str, channels=64, size=(7, 5), seed=0) -> BlockAttention:
    torch.manual_seed(seed)
    return create_block_attention(name, mechanism_options(name)().model_dump(), channels, size)


def features(channels=64, size=(7, 5), batch=4, seed=1) -> torch.Tensor:
    return torch.randn(batch, channels, *size, generator=torch.Generator().manual_seed(seed))


def after_one_step(module: nn.Module, inputs: torch.Tensor) -> nn.Module:
    """What starts as zero and holds others back (a last layer, a factor) has moved after one step."""
    optimizer = torch.optim.SGD(module.parameters(), lr=1.0)
    for _ in range(2):
        optimizer.zero_grad()
        output = module(inputs)
        (output * torch.linspace(-1, 1, output.numel(), dtype=output.dtype).view_as(output)).mean().backward()
        if _ == 0:
            optimizer.step()
    return module


def test_the_registry_has_block_and_input_mechanisms():
    assert {"gsa", "l1"} <= set(INPUT)
    assert {"se", "spa", "ca", "sa", "cbam", "nl", "gc", "ea", "ppcr"} <= set(BLOCK)


@pytest.mark.parametrize("name", mechanism_names())
def test_parsing_the_source_gives_the_options_of_the_class(name):
    made = mechanism_class(name)
    assert issubclass(made, BlockAttention if name in BLOCK else InputAttention)
    keywords = [p for p in inspect.signature(made).parameters.values() if p.kind is p.KEYWORD_ONLY]
    options = mechanism_options(name).model_fields
    assert {p.name: p.default for p in keywords} == {key: field.default for key, field in options.items()}
    assert all(field.description for field in options.values()), "every hyper-parameter is described"


@pytest.mark.parametrize("name", mechanism_names())
def test_the_docstring_has_paper_and_deviations(name):
    text = inspect.getdoc(inspect.getmodule(mechanism_class(name))) or ""
    assert "Paper" in text
    assert "Equation" in text
    assert "Deviations" in text


@pytest.mark.parametrize("mode", ["train", "eval"])
@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize(("channels", "size"), PLACES)
@pytest.mark.parametrize("name", BLOCK)
def test_a_block_mechanism_keeps_shape_and_type_or_has_a_skip_reason(name, channels, size, batch, mode):
    reason = mechanism_skip_reason(name, channels, size, mechanism_options(name)().model_dump())
    if reason is not None:
        assert "\n" not in reason
        with pytest.raises(Skipped, match=name):
            block(name, channels, size)
        return
    module = block(name, channels, size).train(mode == "train")
    for dtype in (torch.float32, torch.float64):
        x = features(channels, size, batch).to(dtype)
        before = x.clone()
        output = module.to(dtype)(x)
        assert output.shape == x.shape
        assert output.dtype == dtype
        assert output.isfinite().all()
        assert torch.equal(x, before), "the features must not be changed in place"


@pytest.mark.parametrize("name", BLOCK)
def test_every_block_mechanism_fits_the_blocks_of_a_resnet(name):
    for channels, side in ((64, 56), (128, 28), (256, 14), (512, 7), (2048, 4)):
        assert mechanism_skip_reason(name, channels, (side, side), mechanism_options(name)().model_dump()) is None


@pytest.mark.parametrize("name", BLOCK)
def test_under_bfloat16_the_type_of_the_features_is_kept(name):
    module = block(name)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        output = module(features().bfloat16())
    assert output.dtype == torch.bfloat16
    expected = module.eval()(features().bfloat16().float())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        difference = module(features().bfloat16()).float() - expected
    # Of the whole, as a mechanism of many layers rounds often: single values may be further off.
    assert difference.norm() < 0.02 * expected.norm()
    assert difference.abs().max() < 0.05 * expected.abs().max()


@pytest.mark.parametrize("name", BLOCK)
def test_every_parameter_has_a_gradient_except_the_documented_ones(name):
    module = after_one_step(block(name).double(), features().double().requires_grad_())
    parameters = dict(module.named_parameters())
    assert set(module.gradient_free) <= set(parameters)
    for key, parameter in parameters.items():
        assert parameter.grad is not None, key
        largest = parameter.grad.abs().max()
        assert largest < 1e-15 if key in module.gradient_free else largest > 1e-12, (key, largest)


@pytest.mark.parametrize("name", BLOCK)
def test_gradients_reach_the_features(name):
    x = features().double().requires_grad_()
    module = block(name).double()
    after_one_step(module, x)
    assert x.grad.isfinite().all()
    assert x.grad.abs().max() > 0


@pytest.mark.parametrize("name", BLOCK)
def test_in_evaluation_the_output_for_an_image_does_not_depend_on_others(name):
    module, x = block(name).double().eval(), features(batch=4).double()
    torch.testing.assert_close(module(x)[2:3], module(x[2:3]))


@pytest.mark.parametrize("name", BLOCK)
def test_initialization_follows_the_generator_and_forward_draws_nothing(name):
    states = [torch.cat([v.flatten().double() for v in block(name).state_dict().values()]) for _ in range(2)]
    assert torch.equal(*states)
    module = block(name)
    state = torch.get_rng_state()
    outputs = [module.eval()(features()) for _ in range(2)]
    assert torch.equal(*outputs)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("name", BLOCK)
def test_a_saved_block_mechanism_can_be_loaded(name):
    trained = after_one_step(block(name), features()).eval()
    file = io.BytesIO()
    torch.save(trained.state_dict(), file)
    file.seek(0)
    loaded = block(name, seed=5).eval()
    loaded.load_state_dict(torch.load(file, weights_only=True))
    assert torch.equal(loaded(features()), trained(features()))


@pytest.mark.parametrize("name", BLOCK)
def test_reading_the_weights_does_not_change_the_output(name):
    module, x = block(name).eval(), features()
    before = module(x)
    weights = module.weights(x)
    if weights is not None:
        assert len(weights) == len(x)
        assert weights.isfinite().all()
    assert torch.equal(module(x), before)


@pytest.mark.parametrize("size", [(7, 5), (1, 1)])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", INPUT)
def test_an_input_mechanism_keeps_shape_and_type_and_learns(name, channels, size):
    torch.manual_seed(0)
    module = create_input_attention(name, mechanism_options(name)().model_dump())
    module.prepare(torch.randn(4, channels, *size))
    module.begin_epoch(1)
    x = torch.randn(1, 3, *size)
    output = module.train()(x)
    assert output.shape == x.shape
    assert output.dtype == x.dtype
    assert module.weights().shape == (1, 1, *size)
    penalty = module.penalty()
    (output.square().sum() + (0 if penalty is None else penalty)).backward()
    for key, parameter in module.named_parameters():
        assert parameter.grad is not None, key
        assert parameter.grad.abs().max() > 0, key
    assert torch.equal(module.eval()(x), module.eval()(x))


@pytest.mark.parametrize("name", INPUT)
def test_a_saved_input_mechanism_can_be_loaded(name):
    def made(seed):
        torch.manual_seed(seed)
        module = create_input_attention(name, mechanism_options(name)().model_dump())
        module.prepare(torch.arange(140, dtype=torch.float32).reshape(4, 1, 7, 5) / 140)
        return module.eval()

    first, second = made(0), made(1)
    second.load_state_dict(first.state_dict())
    assert torch.equal(first(torch.ones(1, 3, 7, 5)), second(torch.ones(1, 3, 7, 5)))


def test_an_unknown_mechanism_suggests_the_nearest_name():
    with pytest.raises(UserError, match="did you mean 'cbam'"):
        create_block_attention("cbma", {}, 64, (7, 5))


@pytest.mark.parametrize(("name", "options", "channels", "size", "reason"), [
    ("se", {"reduction": 5}, 64, (7, 7), "64 channels can't be divided by 5"),
    ("spa", {}, 64, (3, 3), "a map of 3 x 3 is smaller than the finest grid of 4 x 4"),
    ("sa", {"kernel": 4}, 64, (7, 7), "even"),
    ("ppcr", {"scales": 4}, 60, (7, 7), "60 channels can't be divided into 8 groups"),
    ("ppcr", {"normalization": "instance"}, 64, (1, 1), "needs more than one value"),
])  # fmt: skip
def test_plan_and_construction_give_the_same_skip_reason(name, options, channels, size, reason):
    full = mechanism_options(name)(**options).model_dump()
    assert reason in mechanism_skip_reason(name, channels, size, full)
    with pytest.raises(Skipped, match=reason):
        create_block_attention(name, full, channels, size)
