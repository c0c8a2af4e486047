"""One run from top to bottom: a tiny ResNet with global spatial attention (GSA) on scikit-learn's handwritten digits.

    python docs/one_run.py

`medattn train` does the same for every run of a plan. It adds checkpoints, leases, CUDA graphs, the files of the run
and its record, none of which changes a number: a test compares the accuracies below with those of `medattn train`.
"""

import sys
from pathlib import Path

import torch

from medattn.config.load import registered_datasets
from medattn.config.models.paper import Backbone
from medattn.config.models.recipe import Recipe
from medattn.datasets.prepare import prepare
from medattn.datasets.store import read_store
from medattn.seeding import derive_seed
from medattn.training.images import ResidentImages, normalization_for, training_batches
from medattn.training.network import NetworkSpec, build_network
from medattn.training.numerics import fix_numerics, memory_format
from medattn.training.optimizer import create_optimizer, set_learning_rates
from medattn.training.step import Step, logits_of

SEED = 0
DEVICE = torch.device("cpu")
RECIPE = Recipe(epochs=3, batch_size=64, learning_rate=0.001)
BACKBONE = Backbone(model="timm/test_resnet", input_size=28)
GSA = {"channels": 4, "coefficient": 0.01, "cutoff_epoch": 2}


def train_one_run(data: Path) -> list[int]:
    """Train, and return the number of test images that are classified correctly after each epoch."""
    # Threads, precision and determinism belong to the recipe, so every machine computes the same.
    fix_numerics(RECIPE)

    # The data set is converted once to arrays with a manifest of hashes, under data/prepared/.
    store = read_store(prepare("digits", registered_datasets()["digits"], data))
    splits = store.splits.values()
    images = ResidentImages.on(DEVICE, [s.images for s in splits], [s.labels for s in splits], BACKBONE.input_size)

    # Images are addressed by position. This run trains on the training split and is evaluated on the test split.
    count = len(store.splits["train"].labels)
    training, test = torch.arange(count), torch.arange(count, len(images.labels))
    normalize = normalization_for(RECIPE, images, training)

    # Backbone and mechanism have separate random streams: all arms of a seed start from the same backbone. GSA makes
    # its map from all training images, which count as one channel each because they are gray.
    spec = NetworkSpec(BACKBONE, len(store.classes), "gsa", GSA)
    network = build_network(spec, normalize(images.taken(training))[:, :1], SEED, data)
    network.backbone.to(memory_format=memory_format(RECIPE, DEVICE))
    step = Step.of(network, create_optimizer(RECIPE, network), RECIPE, normalize)

    correct = []
    for epoch in range(1, RECIPE.epochs + 1):
        network.attention.begin_epoch(epoch)  # GSA stops learning after its cut-off epoch
        network.train()
        set_learning_rates(step.optimizer, RECIPE, epoch)

        # Each random stream of an epoch follows from (seed, purpose, epoch), so a run can resume at any epoch.
        torch.manual_seed(derive_seed(SEED, "layers", epoch))
        order = torch.Generator().manual_seed(derive_seed(SEED, "order", epoch))
        changes = torch.Generator().manual_seed(derive_seed(SEED, "augmentation", epoch))
        for batch, labels in training_batches(images, training, RECIPE, order, changes):
            step(batch, labels)  # forward pass, loss with the mechanism's penalty, backward pass, optimizer

        network.eval()
        with torch.inference_mode():
            logits = [logits_of(network, images.taken(part), normalize, RECIPE) for part in test.split(256)]
        predicted = torch.cat(logits).softmax(1).argmax(1)
        correct.append(int((predicted == images.labels[test]).sum()))
        print(f"epoch {epoch}: test accuracy {100 * correct[-1] / len(test):.2f} %")
    return correct


if __name__ == "__main__":
    train_one_run(Path(sys.argv[1] if len(sys.argv) > 1 else "data"))
