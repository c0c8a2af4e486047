"""Everything that a check may look at."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from medattn.config.models.facts import Facts, NetworkCount
from medattn.consistency.published import IDENTITY, Row
from medattn.consistency.test_sets import Measured, grouped


@dataclass(frozen=True)
class Evidence:
    """The published values of one paper with what is known of them.

    Attributes:
        rows: all published values, in the order of the file.
        facts: what is known beside them.
        counts: exact counts that were made elsewhere, after those of the facts.
    """

    rows: tuple[Row, ...]
    facts: Facts
    counts: tuple[NetworkCount, ...] = ()

    @cached_property
    def test_sets(self) -> list[Measured]:
        """The rows by the images that they were measured on."""
        return grouped(self.rows, self.facts)

    @cached_property
    def _measured(self) -> Mapping[int, Measured]:
        return {id(row): measured for measured in self.test_sets for row in measured.rows}

    def measured_on(self, row: Row) -> Measured:
        """Return the images that a row was measured on."""
        return self._measured[id(row)]

    def by_metric(self, rows: Iterable[Row] | None = None) -> Iterable[dict[str, Row]]:
        """Yield the numbers of each model side by side: by metric, for rows that are equal in all else."""
        models: dict[tuple[str, ...], dict[str, Row]] = {}
        for row in self.rows if rows is None else rows:
            models.setdefault(row.key("metric"), {})[row.metric] = row
        yield from models.values()

    def counterpart(self, row: Row, **changes: str) -> Row | None:
        """Return the row that differs from this one in the named columns only."""
        wanted = tuple(changes.get(column, getattr(row, column)) for column in IDENTITY)
        return self._by_key.get(wanted)

    @cached_property
    def _by_key(self) -> Mapping[tuple[str, ...], Row]:
        return {row.key(): row for row in self.rows}


def model_cell(row: Row) -> str:
    """Return the name of a row's cell without its metric."""
    return ".".join(filter(None, (row.dataset, row.backbone, row.arm, row.class_name)))
