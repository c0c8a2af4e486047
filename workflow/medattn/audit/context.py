"""A results folder under audit: its plan, its records and its images, each read once."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from medattn.config.load import resolve
from medattn.config.resolved import Configuration
from medattn.errors import UserError
from medattn.files import read_json, sha256_of_file
from medattn.layout import ResultPaths, RunPaths
from medattn.plan.finished_run import FinishedRun
from medattn.plan.model import Plan, Stage
from medattn.plan.plan_file import SCHEMA, read_plan
from medattn.provenance.records import read_record

if TYPE_CHECKING:  # needs numpy
    from medattn.datasets.store import DataStore


@dataclass(frozen=True)
class RecordFile:
    """The record of a run, found with or without the plan.

    Attributes:
        run: id of the run.
        files: paths of the files of the run.
        record: content of record.json.
    """

    run: str
    files: RunPaths
    record: dict[str, Any]


class AuditContext:
    """The results folder that the checks examine.

    Attributes:
        results: paths of the files in the folder.
        root: working directory of the workflow, which contains papers/ and the data folder.
        sha256: hash of a file, computed once.
    """

    def __init__(self, folder: Path, root: Path = Path()) -> None:
        self.results = ResultPaths(folder)
        self.root = root
        self.sha256 = cache(sha256_of_file)

    @cached_property
    def other_plan_schema(self) -> int | None:
        """Schema number of plan.json where another version of medattn wrote it; None where this version can read it."""
        try:
            value = read_json(self.results.plan)
        except UserError:
            return None
        schema = value.get("schema") if isinstance(value, dict) else None
        return schema if isinstance(schema, int) and schema != SCHEMA else None

    @cached_property
    def plan(self) -> Plan:
        """The frozen plan."""
        return read_plan(self.results.plan)

    @cached_property
    def configuration(self) -> Configuration:
        """The selection of the plan, resolved with the current papers."""
        return resolve(self.plan.configuration, self.root, str(self.results.plan))

    def records(self) -> list[RecordFile]:
        """Return every readable record: of the runs of the plan or, without a readable plan, of the folder."""
        if self.other_plan_schema is None:
            return [RecordFile(run.run.id, run.files, run.record) for run in self.finished_runs()]
        found = []
        for files in self.run_folders():
            try:
                found.append(RecordFile(run_id(files), files, read_record(files.record)))
            except UserError:  # the check of records reports it
                continue
        return found

    def run_folders(self) -> list[RunPaths]:
        """Return the runs in the folder that have a record, whether or not they belong to the plan."""
        return [RunPaths(path.parent) for path in sorted(self.results.folder.glob("runs/*/*/record.json"))]

    @cached_property
    def _finished(self) -> list[FinishedRun]:
        found = []
        for run in self.plan.runs.values():
            files = self.results.run(run.folder, run.name)
            try:
                record = read_record(files.record)
            except UserError:  # missing or damaged: the checks of completeness and records report it
                continue
            found.append(FinishedRun(run, self.plan.cells[run.cell], files, record))
        return found

    def finished_runs(self, stage: Stage | None = None) -> list[FinishedRun]:
        """Return the runs of the plan that have a readable record."""
        return [finished for finished in self._finished if stage in (None, finished.run.stage)]

    def compared(self) -> Iterator[list[FinishedRun]]:
        """Yield groups of measured runs whose arms are compared: all arms of one backbone on one data set."""
        groups: dict[str, list[FinishedRun]] = {}
        for finished in self.finished_runs("train"):
            for cell in map(self.plan.cells.__getitem__, finished.run.cells):
                groups.setdefault(cell.group, []).append(replace(finished, cell=cell))
        yield from groups.values()

    def prepared(self) -> list[str]:
        """Return the folders of the prepared data sets that the runs read."""
        finished = {run.cell.prepared for run in self.finished_runs()}
        return sorted(finished | {cell.prepared for cell in self.plan.cells.values() if cell.missing is None})

    def absent_data(self) -> list[str]:
        """Return the folders of prepared data sets that are not on this machine."""
        return [prepared for prepared in self.prepared() if not Path(prepared).is_dir()]

    def store(self, prepared: str) -> "DataStore":
        """Return a prepared data set, memory-mapped. The check of data verifies its file.

        Raises:
            UserError: the data set is missing or damaged.
        """
        if prepared not in self._stores:
            from medattn.datasets.store import read_store

            self._stores[prepared] = read_store(Path(prepared), verify=False)
        return self._stores[prepared]

    @cached_property
    def _stores(self) -> "dict[str, DataStore]":
        return {}


def run_id(files: RunPaths) -> str:
    """Return the id of a run from the path of its folder: `<cell>/<run>`."""
    return f"{files.folder.parent.name}/{files.folder.name}"
