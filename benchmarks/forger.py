"""The tools of a person who edits a finished results folder so that everything agrees again afterwards.

`Forger` changes records, histories, scores and the plan; `Forger.make_consistent` then corrects every hash, choice,
measurement, table and figure that follows, with medattn itself, as someone who knows it well would.
"""

import csv
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file

from medattn.__main__ import main as medattn
from medattn.audit.context import AuditContext
from medattn.files import read_json, sha256_of_file, sha256_of_value, write_json, write_text
from medattn.layout import ResultPaths
from medattn.plan.finished_run import FinishedRun
from medattn.plan.model import Stage
from medattn.provenance.records import read_record

Arrays = dict[str, np.ndarray]
Row = dict[str, str]


class Forger:
    """Editor of a results folder in the project of the working directory.

    Attributes:
        results: paths of the folder.
        keeps_choices: whether `make_consistent` leaves the files in tuned/ as they are.
    """

    def __init__(self, folder: Path) -> None:
        self.results = ResultPaths(folder)
        self.keeps_choices = False

    def runs(self, arm: str, stage: Stage = "train") -> list[FinishedRun]:
        """Return the finished networks of an arm in a stage, by seed."""
        return [run for run in AuditContext(self.results.folder).finished_runs(stage) if run.cell.arm == arm]

    def every_run(self) -> list[FinishedRun]:
        """Return all finished runs."""
        return AuditContext(self.results.folder).finished_runs()

    def worst(self, arm: str) -> FinishedRun:
        """Return the measured run of an arm with the fewest correct images after the last epoch, but not of seed 0.

        The first seed also tunes.
        """
        runs = [run for run in self.runs(arm) if run.run.seed]
        return min(runs, key=lambda run: run.record["final"]["test"]["correct"])

    def change_record(self, run: FinishedRun, change: Callable[[dict[str, Any]], None]) -> None:
        """Change the record of a run."""
        change_json(run.files.record, change)

    def change_scores(self, run: FinishedRun, change: Callable[[Arrays], None]) -> None:
        """Change the scores of a run, and let its history count the correct images again."""
        arrays = load_file(run.files.scores)
        change(arrays)
        save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, run.files.scores)
        is_number = ~np.isnan(arrays["scores"]).any(axis=2)
        correct = (is_number & (arrays["scores"].argmax(axis=2) == arrays["labels"])).sum(axis=1).tolist()
        missing = (~is_number).sum(axis=1).tolist()

        def count(rows: list[Row]) -> None:
            for row, right, unscored in zip(rows, correct, missing, strict=False):
                row.update(correct=str(right), unscored=str(unscored))

        self.change_history(run, count)

    def change_history(self, run: FinishedRun, change: Callable[[list[Row]], None]) -> None:
        """Change the rows of a history."""
        with run.files.history.open(newline="") as stream:
            rows = list(csv.DictReader(stream))
        names = list(rows[0])
        change(rows)
        table = StringIO()
        writer = csv.DictWriter(table, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        write_text(run.files.history, table.getvalue())

    def copy_files(self, source: FinishedRun, target: FinishedRun, *names: str) -> None:
        """Give a run the history and scores of another one, or the named files."""
        for name in names or ("history.csv", "scores.safetensors"):
            shutil.copyfile(source.files.folder / name, target.files.folder / name)

    def exchange(self, first: FinishedRun, second: FinishedRun) -> None:
        """Exchange histories, scores, maps, durations and sessions of two runs."""
        aside = first.files.folder.with_name("aside")
        outputs = [{path.name for path in run.files.folder.iterdir()} - {"record.json"} for run in (first, second)]
        shutil.copytree(first.files.folder, aside)
        for source, target, names, old in (
            (second.files.folder, first.files.folder, outputs[1], outputs[0]),
            (aside, second.files.folder, outputs[0], outputs[1]),
        ):
            for name in old - names:
                (target / name).unlink()
            for name in names:
                shutil.copyfile(source / name, target / name)
        shutil.rmtree(aside)
        facts = ("seconds", "sessions", "finished", "status")
        values = [{key: run.record[key] for key in facts} for run in (first, second)]
        self.change_record(first, lambda record: record.update(values[1]))
        self.change_record(second, lambda record: record.update(values[0]))

    def replan(self) -> None:
        """Make the plan again from the configuration and the papers."""
        self.command("plan", "--write", "--allow-fewer")

    def command(self, *arguments: str) -> None:
        """Run a command of medattn without output.

        Raises:
            RuntimeError: it failed.
        """
        said = StringIO()
        with redirect_stdout(said), redirect_stderr(said):
            if medattn(list(arguments)):
                raise RuntimeError(f"medattn {' '.join(arguments)}: {said.getvalue().strip()}")

    def make_consistent(self) -> None:
        """Let every record name its files, and compute everything again that follows from the runs."""
        for run in self.every_run():
            self._complete(run)
        plan = AuditContext(self.results.folder).plan
        if not self.keeps_choices:
            self.command("tune")
        for pack in plan.packs.values():
            records = {name: self._record(name) for name in pack.runs}
            ends = {n: {k: r[k] for k in ("status", "epochs", "seconds")} for n, r in records.items() if r}
            write_json(self.results.pack(pack.id), {"pack": pack.id, "runs": ends})
        for step in ("measure", "compare", "judge", "answer"):
            self.command(step, "--allow-fewer")
        self.command("render")

    def seal(self) -> str:
        """Seal the folder and return the root hash."""
        self.command("audit", str(self.results.folder), "--seal")
        return str(read_json(self.results.manifest)["root"])

    def begin_new_history(self) -> None:
        """Remove every trace of earlier seals."""
        for path in (self.results.seals, self.results.manifest, self.results.audit, self.results.report):
            path.unlink(missing_ok=True)

    def _record(self, run: str) -> dict[str, Any] | None:
        path = self.results.run(*run.split("/")).record
        return read_record(path) if path.is_file() else None

    def _complete(self, run: FinishedRun) -> None:
        """Correct hashes, sizes, epochs and final values in a record."""
        from medattn.training.history import read_history
        from medattn.training.run_record import last_epoch

        record = run.record
        if record["status"] not in ("ok", "diverged"):
            return
        rows = read_history(run.files.history)
        paths = [run.files.folder / name for name in record["outputs"] if (run.files.folder / name).is_file()]
        paths += [path for path in _arrays_of(run) if path not in paths]
        record["configuration_sha256"] = sha256_of_value(record["configuration"])
        record["epochs"] = record["sessions"][-1]["epochs_at_end"] = len(rows)
        record["final"] = last_epoch(rows[-1], record["data"]["evaluated"])
        record["outputs"] = {p.name: {"sha256": sha256_of_file(p), "bytes": p.stat().st_size} for p in paths}
        write_json(run.files.record, record)


def _arrays_of(run: FinishedRun) -> Iterator[Path]:
    files = run.files
    yield from (path for path in (files.history, files.scores, files.maps, files.attention) if path.is_file())


def change_json(path: Path, change: Callable[[Any], None]) -> None:
    """Change a JSON file."""
    value = json.loads(path.read_text(encoding="utf-8"))
    change(value)
    write_json(path, value)
