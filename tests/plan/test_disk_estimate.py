"""The disk that a selection takes is estimated from the plan, and a full file system is warned of."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from medattn.config.load import read_configuration
from medattn.plan import disk_estimate
from medattn.plan.disk_estimate import disk_lines, estimate_disk, image_bytes, size
from medattn.plan.expand import make_plan
from medattn.plan.graph import megabytes_of_run
from medattn.plan.image_counts import images_of_run
from medattn.plan.stand_ins import planned_entries


@pytest.fixture(scope="module")
def default(pytestconfig):
    root = pytestconfig.rootpath
    configuration = read_configuration(root / "config.yaml", root)
    return make_plan(configuration, as_if_available=True), configuration


def test_the_scores_of_all_papers_in_full_take_at_most_20_gb(default):
    found = estimate_disk(*default)
    assert 10e9 < found.scores < 20e9
    assert found.unknown == []
    # CIFAR-100 while it trains: 15,000 images, 100 classes, 150 epochs; VGG-16 with Adam: 138 million parameters.
    assert found.while_training == pytest.approx(max(4 * 15_000 * 100 * 150, 2 * 12 * 134.3e6), rel=0.05)


def test_the_images_of_a_run_are_those_that_its_protocol_divides(default):
    plan, configuration = default
    entries = planned_entries(plan, configuration)
    found = {}
    for run in plan.runs.values():
        cell = plan.cells[run.cell]
        images = images_of_run(run, cell, entries[cell.dataset].known_images())
        found[cell.dataset, run.stage] = (images.training, images.scored)
    assert found["cifar100", "train"] == (45_000, 15_000)  # a tenth of the training images is held out
    assert found["breastmnist", "train"] == (546, 78 + 156)
    assert found["dcm_t1_mapping", "train"] == (485 * 4 / 5, 485 / 5)
    assert found["idrid_dr", "tune"] == pytest.approx((413 * 4 / 5, 413 / 5))
    assert found["idrid_dr", "train"] == (413, 103)


def test_the_estimate_of_small_runs_is_the_size_of_their_files(project):
    project.configure({"protocol": {"kind": "fixed_epoch", "folds": None, "measured_epochs": None}}, seeds=[0, 1])
    assert project.medattn("train") == 0
    files = list(project.results.folder.glob("runs/*/*/scores.safetensors"))
    plan, configuration = project.plan(), read_configuration(Path("config.yaml"), Path())
    found, header = estimate_disk(plan, configuration), 400
    actual = sum(path.stat().st_size for path in files)
    assert found.scores == pytest.approx(actual, abs=header * len(files))
    assert found.prepared == 0, "the images are there"
    shutil.rmtree(project.root / "data" / "prepared")
    (entry,) = (planned_entries(plan, configuration)["phantom"],)
    assert estimate_disk(plan, configuration).prepared == image_bytes(entry) == 32 * 12 * 12


def test_the_plan_says_how_much_disk_it_takes(project, capsys, monkeypatch):
    assert project.medattn("plan") == 0
    (line,) = (line for line in capsys.readouterr().out.splitlines() if line.startswith("  disk:"))
    assert "of scores" in line and "of images to prepare" in line
    monkeypatch.setattr(disk_estimate.shutil, "disk_usage", lambda folder: SimpleNamespace(free=5_000))
    assert project.medattn("plan") == 0
    (warning,) = (line for line in capsys.readouterr().out.splitlines() if "warning: results is on" in line)
    assert "5 kB free" in warning and "free some space, or choose another folder" in warning


def test_a_file_system_that_tells_nothing_is_no_warning(default, monkeypatch):
    def fails(folder):
        raise OSError

    monkeypatch.setattr(disk_estimate.shutil, "disk_usage", fails)
    plan, configuration = default
    assert [line for line in disk_lines(estimate_disk(plan, configuration), configuration) if "warning" in line] == []


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 kB"), (12_345, "12 kB"), (3_456_789, "3.5 MB"), (16.7e9, "16.7 GB"), (2.5e12, "2.5 TB")]
)
def test_sizes_are_read_at_a_glance(count, text):
    assert size(count) == text


def test_a_training_job_requests_memory_for_its_images(default):
    plan, configuration = default
    for name, entry in planned_entries(plan, configuration).items():
        assert megabytes_of_run(entry) * 1e6 >= 7e9 + image_bytes(entry), name


def test_scores_of_many_classes_are_estimated_as_they_are_stored(default):
    plan, configuration = default
    entries = planned_entries(plan, configuration)
    for run in plan.runs.values():
        cell = plan.cells[run.cell]
        images = images_of_run(run, cell, entries[cell.dataset].known_images())
        classes = len(entries[cell.dataset].classes)
        estimated = disk_estimate.scores_bytes(run, cell, images, classes)
        assert estimated <= disk_estimate.all_epochs_bytes(cell, images, classes) + np.ceil(16 * images.scored)
