"""Difference of two published accuracies, counted in test images."""

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

from medattn.consistency.check_context import CheckContext
from medattn.consistency.granularity import counts
from medattn.consistency.published import PublishedRow
from medattn.consistency.shared_test_sets import OVER_ALL_IMAGES, SharedTestSet

Bounds = tuple[Fraction, Fraction]


@dataclass(frozen=True)
class Gain:
    """Difference of two accuracies on the same images, up to the rounding of both.

    Attributes:
        row: row of the first accuracy.
        other: row of the second accuracy.
        images: images that each of the two models classified, over all folds.
        averaged: number of measurements on the same images behind each accuracy.
        right: bounds of the correctly classified images of the first model; whole numbers where possible.
        other_right: the same of the other model.
    """

    row: PublishedRow
    other: PublishedRow
    images: int
    averaged: int
    right: Bounds
    other_right: Bounds

    @property
    def low(self) -> Fraction:
        """The least gain in images, a part of one included."""
        return self.right[0] - self.other_right[1]

    @property
    def high(self) -> Fraction:
        """The greatest gain in images, a part of one included."""
        return self.right[1] - self.other_right[0]

    @property
    def least(self) -> int:
        """Least gain in images, rounded down; the gain of a mean can have a fraction."""
        return floor(self.low)

    @property
    def most(self) -> int:
        """Greatest gain in images, rounded up; the gain of a mean can have a fraction."""
        return ceil(self.high)

    @property
    def exchangeable(self) -> int:
        """Most images that the other model alone can have right."""
        return floor(min(self.other_right[1], self.images - self.right[0]))

    @property
    def points(self) -> Fraction:
        """The difference as published, in the unit of the rows."""
        return self.row.mean.value - self.other.mean.value

    @property
    def text(self) -> str:
        """The gain in images, as text."""
        if self.low == self.high:
            return f"{self.low} {'image' if self.low == 1 else 'images'}"
        if self.low.denominator == self.high.denominator == 1:
            return f"{self.low} to {self.high} images"
        return f"{float((self.low + self.high) / 2):.1f} images"


def gain_of(context: CheckContext, row: PublishedRow, other: PublishedRow) -> Gain | None:
    """Return the gain of a row over another, or None where the two are no accuracies on the same, known images."""
    measured = context.measured_on(row)
    if not all(
        each.metric in OVER_ALL_IMAGES and each.mean.is_proportion and not each.class_name for each in (row, other)
    ):
        return None
    if measured is not context.measured_on(other) or measured.images is None or measured.averages_unknown_many:
        return None
    images, averaged = answered(measured, measured.images)
    return Gain(row, other, images, averaged, right(row, images, averaged), right(other, images, averaged))


def answered(measured: SharedTestSet, images: int) -> tuple[int, int]:
    """Return the number of images that each model classified, and how often: each fold has separate images."""
    facts = measured.facts
    return (images * facts.averaged, 1) if facts.over == "folds" else (images, facts.averaged)


def right(row: PublishedRow, images: int, averaged: int) -> Bounds:
    """Return the least and the greatest number of right images: whole numbers if one gives the published value."""
    if averaged == 1 and (possible := counts(row.mean, images)):
        return Fraction(possible[0]), Fraction(possible[-1])
    low, high = (value * images / row.mean.whole for value in (row.mean.low, row.mean.high))
    return max(low, Fraction(0)), min(high, Fraction(images))
