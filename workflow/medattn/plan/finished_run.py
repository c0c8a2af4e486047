"""A run of the plan that has ended and left a record."""

from dataclasses import dataclass
from typing import Any

from medattn.layout import RunPaths
from medattn.plan.model import Cell, Run


@dataclass(frozen=True)
class FinishedRun:
    """A run that has ended, with its cell, its files and its record.

    Attributes:
        run: the run.
        cell: the cell that the run belongs to.
        files: paths of the files that the run wrote.
        record: content of its record.json.
    """

    run: Run
    cell: Cell
    files: RunPaths
    record: dict[str, Any]

    @property
    def trained(self) -> bool:
        """Whether the run trained epochs: it succeeded or diverged, and was not skipped."""
        return self.record["status"] in ("ok", "diverged")
