"""The folders of finished runs in a results folder, whichever plan made them."""

import os
from dataclasses import replace
from pathlib import Path

from medattn.layout import ResultPaths
from medattn.plan.model import Run


class RunFolders:
    """The folders under runs/, each listed once, which spares shared file systems a query for every run."""

    def __init__(self, results: ResultPaths) -> None:
        self._results = results
        self._names = {folder: _names(results.folder / "runs" / folder) for folder in _names(results.folder / "runs")}
        self._folders: dict[str, list[str]] = {}
        for folder in sorted(self._names):
            for name in self._names[folder]:
                self._folders.setdefault(name, []).append(folder)

    def has_finished(self, run: Run) -> bool:
        """Return whether a run has a record in its folder."""
        return self._has_record(run.folder, run.name)

    def finished_anywhere(self, name: str) -> bool:
        """Return whether a run of this name has a record in any folder."""
        return any(self._has_record(folder, name) for folder in self._folders.get(name, ()))

    def located(self, run: Run) -> Run:
        """Return a run with the folder in which it finished.

        The name of a run ends with a hash of everything that decides its result. A run of the same name in the folder
        of another cell is therefore the same run: trained for a cell with equal settings under another plan.
        """
        if self._has_record(run.cell, run.name):
            return run
        others = [*run.shared_with, *self._folders.get(run.name, ())]
        found = next((folder for folder in others if self._has_record(folder, run.name)), None)
        return run if found is None else replace(run, kept_in=found)

    def _has_record(self, folder: str, name: str) -> bool:
        return name in self._names.get(folder, ()) and self._results.run(folder, name).record.exists()


def _names(folder: Path) -> set[str]:
    try:
        return set(os.listdir(folder))  # noqa: PTH208 (only names are needed)
    except (FileNotFoundError, NotADirectoryError):
        return set()
