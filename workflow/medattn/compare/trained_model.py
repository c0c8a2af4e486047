"""Trained models: the first seed's runs of a cell, with their scores of the test images."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medattn.layout import ResultPaths
from medattn.measure.epochs import model_epoch
from medattn.metrics.scored import Scored
from medattn.plan.model import Cell, Plan
from medattn.provenance.records import ending
from medattn.training.score_file import read_scores


@dataclass(frozen=True)
class TrainedModel:
    """Scores of the test images by the model of a cell, or by the models of its folds.

    Attributes:
        scored: the test images with their scores, ordered by `positions`.
        positions: (N,), position of each image in the data set.
    """

    scored: Scored
    positions: NDArray[np.int64]


class TrainedModels:
    """Reader of the trained models of a plan's cells, of one seed.

    The scores are those of the measured epoch. If several epochs are measured, they are those of the epoch that
    cross-validation ranks first. The test images of all folds of a cross-validation are concatenated.
    """

    def __init__(self, plan: Plan, results: ResultPaths, seed: int) -> None:
        self._plan, self._results, self._seed = plan, results, seed

    def read(self, cell: Cell) -> TrainedModel | str:
        """Return the model of a cell, or why there is none.

        Raises:
            UserError: the hash of the scores is not the one in the record of the run.
        """
        runs = [run for run in self._plan.runs_of(cell.id, "train") if run.seed == self._seed]
        if not runs:
            return cell.missing or f"no run of seed {self._seed}"
        parts = []
        for run in runs:
            files = self._results.run(run.folder, run.name)
            record = ending(files)
            if isinstance(record, str):
                return cell.missing or record
            split = read_scores(record, files.scores).evaluated
            parts.append((split.scores(model_epoch(run, cell, self._results)), split.labels, split.images))
            if np.isnan(parts[-1][0]).any():
                return f"the network of {run.id} outputs NaN at its measured epoch"
        positions = np.concatenate([part[2] for part in parts])
        order = np.argsort(positions, kind="stable")
        scores, labels = (np.concatenate([part[index] for part in parts])[order] for index in (0, 1))
        classes = cell.classes or tuple(str(label) for label in range(scores.shape[1]))
        return TrainedModel(Scored(scores, labels, classes), positions[order])

    def prepared(self, dataset: str) -> str:
        """Return the folder of a prepared data set."""
        return next(cell.prepared for cell in self._plan.cells.values() if cell.dataset == dataset)
