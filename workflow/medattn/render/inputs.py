"""The results of the earlier stages that tables and figures read."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pandas as pd

from medattn.config.resolved import Configuration, ResolvedPaper
from medattn.consistency.inputs import read_paper
from medattn.consistency.published import IDENTITY
from medattn.layout import ResultPaths, RunPaths
from medattn.plan.availability import remarks_on
from medattn.plan.model import Cell, CellKey, Plan
from medattn.plan.plan_file import read_plan
from medattn.result_tables import (
    ANSWER,
    COMPARISONS,
    COMPLEXITY,
    EPOCHS,
    MEASUREMENTS,
    MULTIVERSE,
    RANKINGS,
    CellRows,
    read_table,
)
from medattn.shipped import paper_folder

# Only the columns that tables need, because selecting rows takes longer with each column.
_MEASUREMENT_COLUMNS = [
    "class_name", "procedure", "seed", "value", "spread", "n", "n_test", "stand_in", "leak", "status", "reason",
]  # fmt: skip
_COMPARISON_COLUMNS = ["class_name", "procedure", "test", "against", "difference", "p", "p_adjusted", "alpha"]


@dataclass(frozen=True)
class Inputs:
    """The results of the earlier stages, and the configuration that they belong to.

    Attributes:
        configuration: the resolved selection.
        root: the folder that contains papers/.
        results: paths of the files of the selection.
        plan: the plan.
        measurements: the rows of measurements.csv.
        comparisons: the rows of comparisons.csv.
        epochs: the rows of epochs.csv.
        costs: the rows of complexity.csv; empty if costs were not counted.
        rankings: the rows of rankings.csv; empty if nothing was ranked.
        answer: the rows of answer.csv; empty if effects were not pooled.
        multiverse: the rows of multiverse.csv; empty if no run was measured.
    """

    configuration: Configuration
    root: Path
    results: ResultPaths
    plan: Plan
    measurements: pd.DataFrame
    comparisons: pd.DataFrame
    epochs: pd.DataFrame
    costs: pd.DataFrame
    rankings: pd.DataFrame
    answer: pd.DataFrame
    multiverse: pd.DataFrame
    _published: dict[str, pd.DataFrame] = field(default_factory=dict, init=False)

    @property
    def seeds(self) -> list[int]:
        """The seeds of the selection; runs of the first seed are compared with the single runs of a paper."""
        return list(self.configuration.selection.trained_seeds)

    def cell(self, paper: ResolvedPaper, dataset: str, backbone: str, arm: str) -> Cell | None:
        """Return a cell of the plan, or None if the plan does not contain it."""
        return self.plan.cells.get(CellKey(paper.name, paper.experiment, dataset, backbone, arm).id)

    def dataset_title(self, dataset: str) -> str:
        """Return the title of a data set for tables and figures."""
        return self.configuration.datasets[dataset].title

    def marked_title(self, dataset: str) -> str:
        """Return the title of a data set for a figure, marked if its images are stand-ins or synthetic."""
        if self.is_stand_in(dataset):
            return f"{self.dataset_title(dataset)} (stand-in)"
        return self.configuration.datasets[dataset].marked_title

    def is_stand_in(self, dataset: str) -> bool:
        """Return whether the plan uses stand-in images for a data set."""
        return any(cell.stand_in for cell in self.plan.cells.values() if cell.dataset == dataset)

    def duplicates(self, dataset: str) -> list[str]:
        """Return sentences, without full stops, about duplicated images of a data set."""
        folders = {cell.prepared for cell in self.plan.cells.values() if cell.dataset == dataset}
        return [sentence for folder in sorted(folders) if folder for sentence in remarks_on(Path(folder))]

    def trained_runs(self, paper: ResolvedPaper, dataset: str, backbone: str, arm: str) -> dict[int, RunPaths]:
        """Return the paths of the runs of a cell that train on all training images, by seed."""
        cell = self.cell(paper, dataset, backbone, arm)
        runs = [] if cell is None else self.plan.runs_of(cell.id, "train")
        return {run.seed: self.results.run(run.folder, run.name) for run in runs}

    @cached_property
    def measured_rows(self) -> CellRows:
        """The columns of measurements.csv that tables need, by cell."""
        return CellRows(self.measurements, _MEASUREMENT_COLUMNS)

    @cached_property
    def compared_rows(self) -> CellRows:
        """The columns of comparisons.csv that tables need, by cell."""
        return CellRows(self.comparisons, _COMPARISON_COLUMNS)

    def published(self, paper: str) -> pd.DataFrame:
        """Return the published values of a paper as text; no row if it has none."""
        if paper not in self._published:
            rows, _ = read_paper(paper_folder(self.root, paper))
            texts = [
                {
                    **{column: getattr(row, column) for column in IDENTITY},
                    "mean": row.mean.text,
                    "std": row.std.text if row.std else "",
                    "unit": row.mean.unit,
                    "flags": "|".join(row.flags),
                }
                for row in rows
            ]
            self._published[paper] = pd.DataFrame(texts, columns=[*IDENTITY, "mean", "std", "unit", "flags"])
        return self._published[paper]


def read_inputs(results: ResultPaths, configuration: Configuration, root: Path) -> Inputs:
    """Read the results of a selection.

    Raises:
        UserError: a file is missing or damaged; names the file and what to do.
    """
    return Inputs(
        configuration=configuration,
        root=root,
        results=results,
        plan=read_plan(results.plan),
        measurements=read_table(results.measurements, MEASUREMENTS),
        comparisons=read_table(results.comparisons, COMPARISONS),
        epochs=read_table(results.epochs, EPOCHS),
        costs=read_table(results.complexity, COMPLEXITY, optional=True),
        rankings=read_table(results.rankings, RANKINGS),
        answer=read_table(results.answer, ANSWER, optional=True),
        multiverse=read_table(results.multiverse, MULTIVERSE),
    )


def arm_label(paper: ResolvedPaper, arm: str) -> str:
    """Return the label of an arm in figures, or its name if it has no label."""
    return paper.arms[arm].label or arm


def backbone_label(paper: ResolvedPaper, backbone: str) -> str:
    """Return the label of a backbone in tables and figures, or its name if it has no label."""
    return paper.backbones[backbone].label or backbone
