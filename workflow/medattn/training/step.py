"""One optimization step of a run. Its sums stay on the device, so no step waits for the device."""

from dataclasses import dataclass

import torch
from torch import Tensor, optim
from torch.nn import functional

from medattn.config.models.recipe import Recipe
from medattn.training.images import Normalization
from medattn.training.network import AttendedNetwork
from medattn.training.numerics import autocast, memory_format

_AUXILIARY_WEIGHT = 0.3  # loss weight of auxiliary classifiers in the papers of GoogLeNet and Inception-v3


@dataclass(frozen=True)
class Step:
    """Optimization step, called with a batch.

    Attributes:
        network: network that is trained.
        optimizer: optimizer of its parameters.
        recipe: recipe of the run.
        normalize: normalization of the run.
        sums: sums since the last reset, on the device: cross entropy times images, penalty, correct images, steps
            (4, float64).
    """

    network: AttendedNetwork
    optimizer: optim.Optimizer
    recipe: Recipe
    normalize: Normalization
    sums: Tensor

    @classmethod
    def of(
        cls, network: AttendedNetwork, optimizer: optim.Optimizer, recipe: Recipe, normalize: Normalization
    ) -> "Step":
        """Return the step of a run, with its sums at 0."""
        sums = torch.zeros(4, dtype=torch.float64, device=normalize.mean.device)
        return cls(network, optimizer, recipe, normalize, sums)

    def __call__(self, images: Tensor, labels: Tensor) -> None:
        """Train on `images` (B x C x H x W in [0, 1]) with their `labels` (B, or B x classes for shares of classes)."""
        self.optimizer.zero_grad(set_to_none=True)
        logits = logits_of(self.network, images, self.normalize, self.recipe)
        loss = _cross_entropy(logits, labels, self.recipe)
        total = loss
        for auxiliary in self.network.auxiliary_logits:
            total = total + _AUXILIARY_WEIGHT * _cross_entropy(auxiliary, labels, self.recipe)
        penalty = self.network.attention.penalty() if self.network.attention is not None else None
        (total if penalty is None else total + penalty).backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
        self.sums[0] += loss.detach() * len(labels)
        if penalty is not None:
            self.sums[1] += penalty.detach()
        largest = labels if labels.dim() == 1 else labels.argmax(1)
        self.sums[2] += (logits.detach().argmax(1) == largest).sum()
        self.sums[3] += 1


def logits_of(network: AttendedNetwork, images: Tensor, normalize: Normalization, recipe: Recipe) -> Tensor:
    """Return the logits (B x classes) of `images` (B x C x H x W in [0, 1]), with the precision of the recipe."""
    batch = normalize(images).contiguous(memory_format=memory_format(recipe, images.device))
    with autocast(recipe, images.device):
        logits: Tensor = network(batch)
    return logits


def _cross_entropy(logits: Tensor, labels: Tensor, recipe: Recipe) -> Tensor:
    return functional.cross_entropy(logits.float(), labels, label_smoothing=recipe.label_smoothing)
