"""Confusion matrices of two classes and their F1 scores."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class ConfusionMatrix:
    """Confusion matrix of two classes.

    Attributes:
        sizes: images of the first and the second class.
        right: correctly classified images of each class.
    """

    sizes: tuple[int, int]
    right: tuple[int, int]

    def f1(self, which: int) -> Fraction:
        """Return the F1 of a class: 2 TP / (2 TP + FN + FP); 0 where the denominator is 0."""
        other = 1 - which
        named = self.right[which] + self.sizes[other] - self.right[other]
        total = self.sizes[which] + named
        return Fraction(2 * self.right[which], total) if total else Fraction(0)

    @property
    def weighted_f1(self) -> Fraction:
        """The mean F1 of the classes, weighted by their images."""
        return sum((size * self.f1(i) for i, size in enumerate(self.sizes)), Fraction(0)) / sum(self.sizes)

    @property
    def macro_f1(self) -> Fraction:
        """The plain mean F1 of the classes."""
        return (self.f1(0) + self.f1(1)) / 2


def matrices(sizes: tuple[int, int], right: int) -> Iterator[ConfusionMatrix]:
    """Yield every confusion matrix with `right` correct answers."""
    for first in range(max(0, right - sizes[1]), min(sizes[0], right) + 1):
        yield ConfusionMatrix(sizes, (first, right - first))


def averages(classes: tuple[str, str]) -> dict[str, Callable[[ConfusionMatrix], Fraction]]:
    """Return the ways in which an F1 of two classes may be averaged, by name."""
    return {
        "weighted": lambda matrix: matrix.weighted_f1,
        "macro": lambda matrix: matrix.macro_f1,
        f"of {classes[0]}": lambda matrix: matrix.f1(0),
        f"of {classes[1]}": lambda matrix: matrix.f1(1),
    }
