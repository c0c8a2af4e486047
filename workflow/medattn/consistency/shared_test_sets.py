"""Group the rows that were measured on the same images, and infer the number of these images."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from medattn.config.models.facts import Facts, TestSet
from medattn.config.models.row_filter import RowFilter
from medattn.consistency.effort import Effort
from medattn.consistency.published import PublishedRow, chosen
from medattn.consistency.size_scan import SizeScan, fit_size, scan_sizes

# Metrics whose published values are counts of images over all images.
OVER_ALL_IMAGES = ("accuracy",)
_SIZES_A_CASE = 5  # a size takes less time than other possibilities


@dataclass(frozen=True)
class SharedTestSet:
    """Rows that were measured on the same images.

    Attributes:
        name: name in the facts, or data set and split.
        facts: facts about the images.
        rows: all their rows.
        effort: possibilities that may still be tried.
    """

    name: str
    facts: TestSet
    rows: tuple[PublishedRow, ...]
    effort: Effort

    @property
    def accuracies(self) -> list[PublishedRow]:
        """Rows whose values are shares of all images."""
        return [row for row in self.rows if row.metric in OVER_ALL_IMAGES and row.mean.is_proportion]

    @cached_property
    def stated(self) -> tuple[int, ...]:
        """Numbers of images that the paper states or leaves possible, ascending."""
        rows = self.accuracies or self.rows
        return tuple(sorted(self.facts.images or {n for row in rows for n in row.n_test}))

    @cached_property
    def scanned(self) -> SizeScan | None:
        """Scan of the number of images.

        None without accuracies, for means of an unknown number of measurements, or where there are too many of both.
        """
        if not self.accuracies or self.averages_unknown_many:
            return None
        tried = len({row.mean for row in self.accuracies}) * (self.facts.scan_to - self.facts.scan_from + 1)
        if not self.effort.allows(tried // _SIZES_A_CASE):
            return None
        sizes = range(self.facts.scan_from, self.facts.scan_to + 1)
        return scan_sizes((row.mean for row in self.accuracies), self.facts.averaged, sizes)

    @property
    def averages_unknown_many(self) -> bool:
        """Whether rows are means, as their deviations show, of an unknown number of measurements."""
        return self.facts.averaged == 1 and any(row.std for row in self.accuracies)

    @cached_property
    def images(self) -> int | None:
        """Number of images: the stated one, the best of several stated ones, or else that of a significant scan."""
        values = list(dict.fromkeys(row.mean for row in self.accuracies))
        if len(self.stated) > 1 and values:
            sizes = [fit_size(values, n, self.facts.averaged) for n in self.stated]
            return max(sizes, key=lambda size: (size.possible == len(values), size.excess, -size.images)).images
        if self.stated:
            return self.stated[0]
        if self.scanned is None or not self.scanned.is_significant:
            return None
        # Honest values are possible at the true size, so where any size allows all, one that doesn't is wrong.
        best, whole = self.scanned.best[0].images, self.scanned.all_possible
        return best if best in whole or not whole else whole[0]

    @property
    def cell(self) -> str:
        """Name for all its accuracies together."""
        datasets = dict.fromkeys(row.dataset for row in self.rows)
        arms = dict.fromkeys(row.arm for row in self.rows)
        return f"{'+'.join(datasets) or self.name}.*.{'+'.join(arms) if len(arms) < 3 else '*'}.accuracy"

    @property
    def table(self) -> str:
        """The tables that show it."""
        return ";".join(dict.fromkeys(row.table for row in self.accuracies or self.rows))


def grouped(rows: Sequence[PublishedRow], facts: Facts, effort: Effort) -> list[SharedTestSet]:
    """Return the test sets of the facts, then one for each data set and split of the rows that none of them has.

    A row that several test sets describe belongs to the first.
    """
    left = list(rows)
    found = []
    for name, known in facts.test_sets.items():
        own = chosen(left, known.rows)
        if own:
            found.append(SharedTestSet(name, known, tuple(own), effort))
        taken = set(map(id, own))
        left = [row for row in left if id(row) not in taken]
    groups: dict[tuple[str, str], list[PublishedRow]] = {}
    for row in left:
        groups.setdefault((row.dataset, row.split), []).append(row)
    for (dataset, split), own in groups.items():
        name = ".".join(filter(None, (dataset, split))) or "all"
        found.append(SharedTestSet(name, TestSet(rows=RowFilter()), tuple(own), effort))
    return found
