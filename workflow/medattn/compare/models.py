"""Given models: the first seed's runs of two arms, with their scores of the same test images."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open

from medattn.layout import ResultPaths
from medattn.measure.epochs import model_epoch
from medattn.metrics import Scored
from medattn.plan.model import Cell, Plan, Run
from medattn.provenance.records import check_output, ending


@dataclass(frozen=True)
class Model:
    """What the model of a cell, or the models of its folds, say of the test images.

    Attributes:
        scored: the test images with their scores, ordered by `positions`.
        positions: (N,), where each image stands in the data set.
    """

    scored: Scored
    positions: NDArray[np.int64]


class Models:
    """Reads the models of a plan's cells, of the first seed.

    A run is read at the one epoch that is measured; where the mean over several is measured, at the one that
    cross-validation ranks first. Of a cross-validation, the test images of all folds are put together.
    """

    def __init__(self, plan: Plan, results: ResultPaths, seed: int) -> None:
        self._plan, self._results, self._seed = plan, results, seed
        self._runs: dict[str, list[Run]] = {}
        for run in plan.runs.values():
            if run.stage == "train" and run.seed == seed:
                self._runs.setdefault(run.cell, []).append(run)

    def read(self, cell: Cell) -> Model | str:
        """Return the model of a cell, or why there is none.

        Raises:
            UserError: scores are not those that the record of their run names.
        """
        runs = [] if cell.missing else self._runs.get(cell.id, [])
        if not runs:
            return cell.missing or f"no run of seed {self._seed}"
        parts = []
        for run in runs:
            files = self._results.run(run.cell, run.name)
            record = ending(files)
            if isinstance(record, str):
                return record
            check_output(record, files.scores)
            parts.append(self._scores(run, cell))
            if np.isnan(parts[-1][0]).any():
                return f"{run.id} puts out no numbers at its measured epoch"
        positions = np.concatenate([part[2] for part in parts])
        order = np.argsort(positions, kind="stable")
        scores, labels = (np.concatenate([part[index] for part in parts])[order] for index in (0, 1))
        classes = cell.classes or tuple(str(label) for label in range(scores.shape[1]))
        return Model(Scored(scores, labels, classes), positions[order])

    def prepared(self, dataset: str) -> str:
        """Return the folder of a prepared data set."""
        return next(cell.prepared for cell in self._plan.cells.values() if cell.dataset == dataset)

    def _scores(self, run: Run, cell: Cell) -> tuple[NDArray[np.floating], NDArray[np.int64], NDArray[np.int64]]:
        """Return scores at the model's epoch, labels and positions."""
        with safe_open(self._results.run(run.cell, run.name).scores, framework="numpy") as stream:
            scores = stream.get_slice("scores")[model_epoch(run, cell, self._results) - 1]
            return scores, stream.get_tensor("labels"), stream.get_tensor("images")
