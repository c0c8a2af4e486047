"""Input of a consistency check: the published values and the facts of one paper."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from medattn.config.models.facts import Facts, NetworkCount
from medattn.consistency.effort import Effort
from medattn.consistency.published import IDENTITY, PublishedRow
from medattn.consistency.shared_test_sets import SharedTestSet, grouped


@dataclass(frozen=True)
class CheckContext:
    """Published values of one paper with the facts about them.

    Attributes:
        rows: all published values, in the order of the file.
        facts: facts about the values.
        counts: exact counts from `medattn complexity`, after those of the facts.
        effort: possibilities that the checks may still try.
    """

    rows: tuple[PublishedRow, ...]
    facts: Facts
    counts: tuple[NetworkCount, ...] = ()
    effort: Effort = field(default_factory=Effort)

    @cached_property
    def test_sets(self) -> list[SharedTestSet]:
        """The rows, grouped by the images that they were measured on."""
        return grouped(self.rows, self.facts, self.effort)

    @cached_property
    def _measured(self) -> Mapping[int, SharedTestSet]:
        return {id(row): measured for measured in self.test_sets for row in measured.rows}

    def measured_on(self, row: PublishedRow) -> SharedTestSet:
        """Return the images that a row was measured on."""
        return self._measured[id(row)]

    def by_metric(self, rows: Iterable[PublishedRow] | None = None) -> Iterable[dict[str, PublishedRow]]:
        """Yield the rows of each model by metric; the rows of a model agree in all other columns."""
        models: dict[tuple[str, ...], dict[str, PublishedRow]] = {}
        for row in self.rows if rows is None else rows:
            models.setdefault(row.key("metric"), {})[row.metric] = row
        yield from models.values()

    def counterpart(self, row: PublishedRow, **changes: str) -> PublishedRow | None:
        """Return the row that differs from this one in the named columns only."""
        wanted = tuple(changes.get(column, getattr(row, column)) for column in IDENTITY)
        return self._by_key.get(wanted)

    @cached_property
    def _by_key(self) -> Mapping[tuple[str, ...], PublishedRow]:
        return {row.key(): row for row in self.rows}


def model_cell(row: PublishedRow) -> str:
    """Return the name of a row's cell without its metric."""
    return ".".join(filter(None, (row.dataset, row.backbone, row.arm, row.class_name)))
