"""Everything that the drawing of tables and figures reads, read once."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from medattn.compare.inputs import read_comparisons, read_epochs, read_measurements
from medattn.config.load import Configuration, ResolvedPaper
from medattn.files import read_json
from medattn.layout import Results, RunFiles


@dataclass(frozen=True)
class Inputs:
    """What the stages before have written, and the configuration that it was written for.

    Attributes:
        configuration: the resolved selection.
        root: the folder in which papers/ lies.
        results: the files of the selection.
        plan: the content of plan.json.
        measurements: the rows of measurements.csv.
        comparisons: the rows of comparisons.csv.
        epochs: the rows of epochs.csv.
    """

    configuration: Configuration
    root: Path
    results: Results
    plan: Mapping[str, Any]
    measurements: pd.DataFrame
    comparisons: pd.DataFrame
    epochs: pd.DataFrame

    @property
    def seeds(self) -> list[int]:
        """The seeds of the selection; the first one's runs stand for the paper's single runs."""
        return self.configuration.selection.seeds

    def cell(self, paper: str, dataset: str, backbone: str, arm: str) -> Mapping[str, Any] | None:
        """Return what the plan says of a cell, or nothing where it has no such cell."""
        wanted = {"paper": paper, "dataset": dataset, "backbone": backbone, "arm": arm}
        return next((cell for cell in self.plan["cells"].values() if wanted.items() <= cell.items()), None)

    def dataset_title(self, dataset: str) -> str:
        """Return the name of a data set for tables and figures."""
        return self.configuration.datasets[dataset].title

    def marked_title(self, dataset: str) -> str:
        """Return the name of a data set for a figure, which says where stand-in images were taken."""
        return self.dataset_title(dataset) + (" (stand-in)" if self.is_stand_in(dataset) else "")

    def is_stand_in(self, dataset: str) -> bool:
        """Return whether the plan takes stand-in images for a data set."""
        return any(c["stand_in"] for c in self.plan["cells"].values() if c["dataset"] == dataset)

    def prepared(self, cell: Mapping[str, Any]) -> Path:
        """Return the folder of the prepared data set of a cell."""
        return Path(str(cell["prepared"]))

    def trained_runs(self, paper: str, dataset: str, backbone: str, arm: str) -> dict[int, RunFiles]:
        """Return the files of the runs on all training images of a cell, by seed."""
        cell = self.cell(paper, dataset, backbone, arm)
        return {
            int(run["seed"]): self.results.run(run["cell"], name)
            for name, run in self.plan["runs"].items()
            if run["stage"] == "train" and cell is not None and self.plan["cells"][run["cell"]] is cell
        }

    def published(self, paper: str) -> pd.DataFrame:
        """Return the printed numbers of a paper, digit for digit; none where it has no such file."""
        path = self.root / "papers" / paper / "published.csv"
        if not path.exists():
            return pd.DataFrame(
                columns=["table", "dataset", "backbone", "arm", "metric", "mean", "std", "flags"]
            )
        return pd.read_csv(path, dtype=str, keep_default_na=False)


def read_inputs(results: Results, configuration: Configuration, root: Path) -> Inputs:
    """Read all that is drawn.

    Raises:
        UserError: a file is missing or damaged; names the file and what to do.
    """
    return Inputs(
        configuration=configuration,
        root=root,
        results=results,
        plan=read_json(results.plan),
        measurements=read_measurements(results.measurements),
        comparisons=read_comparisons(results.comparisons),
        epochs=read_epochs(results.epochs),
    )


def rows_of(table: pd.DataFrame, /, **values: object) -> pd.DataFrame:
    """Return the rows of `table` whose columns have the given values."""
    chosen = pd.Series(True, index=table.index)
    for column, value in values.items():
        chosen &= table[column] == value
    return table[chosen]


def arm_label(paper: ResolvedPaper, arm: str) -> str:
    """Return an arm's name in figures; an arm of neither mechanism nor label is called by its key."""
    return paper.arms[arm].label or arm


def backbone_label(paper: ResolvedPaper, backbone: str) -> str:
    """Return a backbone's name in tables and figures."""
    return paper.backbones[backbone].label or backbone
