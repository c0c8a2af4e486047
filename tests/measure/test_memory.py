"""Measuring and comparing the largest cell of the default plan fits into the memory that the rules request.

Made-up cells with a small share of its images are measured, and the peak is extrapolated to all of them.
"""

import re
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from medattn.config.load import read_configuration
from medattn.datasets.tensor_file import write_tensors
from medattn.files import sha256_of_file, write_json
from medattn.plan.expand import make_plan
from medattn.plan.image_counts import images_of_run
from medattn.plan.stand_ins import planned_entries
from medattn.training import score_file
from medattn.training.history import EpochRow, write_history
from tests.conftest import Project

SHARES = (0.025, 0.05)
LIBRARIES = 400e6
"""Bytes of Python with pandas, matplotlib and scikit-learn."""
EPOCHS, VALIDATION_SHARE = 14, 1 / 3


def largest_cell(root: Path) -> tuple[float, int]:
    """Return the number of scored images and of classes of the run of the default plan with the largest scores."""
    configuration = read_configuration(root / "config.yaml", root)
    plan = make_plan(configuration, as_if_available=True)
    entries = planned_entries(plan, configuration)
    found = []
    for run in plan.runs.values():
        cell = plan.cells[run.cell]
        entry = entries[cell.dataset]
        found.append((images_of_run(run, cell, entry.known_images()).scored, len(entry.classes)))
    return max(found, key=lambda one: one[0] * one[1])


def requested(root: Path, rule: str) -> float:
    """Return the bytes that a rule requests at its first attempt."""
    for path in (root / "workflow/rules").glob("*.smk"):
        if (found := re.search(rf'{re.escape(rule)}[:"].*?mem_mb=\D*?(\d+)', path.read_text(), re.DOTALL)) is not None:
            return float(found[1]) * 1e6
    raise AssertionError(rule)


def write_run(project: Project, run: str, images: int, classes: int) -> None:
    """Write a finished run with made-up scores at all epochs."""
    files, random = project.files(run), np.random.default_rng(len(run))
    files.folder.mkdir(parents=True)
    labels = np.arange(images) % classes
    tests = images - round(images * VALIDATION_SHARE)
    scores = random.random((EPOCHS, images, classes), dtype=np.float32) ** 8
    scores /= scores.sum(axis=2, keepdims=True)
    right = scores.argmax(2) == labels
    rows = [
        EpochRow(n + 1, 0.1, 1.0, 0.0, 1, 2, int(one[:tests].sum()), tests, int(one[tests:].sum()), images - tests)
        for n, one in enumerate(right)
    ]
    write_history(files.history, rows, "test")
    arrays = {"scores": scores[:, :tests], "labels": labels[:tests], "images": np.arange(tests)}
    further = {"scores": scores[:, tests:], "labels": labels[tests:], "images": np.arange(tests, images)}
    write_tensors(files.scores, {**arrays, **{f"validation_{name}": array for name, array in further.items()}})
    outputs = {path.name: {"sha256": sha256_of_file(path)} for path in (files.scores, files.history)}
    write_json(files.record, {"status": "ok", "epochs": EPOCHS, "seconds": 1.0, "outputs": outputs})


def make_up(project: Project, images: int, classes: int) -> None:
    """Write the runs of two arms."""
    source = {"size": 12, "counts": {split: [2] * classes for split in ("train", "val", "test")}}
    metrics = ["accuracy", "auc", "kappa_quadratic", "calibration_error"]
    project.configure(
        {
            "arms": {"gsa": {"options": {"cutoff_epoch": 2}}},
            "protocol": {"kind": "best_validation_epoch", "folds": None, "measured_epochs": None},
            "tables": {"tiny-table": {"title": "t", "metrics": metrics}},
            "figures": {"tiny-figure": None, "roc": {"title": "r", "kind": "roc_curve", "arm": "gsa"}},
            "recipe": {"epochs": EPOCHS},
        },
        datasets={"phantom": {"source": source, "classes": [f"c{number}" for number in range(classes)]}},
    )
    for run in project.plan().runs:
        write_run(project, run, images, classes)


def peak_of(project: Project, command: list[str]) -> int:
    """Return the largest number of bytes that a command allocates at a time."""
    tracemalloc.start()
    assert project.medattn(*command) == 0
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


@pytest.mark.heavy
def test_the_largest_cell_fits_into_the_requested_memory(project_at, tmp_path, pytestconfig, monkeypatch):
    scored, classes = largest_cell(pytestconfig.rootpath)
    piece, in_memory = score_file._PIECE, score_file._IN_MEMORY
    peaks: dict[str, list[int]] = {"measure_runs": [], "compare_arms": [], "render_{paper}": []}
    for share in SHARES:
        project = project_at(tmp_path / str(share))
        make_up(project, round(scored * share), classes)
        monkeypatch.setattr(score_file, "_PIECE", round(piece * share))
        monkeypatch.setattr(score_file, "_IN_MEMORY", round(in_memory * share))
        figure = ["render", "--plan", str(project.results.plan), "--figure", "roc"]
        for rule, command in zip(peaks, (["measure"], ["compare"], figure), strict=True):
            peaks[rule].append(peak_of(project, command))
    for rule, (small, large) in peaks.items():
        slope = max(0.0, (large - small) / (SHARES[1] - SHARES[0]))
        whole = LIBRARIES + large + slope * (1 - SHARES[1])
        assert whole < requested(pytestconfig.rootpath, rule), f"{rule}: {whole / 1e6:.0f} MB"
