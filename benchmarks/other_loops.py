"""Compare an epoch with its evaluation with the loops that a user would pick instead.

The others are the loop of MedMNIST's training script (PIL images, a plain DataLoader, a fetched loss, evaluation of all
three splits), a plain Lightning Trainer, and timm's loader with the step of its training script. All train the same
network from the same weights on the same images. Each is timed several times in turn, and the shortest time counts. A
loop whose library is not installed is left out: `pip install pytorch-lightning` for Lightning's.
"""

import copy
import logging
import warnings
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from ratios import Ratio, interleaved
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from medattn.complexity.speed import graph_cache_on
from medattn.config.models.paper import Backbone
from medattn.config.models.recipe import Recipe
from medattn.training.images import ResidentImages, normalization_for
from medattn.training.loop import TrainingData, TrainingState, train_epochs
from medattn.training.network import NetworkSpec, build_network
from medattn.training.numerics import fix_numerics

CASES = {
    # name: backbone, images of training, validation and test, side, channels, batch
    "ResNet-18, 28 px": ({"model": "torchvision/resnet18", "stem": "small"}, (192, 32, 64), 28, 1, 32),
    "ResNet-50, 224 px": ({"model": "torchvision/resnet50"}, (16, 4, 8), 224, 3, 8),
}
ON_GPU = {"ResNet-18, 28 px": (4096, 512, 1024), "ResNet-50, 224 px": (512, 64, 128)}
WORKERS = 2
_FORM = transforms.Compose([transforms.ToTensor(), transforms.Normalize([0.5], [0.5])])


class PilImages(Dataset[tuple[Any, int]]):
    """Data set of arrays that makes each a PIL image in RGB and transforms it on access, as MedMNIST's package does."""

    def __init__(self, pixels: np.ndarray, labels: np.ndarray, transform: Callable[[Any], Any] | None) -> None:
        self.pixels, self.labels, self.transform = pixels, labels, transform

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Any, int]:
        image = Image.fromarray(self.pixels[index].squeeze()).convert("RGB")
        return (self.transform(image) if self.transform else image), int(self.labels[index])


Splits = list[tuple[np.ndarray, np.ndarray]]


def medmnist_epoch(network: Any, optimizer: Any, splits: Splits, batch: int, device: torch.device) -> None:
    """Train and evaluate as MedMNIST's script does: one process, and every split is evaluated after the epoch."""
    sets = [PilImages(*split, _FORM) for split in splits]
    network.train()
    for images, labels in DataLoader(sets[0], batch_size=batch, shuffle=True):
        optimizer.zero_grad()
        loss = functional.cross_entropy(network(images.to(device)), labels.to(device))
        loss.item()
        loss.backward()
        optimizer.step()
    network.eval()
    with torch.no_grad():
        for one in sets:
            for images, labels in DataLoader(one, batch_size=batch):
                scores = network(images.to(device))
                functional.cross_entropy(scores, labels.to(device)).item()
                scores.softmax(1).cpu()


def timm_epoch(network: Any, optimizer: Any, splits: Splits, batch: int, device: torch.device) -> None:
    """Train and evaluate with timm's loader and the order of its training script."""
    from timm.data import create_loader

    side, on_gpu = splits[0][0].shape[1], device.type == "cuda"
    loaders = [
        create_loader(
            PilImages(*split, None), (3, side, side), batch, is_training=number == 0, no_aug=True, num_workers=WORKERS,
            mean=(0.5,) * 3, std=(0.5,) * 3, use_prefetcher=on_gpu, device=device, persistent_workers=False,
        )
        for number, split in enumerate(splits)
    ]  # fmt: skip
    network.train()
    for images, labels in loaders[0]:
        loss = functional.cross_entropy(network(images.to(device)), labels.to(device))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    network.eval()
    with torch.inference_mode():
        for loader in loaders[1:]:
            for images, labels in loader:
                functional.cross_entropy(network(images.to(device)), labels.to(device)).item()


def lightning_epoch(network: Any, optimizer: Any, splits: Splits, batch: int, device: torch.device) -> None:
    """Train and evaluate with a plain Lightning Trainer."""
    import pytorch_lightning as lightning

    class Module(lightning.LightningModule):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def training_step(self, batch: Any, _: int) -> Any:
            loss = functional.cross_entropy(self.network(batch[0]), batch[1])
            self.log("loss", loss)
            return loss

        def validation_step(self, batch: Any, _: int, dataloader_idx: int = 0) -> None:
            self.log("validation", functional.cross_entropy(self.network(batch[0]), batch[1]))

        def configure_optimizers(self) -> Any:
            return optimizer

    workers = partial(DataLoader, batch_size=batch, num_workers=WORKERS)
    sets = [PilImages(*split, _FORM) for split in splits]
    trainer = lightning.Trainer(
        max_epochs=1, accelerator="gpu" if device.type == "cuda" else "cpu", devices=1, logger=False,
        enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False, num_sanity_val_steps=0,
    )  # fmt: skip
    trainer.fit(Module(), workers(sets[0], shuffle=True), [workers(one) for one in sets[1:]])
    network.to(device)


LOOPS = {
    "MedMNIST's script": (medmnist_epoch, "torchvision"),
    "Lightning": (lightning_epoch, "pytorch_lightning"),
    "timm's loop": (timm_epoch, "timm"),
}


def ratios_of(name: str, rounds: int, device: torch.device, precision: str) -> list[Ratio]:
    """Measure one case."""
    backbone, counts, side, channels, batch = CASES[name]
    counts = ON_GPU[name] if device.type == "cuda" else counts
    recipe = Recipe.model_validate(
        {"epochs": 1, "batch_size": batch, "learning_rate": 1e-4, "normalization": "half", "precision": precision}
    )
    fix_numerics(recipe)
    random = np.random.default_rng(0)
    splits: Splits = [
        (random.integers(0, 256, (count, side, side, channels), dtype=np.uint8), random.integers(0, 2, count))
        for count in counts
    ]
    images = ResidentImages.on(device, [pixels for pixels, _ in splits], [labels for _, labels in splits], None)
    parts = torch.split(torch.arange(sum(counts), device=device), list(counts))
    normalize = normalization_for(recipe, images, parts[0])
    data = TrainingData(images, parts[0], parts[2], normalize, parts[1])
    spec = NetworkSpec(Backbone.model_validate(backbone), 2)
    network = build_network(spec, data.training_images_for(spec), 0, Path())
    graphs = graph_cache_on(device)
    ours = copy.deepcopy(network)

    def our_epoch() -> None:
        train_epochs(ours, data, recipe, 0, TrainingState(), lambda _: None, partial(graphs.step, name))

    arms: dict[str, Callable[[], object]] = {"ours": our_epoch}
    for label, (epoch, library) in LOOPS.items():
        if find_spec(library) is None:
            print(f"left out: {label} ({library} is not installed)", flush=True)
            continue
        other = copy.deepcopy(network)
        optimizer = torch.optim.Adam(other.parameters(), lr=1e-4)
        arms[label] = partial(epoch, other, optimizer, splits, batch, device)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
        interleaved(arms, 1)  # warm-up
        best = interleaved(arms, rounds)
    images_seen = sum(counts)
    measured = {f"{arm}, images/s": round(images_seen / seconds, 1) for arm, seconds in best.items()}
    return [
        Ratio(f"epoch with evaluation: ours / {label} ({name})", best["ours"] / best[label], 1.0, measured)
        for label in arms
        if label != "ours"
    ]


def measure(full: bool, device: torch.device, precision: str) -> list[Ratio]:
    """Measure the small network, and with `full` the large one, too."""
    names = list(CASES) if full else list(CASES)[:1]
    return [ratio for name in names for ratio in ratios_of(name, 3, device, precision)]
