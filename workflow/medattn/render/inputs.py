"""Everything that the drawing of tables and figures reads, read once."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pandas as pd

from medattn.config.resolved import Configuration, ResolvedPaper
from medattn.layout import ResultPaths, RunPaths
from medattn.plan.availability import remarks_on
from medattn.plan.model import Cell, CellKey, Plan
from medattn.plan.plan_file import read_plan
from medattn.result_tables import COMPARISONS, COMPLEXITY, EPOCHS, MEASUREMENTS, RANKINGS, CellRows, read_table

_PUBLISHED = ["table", "dataset", "backbone", "arm", "metric", "class_name", "mean", "std", "flags"]

# Each further column costs time wherever rows are picked.
_OF_MEASUREMENTS = [
    "class_name", "procedure", "seed", "value", "spread", "n", "n_test", "stand_in", "leak", "status", "reason",
]  # fmt: skip
_OF_COMPARISONS = ["class_name", "procedure", "test", "against", "p", "p_adjusted"]


@dataclass(frozen=True)
class Inputs:
    """What the stages before have written, and the configuration that it was written for.

    Attributes:
        configuration: the resolved selection.
        root: the folder in which papers/ lies.
        results: the files of the selection.
        plan: the frozen plan.
        measurements: the rows of measurements.csv.
        comparisons: the rows of comparisons.csv.
        epochs: the rows of epochs.csv.
        costs: the rows of complexity.csv; none where nothing was counted.
        rankings: the rows of rankings.csv; none where nothing was ranked.
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
    _published: dict[str, pd.DataFrame] = field(default_factory=dict, init=False)

    @property
    def seeds(self) -> list[int]:
        """The seeds of the selection; the first one's runs stand for the paper's single runs."""
        return self.configuration.selection.seeds

    def cell(self, paper: ResolvedPaper, dataset: str, backbone: str, arm: str) -> Cell | None:
        """Return a cell of the plan, or nothing where it has no such cell."""
        return self.plan.cells.get(CellKey(paper.name, paper.experiment, dataset, backbone, arm).id)

    def dataset_title(self, dataset: str) -> str:
        """Return the name of a data set for tables and figures."""
        return self.configuration.datasets[dataset].title

    def marked_title(self, dataset: str) -> str:
        """Return the name of a data set for a figure, which says where stand-in images were taken."""
        return self.dataset_title(dataset) + (" (stand-in)" if self.is_stand_in(dataset) else "")

    def is_stand_in(self, dataset: str) -> bool:
        """Return whether the plan takes stand-in images for a data set."""
        return any(cell.stand_in for cell in self.plan.cells.values() if cell.dataset == dataset)

    def duplicates(self, dataset: str) -> list[str]:
        """Return sentences, without full stops, about images of a data set that stand more than once."""
        folders = {cell.prepared for cell in self.plan.cells.values() if cell.dataset == dataset}
        return [sentence for folder in sorted(folders) if folder for sentence in remarks_on(Path(folder))]

    def trained_runs(self, paper: ResolvedPaper, dataset: str, backbone: str, arm: str) -> dict[int, RunPaths]:
        """Return the files of the runs on all training images of a cell, by seed."""
        cell = self.cell(paper, dataset, backbone, arm)
        runs = [] if cell is None else self.plan.runs_of(cell.id, "train")
        return {run.seed: self.results.run(run.cell, run.name) for run in runs}

    @cached_property
    def measured_rows(self) -> CellRows:
        """What tables need of the rows of measurements.csv, by cell."""
        return CellRows(self.measurements, _OF_MEASUREMENTS)

    @cached_property
    def compared_rows(self) -> CellRows:
        """What tables need of the rows of comparisons.csv, by cell."""
        return CellRows(self.comparisons, _OF_COMPARISONS)

    def published(self, paper: str) -> pd.DataFrame:
        """Return the published values of a paper, digit for digit; none where it has no such file."""
        if paper not in self._published:
            path = self.root / "papers" / paper / "published.csv"
            self._published[paper] = (
                pd.read_csv(path, dtype=str, keep_default_na=False)
                if path.exists()
                else pd.DataFrame(columns=_PUBLISHED)
            )
        return self._published[paper]


def read_inputs(results: ResultPaths, configuration: Configuration, root: Path) -> Inputs:
    """Read all that is drawn.

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
    )


def arm_label(paper: ResolvedPaper, arm: str) -> str:
    """Return an arm's name in figures; an arm of neither mechanism nor label is called by its key."""
    return paper.arms[arm].label or arm


def backbone_label(paper: ResolvedPaper, backbone: str) -> str:
    """Return a backbone's name in tables and figures."""
    return paper.backbones[backbone].label or backbone
