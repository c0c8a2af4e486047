"""Paths of all files of a selection in results/<selection>/ and in data/."""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

_WORKING_FILES = ("checkpoint.pt", "scores.partial", "attention-so-far.safetensors", "sessions.json", "lease-*")


def is_working_file(name: str) -> bool:
    """Return whether a file in the folder of a run is one that the end of the run removes."""
    return any(fnmatchcase(name, pattern) for pattern in _WORKING_FILES)


@dataclass(frozen=True)
class RunPaths:
    """Paths of the files of a run. `record` is written last; a run with a record is finished and never retrained."""

    folder: Path

    @property
    def record(self) -> Path:
        """Provenance and result of a finished run, with status ok or diverged."""
        return self.folder / "record.json"

    @property
    def failure(self) -> Path:
        """Reason why the last attempt failed; the next call tries the run again."""
        return self.folder / "failure.json"

    @property
    def history(self) -> Path:
        """Learning rate, training loss, training accuracy and accuracy on the evaluated split, a row for each epoch."""
        return self.folder / "history.csv"

    @property
    def scores(self) -> Path:
        """Scores of all evaluated images at all epochs."""
        return self.folder / "scores.safetensors"

    @property
    def maps(self) -> Path:
        """Attention maps before and after training, for attention on the input."""
        return self.folder / "maps.safetensors"

    @property
    def attention(self) -> Path:
        """Attention inside the network on a few test images, for arms with block mechanisms."""
        return self.folder / "attention.safetensors"

    @property
    def outputs(self) -> tuple[Path, ...]:
        """Files of a finished run that its record names, as far as it has them."""
        return self.history, self.scores, self.maps, self.attention

    @property
    def attention_so_far(self) -> Path:
        """Attention inside the network of an unfinished run, at the best epoch so far."""
        return self.folder / "attention-so-far.safetensors"

    @property
    def checkpoint(self) -> Path:
        """State of an unfinished run after one of its last epochs."""
        return self.folder / "checkpoint.pt"

    @property
    def partial_scores(self) -> Path:
        """Scores of an unfinished run at its finished epochs."""
        return self.folder / "scores.partial"

    @property
    def sessions(self) -> Path:
        """Processes that have worked on an unfinished run, with the progress of the latest."""
        return self.folder / "sessions.json"

    def sweep(self) -> None:
        """Remove what a process leaves in a finished run if it is killed just after finishing it, or was suspended."""
        if not self.record.exists():
            return
        for pattern in (*_WORKING_FILES, ".*"):
            for path in self.folder.glob(pattern):
                path.unlink(missing_ok=True)

    def lease(self, number: int) -> Path:
        """Return the file of a lease; the process that trains the run holds the latest one."""
        return self.folder / f"lease-{number}"


@dataclass(frozen=True)
class ResultPaths:
    """Paths of the files of a selection in results/<selection>/."""

    folder: Path

    @property
    def plan(self) -> Path:
        """Plan: cells, runs and packs with all settings."""
        return self.folder / "plan.json"

    @property
    def plan_table(self) -> Path:
        """Plan as a table with a row for each cell."""
        return self.folder / "plan.csv"

    @property
    def graph(self) -> Path:
        """Jobs of the plan and their files, for Snakemake."""
        return self.folder / "graph.json"

    @property
    def measurements(self) -> Path:
        """Measurements: a row for each cell, metric and procedure."""
        return self.folder / "measurements.csv"

    @property
    def epochs(self) -> Path:
        """Test accuracy of every measured run at every epoch."""
        return self.folder / "epochs.csv"

    @property
    def readings(self) -> Path:
        """Value of each run under each reading."""
        return self.folder / "readings.csv"

    @property
    def multiverse(self) -> Path:
        """Each cell and each pair of arms under each reading."""
        return self.folder / "multiverse.csv"

    @property
    def complexity(self) -> Path:
        """Costs of networks: a row for each published cost and each cell."""
        return self.folder / "complexity.csv"

    @property
    def comparisons(self) -> Path:
        """Comparisons: a row for each pair of arms, metric and procedure."""
        return self.folder / "comparisons.csv"

    @property
    def rankings(self) -> Path:
        """Ranks of arms over data sets, for critical-difference diagrams."""
        return self.folder / "rankings.csv"

    @property
    def claims(self) -> Path:
        """Claims with verdicts: a row for each published value and each published comparison of two arms."""
        return self.folder / "claims.csv"

    @property
    def answer(self) -> Path:
        """Answer: the effect of every mechanism, on each data set and pooled, with its verdict."""
        return self.folder / "answer.csv"

    @property
    def manifest(self) -> Path:
        """Seal: the hashes of all files of the folder, and a root hash."""
        return self.folder / "manifest.json"

    @property
    def seals(self) -> Path:
        """History of all seals: a line for each, with the root hash of the one before and every changed file."""
        return self.folder / "seals.jsonl"

    def signature(self, number: int) -> Path:
        """Return the file with the signature of the seal `number`."""
        return self.folder / "signatures" / f"seal-{number}.sig"

    @property
    def audit(self) -> Path:
        """Findings of the last audit."""
        return self.folder / "audit.json"

    @property
    def crate(self) -> Path:
        """Folder of the research object (RO-Crate): results and records, readable without this package."""
        return self.folder / "crate"

    @property
    def report(self) -> Path:
        """Report: a page with all numbers and their origins."""
        return self.folder / "report.html"

    @property
    def snakemake_report(self) -> Path:
        """Report of Snakemake, if it has been made."""
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

    def rendered(self, paper: str) -> Path:
        """Return the file that says from what the tables and figures of a paper were rendered."""
        return self.folder / "rendered" / f"{paper}.json"

    def run(self, folder: str, run: str) -> RunPaths:
        """Return the paths of the run `run` in a folder of runs/, which is named by a cell."""
        return RunPaths(self.folder / "runs" / folder / run)

    def tuned(self, group: str) -> Path:
        """Return the file of tuning results for the arms of a group (one backbone on one data set)."""
        return self.folder / "tuned" / f"{group}.json"

    def dataset(self, prepared: str) -> Path:
        """Return the file that says which prepared images the selection uses, by the name of their folder."""
        return self.folder / "datasets" / f"{prepared}.json"

    def pack(self, pack: str) -> Path:
        """Return the file with the endings of the runs of a pack."""
        return self.folder / "packs" / f"{pack}.json"


def complexity_table(paper: str) -> str:
    """Return the name of the table of costs of a paper's networks."""
    return f"{paper}-complexity"


def prepared_dataset(data: Path, name: str, entry_sha256: str) -> Path:
    """Return the folder of a prepared data set; it depends on the settings of the data set."""
    return data / "prepared" / f"{name}-{entry_sha256[:12]}"


def content_file(data: Path, name: str, place: str) -> Path:
    """Return the file that remembers the content of an original; it depends on the place of the original."""
    return data / "prepared" / "contents" / f"{name}-{place[:12]}.json"


def weights_file(data: Path, model: str) -> Path:
    """Return the file of the ImageNet weights of `model`, such as "torchvision/vgg16", after `medattn fetch`."""
    return data / "weights" / f"{model.replace('/', '-')}.safetensors"
