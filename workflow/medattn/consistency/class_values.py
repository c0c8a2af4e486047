"""Values of a metric for each class of a test set, as one row of a table shows them."""

from collections.abc import Iterator
from dataclasses import dataclass

from medattn.consistency.check_context import CheckContext
from medattn.consistency.granularity import chance, is_possible
from medattn.consistency.published import MEAN_OF_CLASSES, PublishedRow


@dataclass(frozen=True)
class ClassValues:
    """Class values of one model and metric in one table.

    Attributes:
        rows: a row per class.
        mean: the row of their mean, where it is published.
        images: images of each class, where they are all known; else empty.
    """

    rows: tuple[PublishedRow, ...]
    mean: PublishedRow | None
    images: tuple[int, ...]

    @property
    def first(self) -> PublishedRow:
        """The row of the first class; its identifying columns hold for all classes."""
        return self.rows[0]

    @property
    def model(self) -> tuple[str, str, str]:
        """Data set, backbone and arm."""
        return self.first.dataset, self.first.backbone, self.first.arm

    @property
    def cell(self) -> str:
        """Name of all its class values together."""
        return ".".join(filter(None, (*self.model, self.first.metric, "*")))

    @property
    def text(self) -> str:
        """The values as published."""
        return " ".join(row.mean.text for row in self.rows)

    @property
    def possible_recalls(self) -> int:
        """Number of values that are possible as recalls: k of the images of the class."""
        return sum(is_possible(row.mean, n) for row, n in zip(self.rows, self.images, strict=True))

    @property
    def chances(self) -> list[float]:
        """Probability for each value that arbitrary digits would be possible as a recall."""
        return [chance(row.mean, n) for row, n in zip(self.rows, self.images, strict=True)]

    @property
    def can_be_recalls(self) -> bool:
        """Whether all values are possible as recalls."""
        return self.possible_recalls == len(self.rows)


def class_values(context: CheckContext) -> Iterator[ClassValues]:
    """Yield the class values of each model and metric."""
    by_row: dict[tuple[str, ...], list[PublishedRow]] = {}
    for row in context.rows:
        if row.class_name and row.mean.is_proportion:
            by_row.setdefault(row.key("class_name"), []).append(row)
    for rows in by_row.values():
        classes = tuple(row for row in rows if row.class_name != MEAN_OF_CLASSES)
        if len(classes) < 2:
            continue
        mean = next((row for row in rows if row.class_name == MEAN_OF_CLASSES), None)
        known = context.measured_on(classes[0]).facts.classes
        images = [known.get(row.class_name) or (row.n_test[0] if len(row.n_test) == 1 else 0) for row in classes]
        yield ClassValues(classes, mean, tuple(images) if all(images) else ())
