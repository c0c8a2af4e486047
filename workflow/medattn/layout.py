"""Where every file of a selection lies: the one place that knows the paths in results/<selection>/ and in data/."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class RunPaths:
    """The files of one run. `record` is written last: where it stands, the run has ended and is never trained again."""

    folder: Path

    @property
    def record(self) -> Path:
        """Provenance and outcome of a run that ended (status ok or diverged)."""
        return self.folder / "record.json"

    @property
    def failure(self) -> Path:
        """What stopped the last attempt, where one failed; the run is tried again when asked for again."""
        return self.folder / "failure.json"

    @property
    def history(self) -> Path:
        """A row per epoch: learning rate, training loss and accuracy, accuracy on the evaluated split."""
        return self.folder / "history.csv"

    @property
    def scores(self) -> Path:
        """Scores of every evaluated image at every epoch."""
        return self.folder / "scores.safetensors"

    @property
    def maps(self) -> Path:
        """Attention maps before and after learning, where the arm has them."""
        return self.folder / "maps.safetensors"

    @property
    def attention(self) -> Path:
        """What attention inside the network looks like on a few test images, where the arm has such attention."""
        return self.folder / "attention.safetensors"

    @property
    def checkpoint(self) -> Path:
        """State after the last finished epoch of a run under way."""
        return self.folder / "checkpoint.pt"

    @property
    def sessions(self) -> Path:
        """The processes that have worked on a run under way, and how far the latest has come."""
        return self.folder / "sessions.json"

    def sweep(self) -> None:
        """Remove what a process leaves that was killed within the moment after a run had ended."""
        for pattern in ("checkpoint.pt", "sessions.json", "lease-*", ".*"):
            for path in self.folder.glob(pattern):
                path.unlink(missing_ok=True)

    def lease(self, number: int) -> Path:
        """Return the file of a turn: the latest is held by the process that works on the run."""
        return self.folder / f"lease-{number}"


@dataclass(frozen=True)
class ResultPaths:
    """The files of one selection under results/<selection>/."""

    folder: Path

    @property
    def plan(self) -> Path:
        """The frozen plan: cells, runs and packs with all their settings."""
        return self.folder / "plan.json"

    @property
    def plan_table(self) -> Path:
        """The plan as a table, a row per cell."""
        return self.folder / "plan.csv"

    @property
    def graph(self) -> Path:
        """What Snakemake needs of the plan: jobs and the files between them."""
        return self.folder / "graph.json"

    @property
    def measurements(self) -> Path:
        """A row per cell, metric and procedure."""
        return self.folder / "measurements.csv"

    @property
    def epochs(self) -> Path:
        """The test accuracy of every measured run at every epoch."""
        return self.folder / "epochs.csv"

    @property
    def complexity(self) -> Path:
        """What the networks cost, a row per published cost and per cell."""
        return self.folder / "complexity.csv"

    @property
    def comparisons(self) -> Path:
        """A row per pair of arms, metric and procedure."""
        return self.folder / "comparisons.csv"

    @property
    def rankings(self) -> Path:
        """A row per arm that is ranked over data sets: what a critical-difference diagram shows."""
        return self.folder / "rankings.csv"

    @property
    def claims(self) -> Path:
        """A row per published value and per published comparison of two arms, with its verdict."""
        return self.folder / "claims.csv"

    @property
    def manifest(self) -> Path:
        """The seal: every file of the folder with its hash, and one root hash for all."""
        return self.folder / "manifest.json"

    @property
    def audit(self) -> Path:
        """What the last audit found."""
        return self.folder / "audit.json"

    @property
    def crate(self) -> Path:
        """Folder of the research object: results and records for people without this software."""
        return self.folder / "crate"

    @property
    def report(self) -> Path:
        """The page with every number and what stands behind it."""
        return self.folder / "report.html"

    @property
    def snakemake_report(self) -> Path:
        """Snakemake's own report, where somebody has made one."""
        return self.folder / "snakemake-report.html"

    @property
    def tables(self) -> Path:
        """Folder of the tables in CSV, Markdown and LaTeX."""
        return self.folder / "tables"

    @property
    def figures(self) -> Path:
        """Folder of the figures in SVG and PNG."""
        return self.folder / "figures"

    @property
    def captions(self) -> Path:
        """Folder of the captions of tables and figures, in reStructuredText, for the report."""
        return self.folder / "captions"

    def run(self, cell: str, run: str) -> RunPaths:
        """Return the files of the run `run` of the cell `cell`."""
        return RunPaths(self.folder / "runs" / cell / run)

    def tuned(self, group: str) -> Path:
        """Return the file with what cross-validation chose for the arms of a group (a backbone on a data set)."""
        return self.folder / "tuned" / f"{group}.json"

    def pack(self, pack: str) -> Path:
        """Return the file that says how the runs of a pack ended."""
        return self.folder / "packs" / f"{pack}.json"


def complexity_table(paper: str) -> str:
    """Return the name of the table that shows what a paper's networks cost."""
    return f"{paper}-complexity"


def prepared_dataset(data: Path, name: str, entry_sha256: str) -> Path:
    """Return the folder of a prepared data set; other settings of the same data set have a folder of their own."""
    return data / "prepared" / f"{name}-{entry_sha256[:12]}"


def weights_file(data: Path, model: str) -> Path:
    """Return where the ImageNet weights of `model` ("torchvision/vgg16") lie once they are fetched."""
    return data / "weights" / f"{model.replace('/', '-')}.safetensors"
