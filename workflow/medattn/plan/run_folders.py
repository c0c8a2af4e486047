"""The folders of finished runs in a results folder, whichever plan made them."""

import os
from dataclasses import replace
from pathlib import Path

from medattn.layout import ResultPaths
from medattn.plan.model import Run, run_key


class RunFolders:
    """The folders under runs/, each listed once, which spares shared file systems a query for every run."""

    def __init__(self, results: ResultPaths) -> None:
        self._results = results
        self._names = {folder: _names(results.folder / "runs" / folder) for folder in _names(results.folder / "runs")}
        self._places: dict[str, list[tuple[str, str]]] = {}
        for folder in sorted(self._names):
            for name in sorted(self._names[folder]):
                self._places.setdefault(run_key(name), []).append((folder, name))

    def has_finished(self, run: Run) -> bool:
        """Return whether a run has a record in its folder."""
        return self._has_record(run.folder, run.name)

    def has_finished_anywhere(self, run: Run) -> bool:
        """Return whether an equal run has a record in the folder of any cell."""
        return any(self._has_record(*place) for place in self._places.get(run.key, ()))

    def finished(self) -> list[tuple[str, str]]:
        """Return folder and name of every run that has a record."""
        return [
            (folder, name)
            for folder, names in self._names.items()
            for name in sorted(names)
            if self._has_record(folder, name)
        ]

    def located(self, run: Run) -> Run:
        """Return a run with the folder and the name under which it finished.

        The name of a run ends with a hash of everything that decides its result. A run of the same name in the folder
        of another cell is therefore the same run: trained for a cell with equal settings under another plan. So is one
        that has another place in the grid.
        """
        places = [(run.cell, run.name), *self._places.get(run.key, ())]
        places.sort(key=lambda place: run.cells.index(place[0]) if place[0] in run.cells else len(run.cells))
        found = next((place for place in places if self._has_record(*place)), (run.cell, run.name))
        return replace(run, name=found[1], kept_in=None if found[0] == run.cell else found[0])

    def _has_record(self, folder: str, name: str) -> bool:
        return name in self._names.get(folder, ()) and self._results.run(folder, name).record.exists()


def _names(folder: Path) -> set[str]:
    try:
        return set(os.listdir(folder))  # noqa: PTH208 (only names are needed)
    except (FileNotFoundError, NotADirectoryError):
        return set()
