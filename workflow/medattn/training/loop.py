"""The loop over the epochs of one run. It knows no files: `after_epoch` is told everything that must be kept."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from medattn.config.models.recipe import Recipe
from medattn.seeding import derive_seed
from medattn.training.augment import random_parts
from medattn.training.cuda_graphs import GraphedStep
from medattn.training.history import EpochRow
from medattn.training.images import Normalization, ResidentImages, training_batches
from medattn.training.network import AttendedNetwork
from medattn.training.numerics import memory_format
from medattn.training.optimizer import create_optimizer, learning_rate, restore_optimizer, set_learning_rates
from medattn.training.step import Step, logits_of

_EVALUATION_BATCH = 256


@dataclass
class TrainingState:
    """Everything that a run needs to go on from the end of an epoch.

    Attributes:
        history: a row per finished epoch.
        scores: class probabilities after each finished epoch, each N x classes, float32: of the evaluated images and
            then of the validation images.
        map_before: attention map before learning, H x W.
        network: state of the network; None before the first epoch.
        optimizer: state of the optimizer.
    """

    history: list[EpochRow] = field(default_factory=list)
    scores: list[Tensor] = field(default_factory=list)
    map_before: Tensor | None = None
    network: dict[str, Any] | None = None
    optimizer: dict[str, Any] | None = None

    def ended(self, recipe: Recipe) -> bool:
        """Return whether no epoch follows: all are trained, or the loss is no number."""
        return bool(self.history) and (len(self.history) == recipe.epochs or not self.history[-1].finite)


@dataclass(frozen=True)
class TrainingData:
    """The images of one run: where they are, which are trained on, evaluated and validate, how they are normalized."""

    images: ResidentImages
    training: Tensor
    evaluated: Tensor
    normalize: Normalization
    validation: Tensor = field(default_factory=lambda: torch.empty(0, dtype=torch.int64))

    @property
    def scored(self) -> Tensor:
        """The images that are scored after each epoch: the evaluated, then the validation images."""
        return torch.cat([self.evaluated, self.validation.to(self.evaluated.device)])

    def normalized_training_images(self, count: int | None = None) -> Tensor:
        """Return the first `count` training images, or all, as the network sees them; gray ones as a single channel."""
        return self.normalize(self.images.taken(self.training[:count]))[:, : self.images.pixels.shape[1]]


def _as_it_is(step: Step) -> Step:
    return step


def train_epochs(
    network: AttendedNetwork,
    data: TrainingData,
    recipe: Recipe,
    seed: int,
    state: TrainingState,
    after_epoch: Callable[[TrainingState], None],
    as_work: Callable[[Step], Step | GraphedStep] = _as_it_is,
) -> None:
    """Train `network` from where `state` stands to the last epoch, or until the loss is no number.

    Args:
        network: as initialized; overwritten by the state where there is one.
        data: the images.
        recipe: how to train.
        seed: seed of the run's streams.
        state: where the run stands; changed in place.
        after_epoch: called with the state after each epoch.
        as_work: makes what is called with batches of the step, so that it may be recorded.
    """
    network.backbone.to(memory_format=memory_format(recipe, data.images.target))
    optimizer = create_optimizer(recipe, network)
    if state.network is not None and state.optimizer is not None:
        network.load_state_dict(state.network)
        restore_optimizer(optimizer, state.optimizer)
    else:
        state.map_before = network.eval().attention_map()
    work = as_work(Step.of(network, optimizer, recipe, data.normalize))
    for epoch in range(len(state.history) + 1, recipe.epochs + 1):
        if network.attention is not None:
            network.attention.begin_epoch(epoch)
        if isinstance(work, GraphedStep):
            work.begin_epoch(None if network.attention is None else network.attention.phase(epoch))
        trained = _train_one_epoch(work, data, seed, epoch)
        scores = evaluate(network, data, recipe, seed)
        # The one synchronization of the epoch: everything above only queued work on the device.
        state.scores.append(scores.cpu())
        state.history.append(_row(epoch, recipe, trained.tolist(), state.scores[-1], data))
        state.network, state.optimizer = network.state_dict(), optimizer.state_dict()
        after_epoch(state)
        if state.ended(recipe):
            return


@torch.inference_mode()
def evaluate(network: AttendedNetwork, data: TrainingData, recipe: Recipe, seed: int) -> Tensor:
    """Return class probabilities of the scored images, N x classes, float32, on the device."""
    network.eval()
    crop = recipe.augmentation.random_resized_crop
    crops = torch.Generator().manual_seed(derive_seed(seed, "crops of scored images"))
    parts = []
    for chosen in torch.split(data.scored, _EVALUATION_BATCH):
        if crop is not None and crop.scored_images:
            images = random_parts(data.images.stored(chosen), crop, crops, data.images.size)
        else:
            images = data.images.taken(chosen)
        logits = logits_of(network, images, data.normalize, recipe)
        parts.append(functional.softmax(logits.float(), dim=1))
    return torch.cat(parts)


def _train_one_epoch(work: Step | GraphedStep, data: TrainingData, seed: int, epoch: int) -> Tensor:
    """Train one epoch; return the sums of its steps, on the device."""
    step = work.step if isinstance(work, GraphedStep) else work
    step.network.train()
    set_learning_rates(step.optimizer, step.recipe, epoch)
    torch.manual_seed(derive_seed(seed, "layers", epoch))  # dropout and its kind
    order = torch.Generator().manual_seed(derive_seed(seed, "order", epoch))
    changes = torch.Generator().manual_seed(derive_seed(seed, "augmentation", epoch))
    step.sums.zero_()
    for images, labels in training_batches(data.images, data.training, step.recipe, order, changes):
        work(images, labels)
    return step.sums


def _row(epoch: int, recipe: Recipe, sums: list[float], scores: Tensor, data: TrainingData) -> EpochRow:
    is_number = ~scores.isnan().any(1)
    right = is_number & (scores.argmax(1) == data.images.labels[data.scored].cpu())
    evaluated = len(data.evaluated)
    return EpochRow(
        epoch=epoch,
        learning_rate=learning_rate(recipe, epoch),
        train_loss=sums[0] / len(data.training),
        penalty=sums[1] / sums[3],
        train_correct=int(sums[2]),
        train_images=len(data.training),
        correct=int(right[:evaluated].sum()),
        images=evaluated,
        validation_correct=int(right[evaluated:].sum()),
        validation_images=len(data.validation),
        unscored=int((~is_number).sum()),
    )
