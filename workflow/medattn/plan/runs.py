"""The runs of a cell: which trainings a protocol asks for, one function for each kind of protocol."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from medattn.config.arms import grid_points
from medattn.config.mechanisms import is_block_mechanism
from medattn.config.models.protocol import (
    AnyProtocol,
    BestValidationEpoch,
    CrossValidatedEpochs,
    CrossValidation,
    FixedEpoch,
)
from medattn.files import sha256_of_value
from medattn.plan.model import Cell, Run, Stage

# What decides the images of a run of the stage `tune`; the other keys only say what is chosen from them.
_SPLIT_KEYS = ("folds", "split_seed", "training_splits", "splits", "validation_fraction", "oversampling")


def runs_of_cell(cell: Cell, seeds: Sequence[int]) -> Iterator[Run]:
    """Yield the runs of a cell: those that choose something, then those that are measured."""
    protocol = cell.settings.protocol
    yield from _RUNS[type(protocol)](_Namer(cell, protocol, seeds[0]), protocol, seeds)


class _Namer:
    """Makes the runs of a cell, with names that end in a hash of all that decides their result."""

    def __init__(self, cell: Cell, protocol: AnyProtocol, first_seed: int) -> None:
        facts, grid = protocol.model_dump(mode="json"), cell.settings.arm.grid
        self.cell = cell
        self.points = grid_points(grid)
        splits = {key: facts[key] for key in _SPLIT_KEYS if key in facts}
        self._identities: dict[Stage, str] = {
            "tune": _identity(cell, {"kind": protocol.kind, **splits}),
            "train": _identity(cell, {**facts, "grid": grid, "tuned_with": first_seed}),
        }

    def tuning_seeds(self, protocol: AnyProtocol, seeds: Sequence[int]) -> Sequence[int]:
        """Return the seeds that choose something; none where there is nothing to choose."""
        if not self.cell.is_tuned:
            return []
        return seeds if protocol.tune == "each" and not self.cell.is_classifier else seeds[:1]

    def measured_seeds(self, seeds: Sequence[int]) -> Sequence[int]:
        """Return the seeds that are measured. A classifier on pixels draws nothing: another seed is the same run."""
        return seeds[:1] if self.cell.is_classifier else seeds

    def tune(self, seed: int, fold: int | None, number: int) -> Run:
        """Return the run at the grid point of this number."""
        point = self.points[number]
        digest = sha256_of_value([self._identities["tune"], seed, fold, point])[:10]
        return Run(self.cell.id, f"tune-s{seed}{_fold(fold)}-g{number:02d}-{digest}", "tune", seed, fold, point)

    def train(self, seed: int, fold: int | None) -> Run:
        """Return the run that is measured."""
        digest = sha256_of_value([self._identities["train"], seed, fold])[:10]
        return Run(self.cell.id, f"train-s{seed}{_fold(fold)}-{digest}", "train", seed, fold, None)


def _fold(fold: int | None) -> str:
    return "" if fold is None else f"-f{fold}"


def _identity(cell: Cell, protocol: Mapping[str, Any]) -> str:
    """Return the hash of what a stage of a cell depends on, seed, fold and grid point aside."""
    settings = cell.settings.to_json()
    arm = {key: settings["arm"][key] for key in ("mechanism", "classifier", "options")}
    if is_block_mechanism(arm["mechanism"]):
        arm["placement"] = settings["arm"]["placement"]
    recipe = None if cell.is_classifier else settings["recipe"]
    return sha256_of_value(
        [settings["entry_sha256"], settings["backbone"], arm, recipe, settings["code_digest"], protocol]
    )


def _cross_validated_epochs(new: _Namer, protocol: CrossValidatedEpochs, seeds: Sequence[int]) -> Iterator[Run]:
    """Every grid point on every fold; then one training a seed on all training images."""
    for seed in new.tuning_seeds(protocol, seeds):
        for number in range(len(new.points)):
            for fold in range(protocol.folds):
                yield new.tune(seed, fold, number)
    for seed in new.measured_seeds(seeds):
        yield new.train(seed, None)


def _one_training(new: _Namer, protocol: AnyProtocol, seeds: Sequence[int]) -> Iterator[Run]:
    """Every grid point of an arm that has a grid; then one training a seed."""
    for seed in new.tuning_seeds(protocol, seeds):
        for number in range(len(new.points)):
            yield new.tune(seed, None, number)
    for seed in new.measured_seeds(seeds):
        yield new.train(seed, None)


def _cross_validation(new: _Namer, protocol: CrossValidation, seeds: Sequence[int]) -> Iterator[Run]:
    """For each fold, every grid point of an arm that has a grid; then one training a seed and fold."""
    for seed in new.tuning_seeds(protocol, seeds):
        for fold in range(protocol.folds):
            for number in range(len(new.points)):
                yield new.tune(seed, fold, number)
    for seed in new.measured_seeds(seeds):
        for fold in range(protocol.folds):
            yield new.train(seed, fold)


_RUNS: dict[type[AnyProtocol], Callable[[_Namer, Any, Sequence[int]], Iterator[Run]]] = {
    CrossValidatedEpochs: _cross_validated_epochs,
    BestValidationEpoch: _one_training,
    FixedEpoch: _one_training,
    CrossValidation: _cross_validation,
}
