"""The file of a run's scores, read a few epochs at a time.

The file has, for the evaluated images and, with the prefix `validation_`, for further validation images: `labels` and
`images` (N), and `scores`, the scores of every class as float32 (epochs x N x classes). Where all of that would take
more than 16 MiB, `scores` has only the epochs that `epochs` lists. The file then has, for every epoch, what the
other epochs are needed for: `predicted` (epochs x N), the class with the highest score, or the number of classes where
a score is NaN; `label_scores` (epochs x N, float32), the score of the image's own class; and `values/<metric>`
(epochs, float64), each further metric of the validation images by which the protocol chooses epochs. Nothing is
rounded.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import load

from medattn.errors import UserError
from medattn.metrics.evaluate import ValidationScores, log_likelihoods, validation_values
from medattn.metrics.registry import METRICS
from medattn.metrics.scored import predicted_classes
from medattn.provenance.records import check_output, read_output

VALUES = "values/"
"""Start of the names of the arrays with a metric at each epoch."""
_PIECE = 1 << 25
"""Bytes of scores that are read at once."""
_IN_MEMORY = 1 << 24
"""Largest file that is read in one go."""

Array = NDArray[Any]
Scores = NDArray[np.floating]


class Arrays(Protocol):
    """Named arrays, read in part."""

    def shape(self, name: str) -> tuple[int, ...] | None:
        """Return the shape of an array; None where there is none."""

    def rows(self, name: str, first: int, last: int) -> Array:
        """Return the rows `first` to `last`, the latter not included."""


class ArraysInMemory:
    """Arrays in memory."""

    def __init__(self, arrays: Mapping[str, Array]) -> None:
        self._arrays = arrays

    def shape(self, name: str) -> tuple[int, ...] | None:
        """Return the shape of an array; None where there is none."""
        return self._arrays[name].shape if name in self._arrays else None

    def rows(self, name: str, first: int, last: int) -> Array:
        """Return the rows `first` to `last`, the latter not included."""
        return self._arrays[name][first:last]


class _ArraysOnDisk:
    """Arrays of a safetensors file, of which only the wanted rows are read."""

    def __init__(self, path: Path) -> None:
        self._file = safe_open(path, framework="numpy")
        self._names = set(self._file.keys())  # type: ignore[no-untyped-call]

    def shape(self, name: str) -> tuple[int, ...] | None:
        if name not in self._names:
            return None
        return tuple(self._file.get_slice(name).get_shape())  # type: ignore[no-untyped-call]

    def rows(self, name: str, first: int, last: int) -> Array:
        rows: Array = self._file.get_slice(name)[first:last]  # type: ignore[no-untyped-call]
        return rows


class ScoredSplit:
    """Scores of one split of a run at its epochs, which are counted from 1.

    Args:
        arrays: arrays of the file.
        prefix: start of the names of the split's arrays.

    Raises:
        KeyError: an array is missing.
        ValueError: shapes of arrays do not fit each other.
    """

    def __init__(self, arrays: Arrays, prefix: str = "") -> None:
        self._arrays, self._prefix = arrays, prefix
        self._stored, self.count, self.classes = self._shape("scores", 3)
        self.labels, self.images = self._whole("labels"), self._whole("images")
        if {self.labels.shape, self.images.shape} != {(self.count,)}:
            raise ValueError(f"{prefix}labels and images do not fit {prefix}scores")
        self.is_whole = arrays.shape(f"{prefix}predicted") is None
        if self.is_whole:
            self.epochs, self.kept = self._stored, tuple(range(1, self._stored + 1))
            return
        self.epochs = self._shape("predicted", 2)[0]
        self.kept = tuple(self._whole("epochs", split=False).tolist())
        each = {self._shape(name, 2) for name in ("predicted", "label_scores")}
        if each != {(self.epochs, self.count)} or len(self.kept) != self._stored:
            raise ValueError(f"{prefix}predicted, label_scores and epochs do not fit {prefix}scores")
        if sorted(set(self.kept)) != list(self.kept) or not set(self.kept) <= set(range(1, self.epochs + 1)):
            raise ValueError("epochs are not ascending epochs of the run")

    def scores(self, epoch: int) -> Scores:
        """Return the scores after an epoch: N x classes, float32.

        Raises:
            UserError: the file has no scores of this epoch.
        """
        row = self._row(epoch)
        found: Scores = self._arrays.rows(f"{self._prefix}scores", row, row + 1)[0]
        return found

    def scores_of(self, epochs: Sequence[int]) -> Scores:
        """Return the scores after several epochs: epochs x N x classes; raises as `scores`."""
        rows = [self._row(epoch) for epoch in epochs]
        if rows == list(range(rows[0], rows[-1] + 1)):
            together: Scores = self._arrays.rows(f"{self._prefix}scores", rows[0], rows[-1] + 1)
            return together
        found = np.empty((len(epochs), self.count, self.classes), np.float32)
        for place, row in enumerate(rows):
            found[place] = self._arrays.rows(f"{self._prefix}scores", row, row + 1)[0]
        return found

    def pieces(self, epochs: Sequence[int]) -> Iterator[tuple[Sequence[int], Scores]]:
        """Yield some of the stored epochs at a time, with their scores."""
        for part in split_epochs(epochs, 4 * self.count * self.classes):
            yield part, self.scores_of(part)

    @property
    def correct(self) -> list[int]:
        """Number of images of which the predicted class is their own, after each epoch."""
        return [int(count) for count in self._counts[0]]

    @property
    def unscored(self) -> NDArray[np.int64]:
        """Number of images with a NaN score after each epoch."""
        return self._counts[1]

    @cached_property
    def label_scores(self) -> Scores:
        """Score of each image's own class after each epoch: epochs x N, float32."""
        if not self.is_whole:
            return self._whole("label_scores")
        own, found = np.arange(self.count), np.empty((self.epochs, self.count), np.float32)
        for epochs, scores in self.pieces(self.kept):
            of_class = scores[:, own, self.labels]
            found[epochs[0] - 1 : epochs[-1]] = np.where(np.isnan(scores).any(axis=-1), np.nan, of_class)
        return found

    def predicted(self, first: int, last: int) -> Array:
        """Return the predicted class of each image after the epochs `first` to `last`: epochs x N.

        It is the first class among those of equal scores, and the number of classes for an image with a NaN score.
        """
        if self.is_whole:
            return predicted_or_none(self.scores_of(range(first, last + 1)))
        return self._arrays.rows(f"{self._prefix}predicted", first - 1, last)

    def stored_values(self) -> dict[str, NDArray[np.float64]]:
        """Return the stored values of metrics at each epoch, by metric."""
        found = {}
        for metric in METRICS:
            if (shape := self._arrays.shape(VALUES + metric)) is not None:
                if shape != (self.epochs,):
                    raise ValueError(f"{VALUES}{metric} does not have a value for each epoch")
                found[metric] = self._arrays.rows(VALUES + metric, 0, self.epochs)
        return found

    def validation_values(self, metric: str) -> list[float]:
        """Return a metric of these images after each epoch, as `metrics.evaluate.validation_values` does.

        Raises:
            UserError: the value needs scores that were not stored.
        """
        if metric == "loss":
            return [float(value) for value in log_likelihoods(self.label_scores)]
        if self.is_whole:
            return self.computed_values(metric)
        if METRICS[metric].labels_decide:
            values: list[float] = []
            for part in split_epochs(range(1, self.epochs + 1), 4 * self.count * self.classes):
                predicted = self.predicted(part[0], part[-1])
                values += validation_values(metric, as_scores(predicted, self.classes), self.labels)
            return values
        stored = self.stored_values()
        if metric not in stored:
            raise UserError(
                f"{metric} after every epoch was not stored, because the protocol did not choose by it when the run "
                "was trained; train the run again"
            )
        return [float(value) for value in stored[metric]]

    def computed_values(self, metric: str) -> list[float]:
        """Return the same, computed from the scores of the stored epochs."""
        parts = list(split_epochs(self.kept, 4 * self.count * self.classes))
        if len(parts) == 1:
            return self._in_one_piece.values(metric)
        return [value for part in parts for value in validation_values(metric, self.scores_of(part), self.labels)]

    @cached_property
    def _in_one_piece(self) -> ValidationScores:
        return ValidationScores(self.scores_of(self.kept), self.labels)

    def _row(self, epoch: int) -> int:
        if epoch not in self._rows:
            raise UserError(
                f"the scores after epoch {epoch} were not stored, because no reading of the protocol measured it when "
                "the run was trained; train the run again"
            )
        return self._rows[epoch]

    @cached_property
    def _rows(self) -> dict[int, int]:
        return {epoch: row for row, epoch in enumerate(self.kept)}

    @cached_property
    def _counts(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        correct, unscored = (np.zeros(self.epochs, np.int64) for _ in range(2))
        for part in split_epochs(range(1, self.epochs + 1), 4 * self.count * self.classes):
            predicted, place = self.predicted(part[0], part[-1]), slice(part[0] - 1, part[-1])
            correct[place] = (predicted == self.labels).sum(axis=1)
            unscored[place] = (predicted == self.classes).sum(axis=1)
        return correct, unscored

    def _shape(self, name: str, axes: int) -> tuple[int, ...]:
        shape = self._arrays.shape(self._prefix + name)
        if shape is None:
            raise KeyError(self._prefix + name)
        if len(shape) != axes:
            raise ValueError(f"{self._prefix}{name} has {len(shape)} axes, not {axes}")
        return shape

    def _whole(self, name: str, split: bool = True) -> Array:
        full = self._prefix + name if split else name
        shape = self._arrays.shape(full)
        if shape is None:
            raise KeyError(full)
        return self._arrays.rows(full, 0, shape[0])


class RunScores:
    """Scores of a run: of the evaluated images and, where the run has them, of further validation images.

    Attributes:
        evaluated: the evaluated images.
        validation: the further validation images; None where there are none.
    """

    def __init__(self, arrays: Arrays) -> None:
        self.evaluated = ScoredSplit(arrays)
        further = arrays.shape("validation_scores") is not None
        self.validation = ScoredSplit(arrays, "validation_") if further else None

    @property
    def of_validation(self) -> ScoredSplit:
        """The images that choose epochs: the further ones or, where there are none, the evaluated ones."""
        return self.validation or self.evaluated


def read_scores(record: Mapping[str, Any], path: Path) -> RunScores:
    """Open the scores of a finished run, after a check of the file's hash.

    Raises:
        UserError: the file is missing, is not the one that the record names, or has other arrays.
    """
    small = path.is_file() and path.stat().st_size <= _IN_MEMORY
    try:
        if small:
            return RunScores(ArraysInMemory(load(read_output(record, path))))
        check_output(record, path)
        return RunScores(_ArraysOnDisk(path))
    except (SafetensorError, KeyError, ValueError) as error:
        raise UserError(f"{path}: not the scores of a run ({error}); delete {path.parent} and train again") from error


def split_epochs(epochs: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    """Yield the epochs in parts of about 32 MB, given the bytes of one.

    A part has at least two epochs where there are two: NumPy sums the values of a single epoch in another order.
    """
    if not epochs:
        return
    count = max(2, _PIECE // max(1, size))
    ends = [*range(count, len(epochs) - 1, count), len(epochs)]
    for first, last in zip([0, *ends], ends, strict=False):
        yield epochs[first:last]


def predicted_or_none(scores: Scores) -> Array:
    """Return the predicted class of each image: scores without their last axis; the number of classes for NaN."""
    classes = scores.shape[-1]
    kind = np.uint8 if classes < 1 << 8 else np.uint16
    predicted: Array = np.where(np.isnan(scores).any(axis=-1), classes, predicted_classes(scores)).astype(kind)
    return predicted


def as_scores(predicted: Array, classes: int) -> Scores:
    """Return scores with the same predicted classes: 1 for that class, 0 for the others, NaN for none."""
    scores = np.zeros((*predicted.shape, classes), np.float32)
    scores[predicted == classes] = np.nan
    np.put_along_axis(scores, np.minimum(predicted, classes - 1)[..., None].astype(np.int64), 1, axis=-1)
    scores[predicted == classes, -1] = np.nan
    return scores
