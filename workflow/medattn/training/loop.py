"""The loop over the epochs of one run. It writes no files: `after_epoch` gets everything that must be saved."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.nn import functional

from medattn.config.models.recipe import Recipe
from medattn.seeding import derive_seed
from medattn.training.augment import mixed_up, random_resized_crops
from medattn.training.cuda_graphs import GraphedStep
from medattn.training.history import EpochRow
from medattn.training.images import Normalization, ResidentImages, normalization_for, training_batches
from medattn.training.learning_rate import learning_rate
from medattn.training.network import AttendedNetwork, NetworkSpec
from medattn.training.numerics import memory_format
from medattn.training.optimizer import create_optimizer, restore_optimizer, set_learning_rates
from medattn.training.oversampling import oversampled_images
from medattn.training.splits import SplitOfRun
from medattn.training.step import Step, logits_of

_EVALUATION_BATCH = 256


class EpochScores(Protocol):
    """Scores after each finished epoch: a list, or a file that is written and read like one."""

    def append(self, scores: Tensor, /) -> None:
        """Add the scores after an epoch."""

    def __len__(self) -> int:
        """Return the number of epochs."""

    def __getitem__(self, epochs: slice, /) -> Sequence[Tensor]:
        """Return the scores of some epochs, counted from 0."""


@dataclass
class TrainingState:
    """State of a run at the end of an epoch, from which it can be resumed.

    Attributes:
        history: a row per finished epoch.
        scores: class probabilities after each finished epoch, each N x classes, float32: the evaluated images, then
            the validation images.
        map_before: attention map before training, H x W.
        network: state of the network; None before the first epoch.
        optimizer: state of the optimizer; None before the first epoch.
    """

    history: list[EpochRow] = field(default_factory=list)
    scores: EpochScores = field(default_factory=list[Tensor])
    map_before: Tensor | None = None
    network: dict[str, Any] | None = None
    optimizer: dict[str, Any] | None = None

    def ended(self, recipe: Recipe) -> bool:
        """Return whether no epoch follows: all are trained, or the loss is NaN or infinite."""
        return bool(self.history) and (len(self.history) == recipe.epochs or not self.history[-1].finite)


@dataclass(frozen=True)
class TrainingData:
    """Images of one run, with the positions of each role and their normalization."""

    images: ResidentImages
    training: Tensor
    evaluated: Tensor
    normalize: Normalization
    validation: Tensor = field(default_factory=lambda: torch.empty(0, dtype=torch.int64))

    @classmethod
    def of(cls, images: ResidentImages, split: SplitOfRun, recipe: Recipe) -> "TrainingData":
        """Return the images of a split, with oversampled copies after the stored images."""
        device = images.pixels.device  # positions are on the device that holds the images
        if split.copies is not None:
            sources = torch.from_numpy(split.copies.sources).to(device)
            images = images.extended(oversampled_images(images.pixels, split.copies), images.labels[sources])
        parts = (split.training, split.evaluated, split.validation)
        training, evaluated, validation = (torch.from_numpy(part).to(device) for part in parts)
        return cls(images, training, evaluated, normalization_for(recipe, images, training), validation)

    @property
    def scored(self) -> Tensor:
        """Positions of the images that are scored after each epoch: the evaluated, then the validation images."""
        return torch.cat([self.evaluated, self.validation.to(self.evaluated.device)])

    def normalized_training_images(self, count: int | None = None) -> Tensor:
        """Return the first `count` training images, or all, normalized; gray images have a single channel."""
        return self.normalize(self.images.taken(self.training[:count]))[:, : self.images.pixels.shape[1]]

    def training_images_for(self, spec: NetworkSpec) -> Tensor:
        """Return the images from which `build_network` builds: all training images, or one where only sizes matter."""
        return self.normalized_training_images(None if spec.needs_training_images else 1)


def _eager(step: Step) -> Step:
    return step


def train_epochs(
    network: AttendedNetwork,
    data: TrainingData,
    recipe: Recipe,
    seed: int,
    state: TrainingState,
    after_epoch: Callable[[TrainingState], None],
    prepare_step: Callable[[Step], Step | GraphedStep] = _eager,
    classes: int = 0,
) -> None:
    """Train `network` from the epoch of `state` to the last epoch, or until the loss is NaN or infinite.

    Args:
        network: initialized network; a state with finished epochs replaces its weights.
        data: images of the run.
        recipe: recipe of the run.
        seed: seed of the run's random streams.
        state: state to start from; updated in place.
        after_epoch: called with the state after each epoch.
        prepare_step: turns the step into the callable that is used, for example a CUDA graph of it.
        classes: number of classes; needed by mixup only.
    """
    network.backbone.to(memory_format=memory_format(recipe, data.images.target))
    optimizer = create_optimizer(recipe, network)
    if state.network is not None and state.optimizer is not None:
        network.load_state_dict(state.network)
        restore_optimizer(optimizer, state.optimizer)
    else:
        state.map_before = network.eval().attention_map()
    step = prepare_step(Step.of(network, optimizer, recipe, data.normalize))
    for epoch in range(len(state.history) + 1, recipe.epochs + 1):
        if network.attention is not None:
            network.attention.begin_epoch(epoch)
        if isinstance(step, GraphedStep):
            step.begin_epoch(None if network.attention is None else network.attention.phase(epoch))
        sums = _train_one_epoch(step, data, seed, epoch, classes)
        # The only synchronization of the epoch: the lines above only queue work on the device.
        scores = evaluate(network, data, recipe, seed).cpu()
        state.scores.append(scores)
        state.history.append(_row(epoch, recipe, sums.tolist(), scores, data))
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
            images = random_resized_crops(data.images.stored(chosen), crop, crops, data.images.size)
        else:
            images = data.images.taken(chosen)
        logits = logits_of(network, images, data.normalize, recipe)
        parts.append(functional.softmax(logits.float(), dim=1))
    return torch.cat(parts)


def _train_one_epoch(prepared: Step | GraphedStep, data: TrainingData, seed: int, epoch: int, classes: int) -> Tensor:
    """Train one epoch and return the sums over its steps, on the device."""
    step = prepared.step if isinstance(prepared, GraphedStep) else prepared
    step.network.train()
    set_learning_rates(step.optimizer, step.recipe, epoch)
    torch.manual_seed(derive_seed(seed, "layers", epoch))  # dropout and similar layers
    order = torch.Generator().manual_seed(derive_seed(seed, "order", epoch))
    changes = torch.Generator().manual_seed(derive_seed(seed, "augmentation", epoch))
    step.sums.zero_()
    mixup = step.recipe.mixup
    for images, labels in training_batches(data.images, data.training, step.recipe, order, changes):
        if mixup:
            images, labels = mixed_up(images, labels, mixup, classes, changes)
        prepared(images, labels)
    return step.sums


def _row(epoch: int, recipe: Recipe, sums: list[float], scores: Tensor, data: TrainingData) -> EpochRow:
    is_scored = ~scores.isnan().any(1)
    correct = is_scored & (scores.argmax(1) == data.images.labels[data.scored].cpu())
    evaluated = len(data.evaluated)
    return EpochRow(
        epoch=epoch,
        learning_rate=learning_rate(recipe, epoch),
        train_loss=sums[0] / len(data.training),
        penalty=sums[1] / sums[3],
        train_correct=int(sums[2]),
        train_images=len(data.training),
        correct=int(correct[:evaluated].sum()),
        images=evaluated,
        validation_correct=int(correct[evaluated:].sum()),
        validation_images=len(data.validation),
        unscored=int((~is_scored).sum()),
    )
