"""A results folder under audit: its plan, its records and its images, each read once."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from medattn.audit.carried import has_images
from medattn.audit.commit_commands import commit_of_results
from medattn.audit.folder_files import is_for_seal
from medattn.audit.made_with import OtherSoftware, other_papers, other_software
from medattn.audit.manifest import difference, read_manifest
from medattn.audit.obstacles import unreadable
from medattn.audit.own_files import own_functions
from medattn.audit.project import Project, find_project
from medattn.config.load import resolve
from medattn.config.mechanisms import mechanism_file, own_mechanism
from medattn.config.resolved import Configuration
from medattn.errors import UserError
from medattn.files import read_json, sha256_of_file
from medattn.layout import ResultPaths, RunPaths
from medattn.plan.finished_run import FinishedRun
from medattn.plan.model import Plan, Stage
from medattn.plan.plan_file import SCHEMA, read_plan
from medattn.provenance.code import CODE_FOLDER
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
        shown: the folder as the user named it.
        results: paths of the files in the folder, absolute.
        project: the project, whose papers and data the plan names.
        started_in: working directory when the audit started; `run_checks` changes to the project for each check.
        sha256: hash of a file, computed once.
        may_run_own_code: whether metrics, figures and mechanisms of the project may be run: it is that of the working
            directory, or the user asked for it.
        check: name of the running check.
        examined: what it has looked at, by kind, such as the number of files.
        unread_runs: ids of planned runs whose record this user can't read; known once `finished_runs` was called.
    """

    def __init__(self, folder: Path, root: Path | None = None, run_own_code: bool = False) -> None:
        self.shown = folder
        # A path with ".." means another folder once links are followed, so it is not shortened as text.
        self.results = ResultPaths(folder.resolve() if ".." in folder.parts else folder.absolute())
        self.project: Project = find_project(self.results.folder, root)
        self.started_in = Path.cwd()
        self.may_run_own_code = run_own_code or self.started_in.resolve().is_relative_to(self.root.resolve())
        self.sha256 = cache(sha256_of_file)
        self.check = ""
        self.examined: Counter[str] = Counter()
        self.unread_runs: set[str] = set()

    @property
    def root(self) -> Path:
        """Absolute path of the project: relative paths of the plan start there."""
        return self.project.root

    @cached_property
    def is_authors(self) -> bool:
        """Whether the folder lies where the selection writes it from the working directory, so that steps repeat it."""
        return self.project.is_own and self.started_in.resolve() == self.root.resolve()

    def seal_difference(self, name: str) -> tuple[str, str] | None:
        """Return how a file of the folder differs from its seal, as expected and found.

        None: it does not differ, it is not for the seal to cover, it cannot be read, or the folder is not sealed.
        """
        files = self.sealed.get("files", {})
        path = self.results.folder / name
        try:
            if name in files:
                return difference(path, files[name], self.sha256)
            is_added = bool(files) and path.is_file() and is_for_seal(name)
        except (UserError, OSError):
            return None
        return ("no file, as in the seal", "a file") if is_added else None

    @cached_property
    def changed(self) -> list[str]:
        """The sealed files that were changed or removed since."""
        return [name for name in self.sealed.get("files", {}) if self.seal_difference(name)]

    def at_root(self, name: str) -> Path:
        """Return a file or folder that the plan or the seal names, such as that of a prepared data set."""
        return self.root / name

    def path_from_root(self, path: Path) -> str:
        """Return a path as the project names it, or the absolute path of a file outside of it."""
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else str(path)

    @cached_property
    def sealed(self) -> Mapping[str, Any]:
        """The content of the seal; empty if the folder is not sealed or the seal was changed."""
        try:
            return read_manifest(self.results.manifest)
        except (UserError, OSError):
            return {}

    @cached_property
    def other_software(self) -> OtherSoftware:
        """How the software that made the folder differs from the installed one. An unsealed folder shows none."""
        return other_software(self.sealed) if self.sealed else OtherSoftware(False, "", ())

    @cached_property
    def other_papers(self) -> list[str]:
        """The files of the papers that are not those that the seal names."""
        return other_papers(self.sealed, self.root, self.plan.configuration) or []

    @cached_property
    def may_have_other_papers(self) -> bool:
        """Whether the papers of the project may be others than those that the results follow from."""
        if self.sealed and isinstance(self.sealed.get("papers"), Mapping):
            return bool(self.other_papers)
        return not self.project.is_own

    @cached_property
    def commit(self) -> str:
        """The commit whose code made the folder: as its seal, its repository or else the latest record tells."""
        return self.other_software.commit or commit_of_results(CODE_FOLDER, self.results.folder) or self.last_commit

    @cached_property
    def last_commit(self) -> str:
        """The commit that the latest record names, shortened; empty if none does."""
        named = [(str(kept.record.get("finished", "")), _commit(kept.record)) for kept in self.records()]
        return max(((when, commit) for when, commit in named if commit), default=("", ""))[1]

    @cached_property
    def other_plan_schema(self) -> int | None:
        """Schema number of plan.json where another version of medattn wrote it; None where this version can read it."""
        try:
            value = read_json(self.results.plan)
        except (UserError, OSError):
            return None
        schema = value.get("schema") if isinstance(value, dict) else None
        return schema if isinstance(schema, int) and schema != SCHEMA else None

    @cached_property
    def plan(self) -> Plan:
        """The frozen plan."""
        return read_plan(self.results.plan)

    @cached_property
    def configuration(self) -> Configuration:
        """The selection of the plan, resolved with the papers of the project."""
        return resolve(self.plan.configuration, self.root, str(self.results.plan))

    @cached_property
    def absent_mechanisms(self) -> list[str]:
        """The user's own mechanisms, written `module:Class`, that are not on this machine."""
        names = {cell.settings.arm.mechanism for cell in self.plan.cells.values()}
        return [name for name in sorted(names) if own_mechanism(name) and not _is_found(name)]

    @cached_property
    def own_code(self) -> list[str]:
        """The user's own mechanisms, metrics and figures that the plan names, as `module:name`."""
        mechanisms = {cell.settings.arm.mechanism for cell in self.plan.cells.values()}
        functions = own_functions(self.root, self.plan.configuration["papers"])
        return sorted({*functions, *(name for name in mechanisms if own_mechanism(name))})

    @cached_property
    def damaged_plan(self) -> bool:
        """Whether plan.json is missing or cannot be read as a plan of this version."""
        try:
            return not self.plan.cells
        except (UserError, OSError):
            return True

    @cached_property
    def unusable_plan(self) -> bool:
        """Whether no check can use the plan: it is missing or damaged, or another version of medattn wrote it."""
        return self.other_plan_schema is not None or self.damaged_plan

    def records(self) -> list[RecordFile]:
        """Return every readable record: of the runs of the plan or, without a readable plan, of the folder."""
        if not self.unusable_plan:
            return [RecordFile(run.run.id, run.files, run.record) for run in self.finished_runs()]
        found = []
        for files in self.run_folders():
            try:
                found.append(RecordFile(run_id(files), files, read_record(files.record)))
            except (UserError, OSError):  # the check of records reports it
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
            except (UserError, OSError) as error:  # the checks of completeness and records report it
                if unreadable(error) is not None:
                    self.unread_runs.add(run.id)
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
        return [prepared for prepared in self.prepared() if not self.has_images(prepared)]

    def has_images(self, prepared: str) -> bool:
        """Return whether a prepared data set is on this machine, with its images and its manifest."""
        return has_images(self.at_root(prepared))

    def absent_datasets(self) -> list[str]:
        """Return the names of data sets whose prepared images are not on this machine."""
        absent = self.absent_data()
        return sorted({cell.dataset for cell in self.plan.cells.values() if cell.prepared in absent})

    def store(self, prepared: str) -> "DataStore":
        """Return a prepared data set, memory-mapped. The check of data verifies its file.

        Raises:
            UserError: the data set is missing or damaged.
        """
        if prepared not in self._stores:
            from medattn.datasets.store import read_store

            self._stores[prepared] = read_store(self.at_root(prepared), verify=False)
        return self._stores[prepared]

    @cached_property
    def _stores(self) -> "dict[str, DataStore]":
        return {}


def run_id(files: RunPaths) -> str:
    """Return the id of a run from the path of its folder: `<cell>/<run>`."""
    return f"{files.folder.parent.name}/{files.folder.name}"


def _commit(record: Mapping[str, Any]) -> str:
    code = record.get("code")
    commit = code.get("commit") if isinstance(code, Mapping) else None
    return commit[:12] if isinstance(commit, str) and re.fullmatch(r"[0-9a-f]{7,64}", commit) else ""


def _is_found(mechanism: str) -> bool:
    try:
        return mechanism_file(mechanism).is_file()
    except (UserError, OSError):
        return False
