"""Global spatial attention against the paper's equations and Algorithm 1, and the L1 baseline."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from medattn.attention.gsa import GlobalSpatialAttention
from medattn.attention.l1 import PixelWeights
from medattn.attention.mechanism import create_input_attention
from medattn.config.models.paper import Backbone
from medattn.errors import UserError
from medattn.plan.model import Run
from medattn.protocols.cross_validated_epochs import CrossValidatedEpochs
from medattn.training import network as networks
from medattn.training.images import ResidentImages, normalization_for
from medattn.training.loop import TrainingData
from medattn.training.network import NetworkSpec, build_network
from medattn.training.splits import split_of_run

from ..training.conftest import images_of, recipe, store_of


def prepared(images: torch.Tensor, **options) -> GlobalSpatialAttention:
    torch.manual_seed(0)
    gsa = GlobalSpatialAttention(**{"channels": 4, "coefficient": 0.1, "cutoff_epoch": 2, **options})
    gsa.prepare(images)
    return gsa


@pytest.mark.parametrize(("images", "channels", "hidden"), [(5, 1, 4), (3, 3, 7)])
def test_the_number_of_parameters_is_the_paper_s(images, channels, hidden):
    gsa = prepared(torch.randn(images, channels, 6, 6), channels=hidden)
    assert sum(p.numel() for p in gsa.parameters()) == hidden * (9 * images * channels + 1) + (hidden + 1)


@pytest.mark.parametrize(("options", "first", "further", "last"), [
    ({"first_kernel": 5}, 25, [], 4 * 1),
    ({"first_kernel": 7}, 49, [], 4 * 1),
    ({"hidden_layers": 2}, 9, [4], 4 * 1),
    ({"hidden_layers": 4}, 9, [4, 4, 4], 4 * 1),
    ({"last_kernel": 3}, 9, [], 4 * 9),
    ({"last_kernel": 5}, 9, [], 4 * 25),
    ({"dense": True}, 9, [], 10 + 4),
    ({"dense": True, "hidden_layers": 3, "last_kernel": 3}, 9, [14, 18], 9 * 22),
])  # fmt: skip
def test_other_designs_of_the_pixel_cnn(options, first, further, last):
    """Section 4.10, on 5 images of 2 channels: weights of the first layer, inputs of further ones, of the last."""
    gsa = prepared(torch.randn(5, 2, 6, 7), channels=4, **options)
    hidden = 4 * (10 * first + 1) + sum(4 * (inputs * first + 1) for inputs in further)
    assert sum(p.numel() for p in gsa.parameters()) == hidden + last + 1
    assert gsa.weights().shape == (1, 1, 6, 7)
    gsa.train()(torch.randn(2, 2, 6, 7)).square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in gsa.parameters())


def test_dense_layers_pass_the_pixels_on():
    images = torch.randn(3, 1, 5, 5, dtype=torch.float64)
    gsa = prepared(images, channels=2, dense=True, hidden_layers=2).double()
    pixels = images.reshape(1, 3, 5, 5)
    first, second, last = (m for m in gsa.pixel_cnn.modules() if isinstance(m, nn.Conv2d))
    one = torch.cat([pixels, first(pixels).relu()], 1)
    two = torch.cat([one, second(one).relu()], 1)
    gsa.pixels = gsa.pixels.double()
    torch.testing.assert_close(gsa.weights(), last(two).sigmoid())


def test_map_output_and_penalty_follow_the_equations():
    x = torch.randn(5, 3, 6, 7, dtype=torch.float64)
    gsa = prepared(x).double().train()
    wide, narrow = (gsa.pixel_cnn[i] for i in (0, 2))
    weight, bias = wide.weight.detach().numpy(), wide.bias.detach().numpy()
    pixels = np.pad(x.numpy().reshape(15, 6, 7), ((0, 0), (1, 1), (1, 1)))
    hidden = np.empty((4, 6, 7))
    for k in range(4):
        for i in range(6):
            for j in range(7):
                hidden[k, i, j] = max(0.0, (weight[k] * pixels[:, i : i + 3, j : j + 3]).sum() + bias[k])
    out = np.tensordot(narrow.weight.detach().numpy()[0, :, 0, 0], hidden, 1) + narrow.bias.item()
    expected = 1 / (1 + np.exp(-out))

    batch = torch.randn(2, 3, 6, 7, dtype=torch.float64)
    output = gsa(batch)
    np.testing.assert_allclose(gsa.weights()[0, 0].detach().numpy(), expected, rtol=1e-12)
    np.testing.assert_allclose(output.detach().numpy(), batch.numpy() * expected, rtol=1e-12)
    assert gsa.penalty().item() == pytest.approx(0.1 * expected.mean(), rel=1e-12)
    assert expected.min() > 0 and expected.max() < 1


@pytest.mark.parametrize("optimizer", [torch.optim.Adam, torch.optim.SGD])
def test_the_pixel_cnn_learns_up_to_the_cutoff_and_is_frozen_after_it(optimizer):
    gsa = prepared(torch.randn(4, 1, 6, 6))
    head = nn.Linear(36, 2)
    steps = optimizer([*gsa.parameters(), *head.parameters()], lr=0.1, weight_decay=0.5)
    x, labels = torch.randn(8, 1, 6, 6), torch.arange(8) % 2
    maps, states = [], []
    for epoch in range(1, 5):
        gsa.begin_epoch(epoch)
        gsa.train()
        for _ in range(2):
            steps.zero_grad(set_to_none=True)
            loss = nn.functional.cross_entropy(head(gsa(x).flatten(1)), labels)
            penalty = gsa.penalty()
            assert (penalty is None) == (epoch > 2)
            (loss if penalty is None else loss + penalty).backward()
            gradients = [p.grad for p in gsa.parameters()]
            if epoch <= 2:
                assert all(g is not None and g.abs().sum() > 0 for g in gradients)
            else:
                assert gradients == [None] * 4
            steps.step()
        gsa.eval()
        maps.append(gsa.weights().detach().clone())
        states.append(torch.cat([p.detach().flatten() for p in gsa.parameters()]))
    assert not torch.equal(maps[0], maps[1])
    assert torch.equal(maps[1], maps[2]) and torch.equal(maps[2], maps[3])
    assert torch.equal(states[1], states[3])


def test_the_input_needs_no_gradient_and_the_pixel_cnn_is_not_called_after_the_cutoff():
    gsa = prepared(torch.randn(4, 1, 6, 6))
    wide, narrow = (part for part in gsa.pixel_cnn if isinstance(part, nn.Conv2d))
    first, last = (2 * 36 * convolution.weight.numel() for convolution in (wide, narrow))
    x = torch.randn(8, 1, 6, 6)
    spent = []
    for epoch in range(1, 5):
        gsa.begin_epoch(epoch)
        gsa.train()
        with FlopCounterMode(display=False) as training:
            weighted = gsa(x).square().mean()
            if weighted.requires_grad:
                (weighted + gsa.penalty()).backward()
        gsa.eval()
        with FlopCounterMode(display=False) as evaluation:
            for _ in range(3):
                gsa(x)
        spent.append((training.get_total_flops(), evaluation.get_total_flops()))
    # Forward and backward for the weights of both; backward for the input of the last one only.
    learning = (2 * first + 3 * last, first + last)
    assert spent == [learning, learning, (0, 0), (0, 0)]


def test_a_cutoff_of_0_keeps_the_initial_map():
    gsa = prepared(torch.randn(4, 1, 6, 6), cutoff_epoch=0)
    before = gsa.eval().weights()
    gsa.begin_epoch(1)
    assert torch.equal(gsa.train().weights(), before)
    assert not any(p.requires_grad for p in gsa.parameters())


def test_l1_starts_at_ones_and_its_penalty_is_the_mean_weight():
    l1 = PixelWeights(coefficient=2.0)
    l1.prepare(torch.zeros(3, 1, 4, 5))
    x = torch.randn(2, 3, 4, 5)
    assert torch.equal(l1(x), x)
    assert l1.penalty().item() == 2.0
    with torch.no_grad():
        l1.values.copy_(torch.linspace(-1, 2, 20).reshape(1, 1, 4, 5))
    l1.penalty().backward()
    assert l1.penalty().item() == pytest.approx(2 * l1.values.abs().mean().item())
    assert torch.allclose(l1.values.grad, 2 * l1.values.sign() / 20)
    assert [p.numel() for p in l1.parameters()] == [20]


def test_an_unknown_mechanism_suggests_the_nearest_name():
    with pytest.raises(UserError, match="did you mean 'gsa'"):
        create_input_attention("gsaa", {})


@pytest.fixture
def small_backbone(monkeypatch):
    """A linear network in place of torchvision's, initialized from the same generator."""

    def build(backbone, classes, data, size):
        return nn.Sequential(nn.Flatten(), nn.Linear(3 * 8 * 8, classes))

    monkeypatch.setattr(networks, "build_backbone", build)
    return Backbone(model="torchvision/any")


def test_all_arms_of_a_seed_start_from_the_same_backbone(small_backbone, tmp_path):
    def backbone_of(mechanism, seed):
        torch.manual_seed(seed * 100 + len(mechanism))  # what came before must not matter
        images = torch.randn(4, 1, 8, 8)
        built = build_network(NetworkSpec(small_backbone, 2, mechanism), images, seed, tmp_path)
        return built.backbone[1].weight.detach()

    vanilla, gsa, l1, other = (backbone_of(*key) for key in (("none", 3), ("gsa", 3), ("l1", 3), ("none", 4)))
    assert torch.equal(vanilla, gsa) and torch.equal(vanilla, l1)
    assert not torch.equal(vanilla, other)


@pytest.mark.parametrize("fold", [None, 0])
def test_the_map_never_sees_validation_or_test_images(small_backbone, tmp_path, fold):
    train, test = images_of(1, 12), images_of(2, 6)
    run = Run("cell", "run", "train" if fold is None else "tune", 0, fold, None)

    def map_of(train, test):
        store = store_of(train, test)
        split = split_of_run(
            store, run, CrossValidatedEpochs(kind="cross_validated_epochs", folds=3, measured_epochs=1)
        )
        images = ResidentImages.on(torch.device("cpu"), [s.images for s in store.splits.values()], [train[:0]], None)
        training = torch.from_numpy(split.training)
        normalize = normalization_for(recipe(), images, training)
        data = TrainingData(images, training, torch.from_numpy(split.evaluated), normalize)
        options = {"channels": 3, "coefficient": 0.1, "cutoff_epoch": 1}
        pixels = data.normalized_training_images()
        return build_network(NetworkSpec(small_backbone, 2, "gsa", options), pixels, 0, tmp_path).attention_map(), split

    expected, split = map_of(train, test)
    assert set(split.training).isdisjoint(split.evaluated)
    everything = np.concatenate([train, test])
    unseen = np.setdiff1d(np.arange(18), split.training)
    assert len(unseen) == (6 if fold is None else 10)
    everything[unseen] = 255 - everything[unseen]
    assert torch.equal(map_of(everything[:12], everything[12:])[0], expected)
    everything[split.training[0]] = 255 - everything[split.training[0]]
    assert not torch.equal(map_of(everything[:12], everything[12:])[0], expected)
