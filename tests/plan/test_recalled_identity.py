"""Images that are gone with all that was prepared from them: the plan of the results folder still names their runs."""

import json
import shutil

from tests.workflow.test_shared_images import scanned, select


def runs(project):
    plan = json.loads((project.root / "results/first/plan.json").read_text())
    return list(plan["runs"]), {cell["missing"] for cell in plan["cells"].values()}


def test_runs_keep_their_names_when_images_and_prepared_images_are_gone(project):
    select(project, "first", scanned(project.root / "images"))
    assert project.medattn("plan", "--write", "--config", "first.yaml") == 0
    named, missing = runs(project)
    assert missing == {None}
    shutil.rmtree(project.root / "images")
    shutil.rmtree(project.root / "data", ignore_errors=True)
    for _ in range(2):
        assert project.medattn("plan", "--write", "--config", "first.yaml") == 0
        again, missing = runs(project)
        assert again == named
        assert None not in missing


def test_other_settings_of_the_data_set_recall_nothing(project):
    select(project, "first", scanned(project.root / "images"))
    assert project.medattn("plan", "--write", "--config", "first.yaml") == 0
    named, _ = runs(project)
    shutil.rmtree(project.root / "images")
    config = project.root / "first.yaml"
    config.write_text(config.read_text().replace("size: 12", "size: 13"))
    assert project.medattn("plan", "--write", "--config", "first.yaml") == 0
    assert runs(project)[0] != named


def test_a_wrong_original_is_a_reason_to_skip_and_runs_keep_their_names(project, capsys):
    select(project, "first", scanned(project.root / "images"))
    assert project.medattn("plan", "--write", "--config", "first.yaml") == 0
    named, _ = runs(project)
    capsys.readouterr()
    with (project.root / "images/images.csv").open("a") as table:
        table.write("\n0.png,sick,train\n")
    assert project.medattn("plan", "--write", "--config", "first.yaml") == 0
    assert "unknown class 'sick'" in capsys.readouterr().out
    again, missing = runs(project)
    assert again == named
    assert None not in missing
