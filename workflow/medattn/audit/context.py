"""A results folder under audit: its plan, its runs and its images, each read once."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from medattn.config.load import resolve
from medattn.config.resolved import Configuration
from medattn.errors import UserError
from medattn.files import sha256_of_file
from medattn.layout import ResultPaths, RunPaths
from medattn.plan.model import Cell, Plan, Run, read_plan
from medattn.protocols.base import Stage
from medattn.provenance.records import read_record

if TYPE_CHECKING:  # needs numpy
    from medattn.datasets.store import DataStore


@dataclass(frozen=True)
class Ended:
    """A run that ended, with its record."""

    run: Run
    cell: Cell
    files: RunPaths
    record: dict[str, Any]

    @property
    def trained(self) -> bool:
        """Whether it has epochs: it ended well or diverged, and was not skipped."""
        return self.record["status"] in ("ok", "diverged")


class AuditContext:
    """What the checks look at.

    Attributes:
        results: the files of the folder.
        root: the folder in which papers/ and the data folder lie: where commands run.
    """

    def __init__(self, folder: Path, root: Path = Path()) -> None:
        self.results = ResultPaths(folder)
        self.root = root
        self.sha256 = cache(sha256_of_file)

    @cached_property
    def plan(self) -> Plan:
        """The frozen plan."""
        return read_plan(self.results.plan)

    @cached_property
    def configuration(self) -> Configuration:
        """The selection of the plan, resolved with the papers as they are now."""
        return resolve(self.plan.configuration, self.root, str(self.results.plan))

    @cached_property
    def _ended(self) -> list[Ended]:
        found = []
        for run in self.plan.runs.values():
            files = self.results.run(run.cell, run.name)
            try:
                record = read_record(files.record)
            except UserError:  # no record, or a damaged one: the checks of completeness and records say so
                continue
            found.append(Ended(run, self.plan.cells[run.cell], files, record))
        return found

    def ended(self, stage: Stage | None = None) -> list[Ended]:
        """Return the runs of the plan that ended and whose record can be read."""
        return [ended for ended in self._ended if stage in (None, ended.run.stage)]

    def compared(self) -> Iterator[list[Ended]]:
        """Yield the measured runs of the arms that are compared with each other: of a backbone on a data set."""
        groups: dict[str, list[Ended]] = {}
        for ended in self.ended("train"):
            groups.setdefault(ended.cell.group, []).append(ended)
        yield from groups.values()

    def prepared(self) -> list[str]:
        """Return the folders of the data sets of all runs."""
        return sorted({cell.prepared for cell in self.plan.cells.values() if cell.missing is None})

    def store(self, prepared: str) -> "DataStore":
        """Return a prepared data set, mapped; its file is checked by the check of data.

        Raises:
            UserError: it is missing or damaged.
        """
        if prepared not in self._stores:
            from medattn.datasets.store import read_store

            self._stores[prepared] = read_store(Path(prepared), verify=False)
        return self._stores[prepared]

    @cached_property
    def _stores(self) -> "dict[str, DataStore]":
        return {}
