"""The history of a run: a row per epoch. Standard library only, as choosing epochs reads thousands of them."""

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from medattn.files import write_text


@dataclass(frozen=True)
class EpochRow:
    """What the history says of one epoch.

    Attributes:
        epoch: counted from 1.
        learning_rate: of this epoch.
        train_loss: mean cross entropy over the training images, as seen while training.
        penalty: mean over the steps of what the mechanism added to the loss.
        train_correct: training images classified correctly, as seen while training.
        train_images: training images.
        correct: images of the evaluated split classified correctly after the epoch.
        images: images of the evaluated split.
        validation_correct: validation images classified correctly after the epoch, where they are scored beside.
        validation_images: validation images that are scored beside the evaluated split; 0 in most protocols.
        unscored: images of both splits whose scores after the epoch are no numbers: early on, a deep network may put
            out none although its loss is one, as its running means and variances are not those of the batches yet.
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
        """Whether the loss is a number."""
        return math.isfinite(self.train_loss) and math.isfinite(self.penalty)


def write_history(path: Path, history: Sequence[EpochRow], evaluated: str) -> None:
    """Write a row per epoch; `evaluated` names the split behind the columns correct and images."""
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow([*(field.name for field in fields(EpochRow)), "evaluated"])
    writer.writerows([*asdict(row).values(), evaluated] for row in history)
    write_text(path, table.getvalue())


def read_history(path: Path) -> list[EpochRow]:
    """Read what `write_history` wrote."""
    with path.open(newline="") as stream:
        return [
            EpochRow(**{field.name: field.type(row[field.name]) for field in fields(EpochRow)})  # type: ignore[operator]
            for row in csv.DictReader(stream)
        ]
