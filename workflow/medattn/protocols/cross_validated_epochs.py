"""Cross-validated epochs: cross-validation ranks the epochs at which one training is measured (GSA paper)."""

from collections.abc import Collection, Iterator, Sequence
from fractions import Fraction
from typing import ClassVar, Literal, TypeAlias

from pydantic import Field

from medattn.protocols.base import (
    DivisibleImages,
    Division,
    EpochResults,
    FoldsNeeded,
    MetricValue,
    P,
    RunRequest,
    Stage,
    Ties,
)
from medattn.protocols.official_splits import OfficialSplitsProtocol
from medattn.protocols.reading import TEST_IMAGES_CHOOSE, Reading, default_first
from medattn.sources.base import SplitName

RankedTies: TypeAlias = Ties | Literal["kept"]
_TIES_WORDS: dict[RankedTies, str] = {
    "earliest": "earliest of tied epochs first",
    "latest": "latest of tied epochs first",
    "kept": "all that tie at the last rank",
}
_RANKED_BY, _EPOCHS, _TUNE = "protocol.ranked_by", "protocol.epochs", "protocol.tune"
_RANK_WORDS = {"mean": "mean validation accuracy of the folds", "first_fold": "validation accuracy of the first fold"}


class CrossValidatedEpochs(OfficialSplitsProtocol):
    """Cross-validated epochs, the protocol of the GSA paper (its section 4.6).

    k-fold cross-validation on the training images ranks the epochs by their mean validation accuracy. The
    network is then trained on all training images, and its test accuracy at the `measured_epochs` best-ranked
    epochs is averaged. A grid is searched on the same folds.

    Open choices: the folds (`split_seed`), the order of equally good epochs and whether those that equal the last
    measured one are measured too (`ties`), early stopping (`patience`), and
    whether other seeds repeat the search (`tune`).
    """

    column_title: ClassVar[str] = "Epochs"
    split_keys: ClassVar[tuple[str, ...]] = ("folds", "split_seed", "training_splits")
    chooses_epochs: ClassVar[bool] = True
    tests_epochs: ClassVar[bool] = True

    kind: Literal["cross_validated_epochs"]
    folds: int = Field(5, ge=2, le=100, description="folds of the cross-validation, stratified by class")
    measured_epochs: int = Field(
        30,
        ge=1,
        le=100_000,
        description="epochs with the highest mean validation accuracy at which the test images are measured",
    )
    ties: RankedTies = Field(
        "earliest",
        description="which epoch goes first among epochs of equal mean validation accuracy; `kept`: all epochs that "
        "equal the last of `measured_epochs` are measured, which may be more",
    )
    patience: int | None = Field(
        None,
        ge=1,
        le=100_000,
        description="early stopping: epochs without a new highest mean validation accuracy after which later epochs "
        "are no candidates; then fewer epochs than `measured_epochs` may be measured; default: none",
    )

    @property
    def needed_epochs(self) -> int:
        """Number of measured epochs."""
        return self.measured_epochs

    def __str__(self) -> str:
        stop = f", stopping after {self.patience} epochs without a better one" if self.patience else ""
        stop += " and those that equal the last of them" if self.ties == "kept" else ""
        return (
            f"{self.folds}-fold cross-validation on the training images chooses {self.measured_epochs} epochs{stop}; "
            "the test images are measured at these epochs of one training on all training images"
        )

    def runs(self, tuning_seeds: Sequence[int], seeds: Sequence[int], points: int) -> Iterator[RunRequest]:
        """Yield a run for each grid point and fold; then one a seed on all training images."""
        for seed in tuning_seeds:
            for point in range(points):
                for fold in range(self.folds):
                    yield RunRequest("tune", seed, fold, point)
        for seed in seeds:
            yield RunRequest("train", seed)

    def split(self, images: DivisibleImages[P], stage: Stage, fold: int | None) -> Division[P]:
        """Return, in `tune`, all folds of the training images but one, and that one; else training and test images."""
        pool = images.of_splits(self.training_splits)
        if fold is None:
            return Division(pool, images.test(), "test")
        return Division(*images.leave_out_fold(pool, self.folds, fold), "validation")

    def folds_needed(self, tuned: bool, splits: Collection[SplitName]) -> FoldsNeeded | None:
        """Return the folds of the cross-validation."""
        return FoldsNeeded("folds", self.folds, self.training_splits)

    def choose(self, runs: Sequence[EpochResults]) -> tuple[tuple[int, ...], MetricValue]:
        """Return the epochs of highest mean accuracy over the folds, and the mean over these epochs and the folds."""
        folds = [run.on_validation("accuracy") for run in runs]
        epochs = best_epochs(folds, self.measured_epochs, self.ties, self.patience)
        total = sum((fold[epoch - 1] for fold in folds for epoch in epochs), Fraction(0))
        return epochs, total / (len(folds) * len(epochs))

    def epochs_to_measure(self, run: EpochResults) -> tuple[int, ...]:
        """Return the epochs that the folds chose."""
        return tuple(sorted(run.chosen_epochs()))

    def model_epoch(self, run: EpochResults) -> int:
        """Return the epoch that the folds rank first."""
        return run.chosen_epochs()[0]

    def readings(self) -> tuple[Reading, ...]:
        """Return each ranking of the epochs with each rule for ties, the last epochs, and the leaking ranking.

        If each seed has its own choice, the first seed's choice for all seeds is a further one. The opposite needs
        runs that do not exist.
        """
        every = [self._reading(ranked_by, ties) for ranked_by in _RANK_WORDS for ties in _TIES_WORDS]
        if self.tune == "each":
            own = self._reading("mean", self.ties)
            every.append(Reading({**own.choices, _TUNE: "once"}, f"{own.title}, chosen with the first seed"))
        count = self.measured_epochs
        last = Reading({_EPOCHS: "last"}, f"last {count} epochs")
        leaking = Reading(
            {_EPOCHS: "best_on_test"}, f"{count} epochs of highest test accuracy", leak=TEST_IMAGES_CHOOSE
        )
        return default_first([*every, last, leaking], self._reading("mean", self.ties))

    def epochs_by_reading(self, run: EpochResults) -> dict[str, tuple[int, ...]]:
        """Return the epochs that each reading averages; none where it needs folds that are not available."""
        return {reading.name: self._epochs_under(reading, run) for reading in self.readings()}

    def _epochs_under(self, reading: Reading, run: EpochResults) -> tuple[int, ...]:
        fixed = reading.choices.get(_EPOCHS)
        if fixed == "last":
            return tuple(range(max(1, run.epochs - self.measured_epochs + 1), run.epochs + 1))
        if fixed == "best_on_test":
            return tuple(sorted(best_epochs([run.on_test()], self.measured_epochs, "earliest")))
        if reading.choices.get(_TUNE) == "once":
            return tuple(sorted(run.first_chosen_epochs() or ()))
        ranked_by, ties = reading.choices[_RANKED_BY], reading.choices["protocol.ties"]
        if (ranked_by, ties) == ("mean", self.ties):
            return self.epochs_to_measure(run)
        folds = run.on_folds()
        if not folds:
            return ()
        ranked = folds if ranked_by == "mean" else folds[:1]
        return tuple(sorted(best_epochs(ranked, self.measured_epochs, ties, self.patience)))

    def _reading(self, ranked_by: str, ties: RankedTies) -> Reading:
        title = f"{self.measured_epochs} epochs of highest {_RANK_WORDS[ranked_by]}, {_TIES_WORDS[ties]}"
        return Reading({_RANKED_BY: ranked_by, "protocol.ties": ties}, title)


def best_epochs(
    folds: Sequence[Sequence[MetricValue]], count: int, ties: str, patience: int | None = None
) -> tuple[int, ...]:
    """Return the `count` epochs (from 1) with the highest mean accuracy over the folds, best first.

    Args:
        folds: accuracy at each epoch, for each fold; exact fractions, to make equal means equal.
        count: epochs to return; all of them where there are fewer.
        ties: "earliest" or "latest" epoch first among equal means; "kept": earliest first, and beyond `count` all
            that equal the last of them.
        patience: epochs without a new highest mean after which later epochs are no candidates; None for no such stop.
    """
    means = [sum(epoch, Fraction(0)) / len(folds) for epoch in zip(*folds, strict=True)]
    means = means[: _stop(means, patience)]
    direction = -1 if ties == "latest" else 1
    ranked = sorted(range(1, len(means) + 1), key=lambda epoch: (-means[epoch - 1], direction * epoch))
    if ties == "kept" and len(ranked) > count:
        last = means[ranked[count - 1] - 1]
        count = sum(mean >= last for mean in means)
    return tuple(ranked[:count])


def _stop(means: Sequence[MetricValue], patience: int | None) -> int:
    """Return the epoch at which early stopping ends: `patience` epochs after the last new highest mean."""
    highest = 0
    for epoch, mean in enumerate(means, start=1):
        if not highest or mean > means[highest - 1]:
            highest = epoch
        elif patience is not None and epoch - highest >= patience:
            return epoch
    return len(means)
