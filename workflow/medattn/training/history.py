"""The history of a run: a row per epoch. Standard library only, because tuning reads thousands of histories."""

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from fractions import Fraction
from pathlib import Path

from medattn.files import write_text
from medattn.reading import read_csv, unexpected_content

_REMEDY = "delete the folder of the run and train it again"


@dataclass(frozen=True)
class EpochRow:
    """Row of the history.

    Attributes:
        epoch: epoch, counted from 1.
        learning_rate: learning rate of this epoch.
        train_loss: mean cross entropy over the training images, measured during the epoch.
        penalty: mean over the steps of the mechanism's term of the loss.
        train_correct: number of training images classified correctly, measured during the epoch.
        train_images: number of training images.
        correct: number of images of the evaluated split classified correctly after the epoch.
        images: number of images of the evaluated split.
        validation_correct: number of validation images classified correctly after the epoch.
        validation_images: number of validation images that are scored after each epoch; 0 in most protocols.
        unscored: number of images of both splits whose scores are NaN after the epoch. In early epochs this can happen
            to a deep network with a finite loss, while its running means and variances differ from the batches'.
    """

    epoch: int
    learning_rate: float
    train_loss: float
    penalty: float
    train_correct: int
    train_images: int
    correct: int
    images: int
    validation_correct: int = 0
    validation_images: int = 0
    unscored: int = 0

    @property
    def finite(self) -> bool:
        """Whether the loss is finite."""
        return math.isfinite(self.train_loss) and math.isfinite(self.penalty)

    @property
    def validation_accuracy(self) -> Fraction:
        """Accuracy on the validation images, which are the evaluated ones where there are no further ones."""
        if self.validation_images:
            return Fraction(self.validation_correct, self.validation_images)
        return Fraction(self.correct, self.images)


def write_history(path: Path, history: Sequence[EpochRow], evaluated: str) -> None:
    """Write a row per epoch; `evaluated` is the name of the split in the columns correct and images."""
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow([*(field.name for field in fields(EpochRow)), "evaluated"])
    writer.writerows([*asdict(row).values(), evaluated] for row in history)
    write_text(path, table.getvalue())


def read_history(path: Path) -> list[EpochRow]:
    """Read a history that `write_history` wrote.

    Raises:
        UserError: the file is missing or damaged.
    """
    columns = {field.name: int if field.type in (int, "int") else float for field in fields(EpochRow)}
    rows = read_csv(path, list(columns), _REMEDY)
    with unexpected_content(path, _REMEDY):
        return [EpochRow(**{name: kind(row[name]) for name, kind in columns.items()}) for row in rows]  # type: ignore[arg-type]
