"""Official images, from the folder that MEDATTN_DATA names."""

import csv

import pytest
from safetensors.numpy import load_file

FILES = ("breastmnist", "retinamnist")


@pytest.mark.heavy
def test_gsa_and_vanilla_are_trained_and_measured_on_official_images(project, real_data):
    project.configure(
        {"datasets": list(FILES), "backbones": {"net": {"model": "timm/test_resnet", "input_size": None}},
         "recipe": {"batch_size": 32}},
        datasets={"phantom": None, **{name: {"path": str(real_data / f"{name}.npz")} for name in FILES}},
    )  # fmt: skip
    for command in ("train", "measure", "compare"):
        assert project.medattn(command) == 0
    plan = project.plan()
    assert len(plan.runs) == 2 * 2 * 3
    assert {project.record(run)["status"] for run in plan.runs} == {"ok"}
    for name, test_images in (("breastmnist", 156), ("retinamnist", 400)):
        run = next(r.id for r in plan.runs.values() if r.cell == f"tiny.{name}.net.gsa" and r.stage == "train")
        assert load_file(project.files(run).scores)["scores"].shape[:2] == (2, test_images)
        maps = load_file(project.files(run).maps)
        assert maps["before"].shape == maps["after"].shape == (28, 28)
        assert (maps["before"] != maps["after"]).any()
    with project.results.measurements.open() as stream:
        rows = [row for row in csv.DictReader(stream) if row["procedure"] == "epochs"]
    assert {row["status"] for row in rows} == {"measured"}
    accuracies = [float(row["value"]) for row in rows if row["metric"] == "accuracy"]
    # Chance is what the largest class would give; two epochs may learn little, but must not be worse than nonsense.
    assert len(accuracies) == 4 and min(accuracies) > 20
    # The grades of retinopathy are measured by kappa, too.
    assert [row["dataset"] for row in rows if row["metric"] == "kappa_quadratic"] == ["retinamnist"] * 2
    assert len(rows) == 4 + 2
