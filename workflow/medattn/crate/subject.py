"""What a crate reads of a results folder."""

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from medattn.config.resolved import Configuration
from medattn.layout import ResultPaths
from medattn.plan.finished_run import FinishedRun
from medattn.plan.model import Plan

if TYPE_CHECKING:  # needs numpy
    from medattn.datasets.store import DataStore


class CrateSubject(Protocol):
    """A results folder, as a crate describes it."""

    results: ResultPaths

    @property
    def plan(self) -> Plan:
        """The frozen plan."""

    @property
    def configuration(self) -> Configuration:
        """The selection of the plan with its papers."""

    def finished_runs(self) -> list[FinishedRun]:
        """Return the runs of the plan that have a record."""

    def prepared(self) -> list[str]:
        """Return the folders of the prepared data sets that the runs read."""

    def store(self, prepared: str) -> "DataStore":
        """Return a prepared data set."""

    def sha256(self, path: Path) -> str:
        """Return the hash of a file."""
