"""Every network of the papers trains for an epoch on real images, in float32 and bfloat16, without a warning.

Each is trained by its paper's own optimizer and rates. There are two batches, of two images where an image is costly
and else of eight, as only a second step reaches what stands behind a factor that starts as zero.

Handwritten digits come with scikit-learn; BreastMNIST is taken where MEDATTN_DATA points to its file.
"""

import os
import warnings
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

from medattn.attention.mechanism import BlockAttention
from medattn.config.mechanisms import mechanism_names
from medattn.config.networks.catalog import own_networks
from medattn.training.images import ResidentImages, normalization_for
from medattn.training.loop import TrainingData, TrainingState, train_epochs
from medattn.training.network import AttendedNetwork, NetworkSpec, build_network
from medattn.training.numerics import fix_numerics

from .cases import Case, of_the_papers, parameters

CASES = of_the_papers()
SMALL = [case for case in CASES if case.size < 128]
LARGE = [case for case in CASES if case.size >= 128]
PRECISIONS = pytest.mark.parametrize("precision", ["fp32", "bf16"])


@cache
def real_images(count: int) -> tuple[np.ndarray, np.ndarray]:
    """So many images of two classes in turn, N x H x W x 1, and their labels."""
    folder = os.environ.get("MEDATTN_DATA")
    if folder:
        with np.load(Path(folder) / "breastmnist.npz") as archive:
            images, labels = archive["train_images"][..., None], archive["train_labels"][:, 0]
    else:
        from sklearn.datasets import load_digits

        digits = load_digits()
        images, labels = (digits.images * 15).astype(np.uint8)[..., None], digits.target
    chosen = np.stack([np.flatnonzero(labels == wanted)[: count // 2] for wanted in (0, 1)], 1).ravel()
    return images[chosen], labels[chosen].astype(np.int64)


def trained(case: Case, precision: str, tmp_path: Path) -> None:
    batch = 8 if case.size < 128 else 2
    images, labels = real_images(2 * batch)
    changes = {"epochs": 1, "batch_size": batch, "precision": precision}
    recipe = case.recipe.model_copy(update=changes)
    # Without its ImageNet weights a frozen trunk passes on next to nothing, so all of it learns.
    backbone = case.backbone.model_copy(update={"weights": "none", "trainable": None})
    fix_numerics(recipe)
    resident = ResidentImages.on(torch.device("cpu"), [images], [labels], case.size)
    indices = torch.arange(len(labels))
    data = TrainingData(resident, indices, indices, normalization_for(recipe, resident, indices))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        spec = NetworkSpec(backbone, 2, case.arm.mechanism, case.options, case.arm.placement)
        network = build_network(spec, data.normalized_training_images(), 0, tmp_path)
        before = {key: value.clone() for key, value in network.named_parameters()}
        state = TrainingState()
        train_epochs(network, data, recipe, 0, state, lambda _: None)
    row = state.history[-1]
    assert row.finite
    assert np.isfinite(row.train_loss) and np.isfinite(row.penalty)
    assert row.train_images == len(labels)
    assert state.scores[-1].shape == (len(labels), 2)
    assert state.scores[-1].isfinite().all()
    assert all(value.isfinite().all() for value in network.state_dict().values())
    learning = {key: value for key, value in network.named_parameters() if value.requires_grad}
    changed = {key for key, value in network.named_parameters() if not torch.equal(value, before[key])}
    assert set() < changed <= set(learning)
    # The gradients of the last step: what starts as zero may hold others back for one step.
    untaught = {key for key, value in learning.items() if value.grad is None or not value.grad.any()}
    if case.arm.mechanism != "ea":  # where a map is one pixel, its softmax is constant and stops all gradients
        assert untaught - inside_mechanisms(network) == set()


def inside_mechanisms(network: AttendedNetwork) -> set[str]:
    """The parameters of mechanisms inside the backbone, some of which a map of one pixel teaches nothing.

    tests/attention looks at the gradient of each.
    """
    placed = [(name, module) for name, module in network.named_modules() if isinstance(module, BlockAttention)]
    return {f"{name}.{key}" for name, module in placed for key, _ in module.named_parameters()}


@pytest.mark.slow
@PRECISIONS
@pytest.mark.parametrize("case", parameters([case for case in SMALL if case.backbone.model == "medattn/acnet"]))
def test_an_epoch_of_the_lightest_network(case, precision, tmp_path):
    trained(case, precision, tmp_path)


@pytest.mark.slow
@pytest.mark.heavy
@PRECISIONS
@pytest.mark.parametrize("case", parameters(SMALL))
def test_an_epoch_on_small_images(case, precision, tmp_path):
    trained(case, precision, tmp_path)


@pytest.mark.slow
@pytest.mark.heavy
@PRECISIONS
@pytest.mark.parametrize("case", parameters(LARGE))
def test_an_epoch_on_large_images(case, precision, tmp_path):
    trained(case, precision, tmp_path)


def test_every_own_network_and_every_mechanism_is_trained_here():
    for cases in (SMALL, LARGE):
        assert {case.backbone.model for case in cases} >= {f"medattn/{name}" for name in own_networks()}
    assert {case.arm.mechanism for case in CASES} == {"none", *mechanism_names()}
