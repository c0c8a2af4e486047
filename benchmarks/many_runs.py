"""Measure time and memory of measuring, comparing and rendering thousands of finished runs.

The runs are made up, of the size of BreastMNIST's (156 test and 78 validation images), and written by the writers that
training uses: ten networks with ten arms on ten data sets, each with ten seeds, measured as the PPCR paper does.
"""

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import nullcontext
from functools import cache
from pathlib import Path
from unittest import mock

import numpy as np
import yaml
from ratios import Ratio, cost_of, medattn, seconds_of

from medattn import files as medattn_files
from medattn.config.mechanisms import is_block_mechanism, mechanism_names
from medattn.datasets.store import DataStore
from medattn.layout import ResultPaths
from medattn.measure import collect
from medattn.plan.model import Cell, Plan, Run
from medattn.plan.plan_file import read_plan
from medattn.training import run_record
from medattn.training.history import EpochRow, write_history
from medattn.training.task import RunTask

EPOCHS, TESTS, VALIDATIONS, CLASSES = 30, 156, 78, 2
BYTES = 2 << 30
READINGS_LIMIT, REPETITIONS = 1.5, 3


def project(folder: Path, datasets: int) -> Plan:
    """Write paper and selection, and return the plan."""
    arms = [name for name in sorted(mechanism_names()) if is_block_mechanism(name)][:9]
    paper = {
        "title": "Many runs",
        "citation": "medattn, benchmarks/many_runs.py",
        "datasets": ["phantom"],
        # Equal networks on equal data sets would share their runs.
        "backbones": {
            f"net{number}": {"model": "timm/resnet18", "stem": "small", "input_size": 28 + 4 * number}
            for number in range(10)
        },
        "arms": {"vanilla": {}} | {arm: {"mechanism": arm} for arm in arms},
        "recipe": {"epochs": EPOCHS, "learning_rate": 0.01},
        "protocol": {"kind": "best_validation_epoch"},
        "tables": {"many-table": {"title": "Everything", "metrics": ["accuracy", "auc", "f1_weighted"]}},
        "figures": {"many-differences": {"title": "Differences from vanilla", "kind": "paired_differences"}},
    }
    (folder / "papers/many").mkdir(parents=True)
    (folder / "papers/many/paper.yaml").write_text(yaml.safe_dump(paper, sort_keys=False))
    counts = {"train": [273, 273], "val": [VALIDATIONS // 2] * 2, "test": [TESTS // 2] * 2}
    # The seeds differ, since equal data sets would share their runs.
    entries = {
        f"phantom{number}": {
            "title": f"Phantom {number}",
            "source": {"kind": "phantom", "counts": counts, "seed": number},
            "classes": ["healthy", "ill"],
        }
        for number in range(datasets)
    }
    selection = {"selection": "many", "papers": {"many": {"datasets": list(entries)}}, "datasets": entries}
    (folder / "config.yaml").write_text(yaml.safe_dump({**selection, "seeds": list(range(10))}))
    seconds_of(medattn("plan", "--write"), folder)
    return read_plan(folder / "results/many/plan.json")


def write_runs(plan: Plan, results: ResultPaths) -> None:
    """Write the files of every run. Skip flushing to disk, and ask git only once."""
    with (
        mock.patch.object(medattn_files.os, "fsync", lambda _: None),
        mock.patch.object(run_record, "git_state", cache(run_record.git_state)),
        mock.patch.object(run_record, "environment", cache(run_record.environment)),
    ):
        for number, run in enumerate(plan.runs.values()):
            write_run(run, plan.cells[run.cell], results, np.random.default_rng(number))


def write_run(run: Run, cell: Cell, results: ResultPaths, random: np.random.Generator) -> None:
    """Write a run that gets a little better with every epoch."""
    files = results.run(run.folder, run.name)
    labels = np.arange(TESTS + VALIDATIONS, dtype=np.int64) % CLASSES
    sure = np.linspace(0.2, 1.0, EPOCHS)[:, None] * (2 * labels - 1) + random.normal(0, 1.2, (EPOCHS, len(labels)))
    ill = (1 / (1 + np.exp(-sure))).astype(np.float32)
    scores = np.stack([1 - ill, ill], axis=2)
    right = (scores.argmax(2) == labels).astype(int)
    history = [
        EpochRow(epoch, 0.01, 0.5, 0.0, 400, 546, int(row[:TESTS].sum()), TESTS, int(row[TESTS:].sum()), VALIDATIONS)
        for epoch, row in enumerate(right, start=1)
    ]
    write_history(files.history, history, "test")
    arrays = {
        "scores": scores[:, :TESTS],
        "labels": labels[:TESTS],
        "images": np.arange(TESTS),
        "validation_scores": scores[:, TESTS:],
        "validation_labels": labels[TESTS:],
        "validation_images": np.arange(VALIDATIONS),
    }
    run_record.write_arrays(files.scores, arrays)
    # Neither the image store nor a grid point is needed to write a record.
    task = RunTask(run=run, cell=cell, grid_point={}, store=mock.create_autospec(DataStore), files=files)
    outcome = run_record.TrainingOutcome(
        history=history,
        data={"dataset": cell.dataset, "evaluated": "test", "evaluated_images": TESTS},
        numerics={"device": "cpu"},
        sessions=[{"started": run_record.now(), "seconds": 1.0, "epochs_at_end": EPOCHS}],
    )
    run_record.write_record(task, outcome)


def commands(folder: Path) -> Iterator[tuple[str, float, int]]:
    """Yield the three commands with seconds and peak memory."""
    for name in ("measure", "compare", "render"):
        cost = cost_of(medattn(name, "--config", "config.yaml"), folder)
        yield name, cost.seconds, cost.peak


def seconds_of_measuring(plan: Plan, results: ResultPaths, *, with_readings: bool) -> float:
    """Return the processor time that measuring takes in this process, with or without the readings."""
    none = mock.patch.multiple(collect, reading_lines=lambda *_: [], under_readings=lambda *_: [])
    with nullcontext() if with_readings else none:
        start = time.process_time()
        collect.write_measurements(plan, results)
        return time.process_time() - start


def ratio_of_readings(plan: Plan, results: ResultPaths) -> Ratio:
    """Compare measuring under every reading with measuring under the configured one, by the best of three each."""
    seconds = {True: float("inf"), False: float("inf")}
    for with_readings in (False, True) * REPETITIONS:
        took = seconds_of_measuring(plan, results, with_readings=with_readings)
        seconds[with_readings] = min(seconds[with_readings], took)
    readings = len(next(iter(plan.cells.values())).settings.protocol.readings())
    details = {"every reading, s": seconds[True], "configured reading, s": seconds[False], "readings": float(readings)}
    name = f"{len(plan.runs):,} runs measured under {readings} readings / under the configured one"
    return Ratio(name, seconds[True] / seconds[False], READINGS_LIMIT, details)


def measure(full: bool) -> list[Ratio]:
    """Measure 1,000 runs and 10,000 with `full`, else 1,000 and 2,000."""
    seconds: dict[int, dict[str, float]] = {}
    readings: list[Ratio] = []
    for datasets in (1, 10 if full else 2):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            plan = project(folder, datasets)
            write_runs(plan, ResultPaths(folder / "results/many"))
            found = list(commands(folder))
            seconds[len(plan.runs)] = {name: took for name, took, _ in found}
            if datasets > 1:
                readings.append(ratio_of_readings(plan, ResultPaths(folder / "results/many")))
    (few, few_seconds), (many, many_seconds) = seconds.items()
    growth = sum(many_seconds.values()) / many / (sum(few_seconds.values()) / few)
    details = {f"{name} of {runs:,}, s": took for runs, each in seconds.items() for name, took in each.items()}
    peaks = {f"{name}, MB": peak / 1e6 for name, _, peak in found}
    return [
        Ratio(f"measuring, comparing and drawing: a run of {many:,} / a run of {few:,}", growth, 1.0, details),
        Ratio(f"{many:,} runs: peak memory / 2 GiB", max(peak for *_, peak in found) / BYTES, 1.0, peaks),
        *readings,
    ]


if __name__ == "__main__":
    # Run by hand, the benchmark keeps its folder for inspection or profiling.
    kept = Path(sys.argv[1])
    write_runs(project(kept, int(sys.argv[2])), ResultPaths(kept / "results/many"))
    print(*commands(kept), sep="\n")
