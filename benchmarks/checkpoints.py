"""Train VGG-16 with Adam for some minutes, and compare the time with and without its automatic checkpoints.

Prints the seconds of training and of writing checkpoints, their ratio and the most work that a kill would have lost.
"""

import argparse
import contextlib
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from medattn.config.models.paper import Backbone
from medattn.config.models.recipe import Recipe
from medattn.training.checkpoint import LEAST_RATIO, CheckpointWriter
from medattn.training.images import ResidentImages, normalization_for
from medattn.training.loop import TrainingData, TrainingState, train_epochs
from medattn.training.network import NetworkSpec, build_network
from medattn.training.numerics import fix_numerics

COUNT, SIDE, HIGHEST = 32, 32, 1.05


class OverError(Exception):
    """End of the measurement."""


def main() -> int:
    """Print the ratio; return 1 if it is above 1.05, or if no checkpoint was written."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="torchvision/vgg16", help="network (default: torchvision/vgg16)")
    parser.add_argument("--seconds", type=float, default=800, help="seconds to train (default: 800)")
    arguments = parser.parse_args()
    recipe = Recipe(epochs=100_000, learning_rate=1e-5)
    fix_numerics(recipe)
    pixels = np.random.default_rng(0).integers(0, 256, (COUNT, SIDE, SIDE, 3), np.uint8)
    images = ResidentImages.on(torch.device("cpu"), [pixels], [np.arange(COUNT) % 2], None)
    every = torch.arange(COUNT)
    data = TrainingData(images, every, every, normalization_for(recipe, images, every))
    first = data.normalized_training_images(1)
    network = build_network(NetworkSpec(Backbone(model=arguments.model), 2), first, 0, Path())
    started, writing, writes, saved_at, lost, slowest = time.monotonic(), 0.0, 0, 0.0, 0.0, 0.0
    epoch_ended, longest = started, 0.0
    with tempfile.TemporaryDirectory(dir=Path()) as name:
        writer = CheckpointWriter(Path(name) / "checkpoint.pt", "auto", lambda: None)
        saved_at = time.monotonic()

        def after_epoch(state: TrainingState) -> None:
            nonlocal writing, writes, saved_at, lost, slowest, epoch_ended, longest
            before = time.monotonic()
            longest, lost = max(longest, before - epoch_ended), max(lost, before - saved_at)
            writer.write_if_due(state)
            epoch_ended = time.monotonic()
            if (Path(name) / "checkpoint.pt").exists() and epoch_ended - before > 0.01:
                writing, writes, saved_at = writing + epoch_ended - before, writes + 1, epoch_ended
                slowest = max(slowest, epoch_ended - before)
            if epoch_ended - started > arguments.seconds:
                raise OverError

        with contextlib.suppress(OverError):
            train_epochs(network, data, recipe, 0, TrainingState(), after_epoch)
    whole = time.monotonic() - started
    if not writes:
        print(f"no checkpoint was due in {whole:.0f} s; train longer (--seconds)")
        return 1
    ratio = whole / (whole - writing)
    print(f"{arguments.model} with Adam: {whole:.0f} s, {writes} checkpoints in {writing:.1f} s, ratio {ratio:.3f}")
    print(f"a kill would have lost at most {lost:.0f} s; {LEAST_RATIO} x the slowest write and an epoch: ", end="")
    print(f"{LEAST_RATIO * slowest + longest:.0f} s")
    return int(ratio > HIGHEST)


if __name__ == "__main__":
    sys.exit(main())
