"""Diverged, failed and skipped runs, and their rows in later stages."""

import csv
import json

import pytest

from medattn.training import classifier as classifiers
from tests.conftest import Project

WELL, BADLY = 0.001, 1e30
CLASSIFIER = {"lr": {"classifier": "logistic_regression"}}


def endings(project: Project) -> dict[str, str]:
    """Status of each run by arm, stage and grid point."""
    statuses = {}
    for run in project.plan().runs.values():
        point = (run.grid_point or {}).get("recipe.learning_rate", "")
        statuses[f"{run.cell.rpartition('.')[2]} {run.stage} {point}".strip()] = project.record(run.id)["status"]
    return statuses


@pytest.mark.slow
def test_a_diverged_grid_point_is_left_out_and_a_diverged_arm_is_not_measured(project):
    grid = {"recipe.learning_rate": [BADLY, WELL]}
    arms = {
        "vanilla": {"grid": grid},
        "gsa": {"grid": {"recipe.learning_rate": [BADLY]}, "options": {"cutoff_epoch": 0}},
    }
    project.configure({"arms": arms, "recipe": {"epochs": 3}})
    assert project.medattn("train") == 0
    assert endings(project) == {
        f"vanilla tune {BADLY}": "diverged",
        f"vanilla tune {WELL}": "ok",
        "vanilla train": "ok",
        f"gsa tune {BADLY}": "diverged",
        "gsa train": "skipped",
    }
    diverged = next(run.id for run in project.plan().runs.values() if "gsa" in run.cell and run.stage == "tune")
    record = project.record(diverged)
    assert record["reason"] == f"the loss is no finite number after epoch {record['epochs']}"
    with project.files(diverged).history.open() as stream:
        history = list(csv.DictReader(stream))
    assert len(history) == record["epochs"] <= 3
    assert history[-1]["train_loss"] in ("nan", "inf")
    assert not project.files(diverged).checkpoint.exists()

    cells = json.loads(project.results.tuned("tiny.phantom.net").read_text())["cells"]
    vanilla, gsa = (cells[f"tiny.phantom.net.{arm}"]["all"] for arm in ("vanilla", "gsa"))
    assert vanilla["grid_point"] == {"recipe.learning_rate": WELL}
    assert [candidate["validation_accuracy"] is None for candidate in vanilla["candidates"]] == [True, False]
    assert gsa["grid_point"] is None
    assert gsa["reason"].startswith("every grid point diverged (tiny.phantom.net.gsa/tune-s0")

    before = project.outputs()
    for command in ("train", "measure", "compare"):
        assert project.medattn(command) == 0
    assert project.outputs() == before
    with project.results.measurements.open() as stream:
        rows = {(row["arm"], row["procedure"]): row for row in csv.DictReader(stream)}
    assert rows["vanilla", "runs"]["status"] == "measured"
    for procedure in ("epochs", "runs"):
        row = rows["gsa", procedure]
        assert (row["status"], row["value"]) == ("not measured", "")
        assert row["reason"].startswith("skipped: every grid point diverged")
    assert "the loss is no finite number after epoch" in rows["gsa", "runs"]["reason"]


def test_a_failed_run_leaves_its_reason_the_others_go_on_and_the_next_call_tries_again(project, monkeypatch, capsys):
    arms = {"vanilla": None, "gsa": None, **CLASSIFIER, "svm": {"classifier": "svm"}}
    project.configure({"arms": arms, "backbones": None, "figures": None})

    def fail(arm, *rest):
        if arm.classifier == "svm":
            return original(arm, *rest)
        raise RuntimeError("a bug\nin two lines")

    original = classifiers._classifier
    monkeypatch.setattr(classifiers, "_classifier", fail)
    assert project.medattn("train") == 1
    lr, svm = project.plan().runs
    err = capsys.readouterr().err.splitlines()
    last = [line for line in err if line.startswith("medattn: ")]
    assert len(last) == 1
    assert "1 of 2 runs of the pack" in last[0] and last[0].endswith(f"results/trial/runs/{lr}/failure.json")
    assert project.record(svm)["status"] == "ok"
    failure = json.loads(project.files(lr).failure.read_text())
    assert failure["reason"] == "RuntimeError: a bug\nin two lines"
    assert "Traceback" in failure["traceback"]
    assert not project.files(lr).record.exists()
    pack = next(iter(project.plan().packs.values()))
    assert not project.results.pack(pack.id).exists()
    assert project.medattn("train", "--plan", str(project.results.plan), "--pack", pack.id) == 2

    # What is there is measured; what failed says why.
    assert project.medattn("measure") == 0
    with project.results.measurements.open() as stream:
        rows = {(row["arm"], row["procedure"]): row for row in csv.DictReader(stream)}
    assert rows["lr", "runs"]["reason"] == "failed: RuntimeError: a bug in two lines"
    assert rows["svm", "runs"]["status"] == "measured"

    monkeypatch.undo()
    monkeypatch.chdir(project.root)
    stamp = project.files(svm).record.stat().st_mtime_ns
    assert project.medattn("train") == 0
    assert project.record(lr)["status"] == "ok"
    assert not project.files(lr).failure.exists()
    assert project.files(svm).record.stat().st_mtime_ns == stamp
    assert json.loads(project.results.pack(pack.id).read_text())["runs"][lr]["status"] == "ok"


def test_networks_that_cannot_be_made_fail_their_runs_and_no_other(project, capsys):
    # The plan does not know the smallest image of alexnet, nor the parts of a network.
    backbones = {
        "large": {"model": "torchvision/alexnet"},
        "net": {"model": "timm/test_resnet", "input_size": None},
        "part": {"model": "timm/test_resnet", "input_size": None, "trainable": ["layer5"]},
    }
    protocol = {"kind": "fixed_epoch", "folds": None, "measured_epochs": None}
    project.configure({"backbones": backbones, "arms": {"gsa": None}, "protocol": protocol, "figures": None})
    assert project.medattn("train") == 1
    large, net, part = sorted(project.plan().runs)
    assert "2 of 3 runs of the pack" in capsys.readouterr().err
    assert project.record(net)["status"] == "ok"
    reasons = [json.loads(project.files(run).failure.read_text())["reason"] for run in (large, part)]
    assert reasons[0].startswith("Skipped: torchvision/alexnet can't be trained on images of 12 x 12 px: ")
    assert reasons[1] == ("Skipped: trainable: unknown part of timm/test_resnet 'layer5'; did you mean 'layer4'?")


def test_a_lack_of_memory_is_one_line(project, monkeypatch, capsys):
    project.configure({"arms": {"vanilla": None, "gsa": None, **CLASSIFIER}, "backbones": None, "figures": None})
    monkeypatch.setattr(classifiers, "_classifier", lambda *_: (_ for _ in ()).throw(MemoryError()))
    assert project.medattn("train") == 1
    (run,) = project.plan().runs
    assert json.loads(project.files(run).failure.read_text())["reason"] == "out of memory"
    assert "1 of 1 runs of the pack " in (err := capsys.readouterr().err)
    assert "failed, 1 of them out of memory; the reason of the first is in" in err
