"""comparisons.csv from kept scores: models, folds, families and margins."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import save_file

from medattn.files import sha256_of_file
from medattn.result_tables import COMPARISONS, read_table, rows_of
from tests.conftest import Project

EPOCHS, IMAGES = 4, 40
NETS = {name: {"model": "torchvision/squeezenet1_1", "input_size": 28} for name in ("net", "other")}
ARMS = {"vanilla": {}, "gsa": {"mechanism": "gsa"}, "gsa-wide": {"mechanism": "gsa", "options": {"channels": 8}}}
SKILL = {"vanilla": 0.5, "gsa": 1.5, "gsa-wide": 1.6}


def scores_of(arm: str, seed: int, fold: int | None) -> dict[str, np.ndarray]:
    """The first epoch's scores are those of a perfect model."""
    count = IMAGES if fold is None else 20 + 10 * fold
    start = 100 if fold is None else [0, 20][fold]
    labels = np.arange(count) % 2
    random = np.random.default_rng([seed, fold or 0, len(arm)])
    logits = random.normal(0, 1, (EPOCHS, count, 2)) + SKILL[arm] * np.eye(2)[labels]
    logits[0] = 9 * np.eye(2)[labels]
    return {"scores": logits.astype(np.float32), "labels": labels, "images": np.arange(start, start + count)}


def trained(project: Project) -> None:
    """Leave what training leaves: scores and their record."""
    for run in project.plan().runs.values():
        if run.stage == "train":
            files = project.files(run.id)
            files.folder.mkdir(parents=True)
            save_file(scores_of(run.cell.split(".")[3], run.seed, run.fold), files.scores)
            outputs = {"scores.safetensors": {"sha256": sha256_of_file(files.scores)}}
            record = {"status": "ok", "epochs": EPOCHS, "seconds": 1.0, "outputs": outputs}
            files.record.write_text(json.dumps(record))


def compared(project: Project) -> pd.DataFrame:
    assert project.medattn("measure") == 0
    assert project.medattn("compare") == 0
    return read_table(project.results.comparisons, COMPARISONS)


@pytest.fixture
def paper(project: Project) -> dict:
    families = {"width": {"arms": ["gsa-wide"], "against": "gsa"}}
    return {"arms": {**ARMS}, "families": families, "figures": None, "recipe": {"epochs": EPOCHS}}


def test_models_are_compared_on_their_test_images(project: Project, paper: dict) -> None:
    paper["protocol"] = {"kind": "fixed_epoch", "folds": None, "measured_epochs": None}
    paper["metrics"] = ["auc", "recall", "kappa_quadratic"]
    project.configure(paper, seeds=[0, 1, 2])
    trained(project)
    table = compared(project)
    tests = rows_of(table, arm="gsa", procedure="images")
    assert {tuple(row) for row in tests[["metric", "class_name", "test"]].drop_duplicates().to_numpy()} == {
        ("accuracy", "", "mcnemar"),
        ("accuracy", "", "bootstrap"),
        ("auc", "", "delong"),
        ("auc", "", "bootstrap"),
        *(("recall", name, "bootstrap") for name in ("healthy", "ill", "mean")),
        ("kappa_quadratic", "", "bootstrap"),
    }
    # A fixed epoch is the last one, and the models are those of the first seed.
    right = [scores_of(arm, 0, None)["scores"][-1].argmax(1) == np.arange(IMAGES) % 2 for arm in ("gsa", "vanilla")]
    expected = 100 * (right[0].mean() - right[1].mean())
    for name in ("mcnemar", "bootstrap"):
        row = rows_of(tests, metric="accuracy", test=name).iloc[0]
        assert (row["n"], row["difference"]) == (IMAGES, pytest.approx(expected))
    assert rows_of(tests, test="bootstrap")["low"].notna().all()
    margins = table.dropna(subset=["margin"]).groupby("metric")["margin"].unique()
    assert margins["accuracy"] == [1.0]
    assert margins["kappa_quadratic"] == [0.01]
    _check_families(table)
    _check_scores_must_be_the_same_images(project)


def _check_families(table: pd.DataFrame) -> None:
    pairs = table[["arm", "against", "family"]].drop_duplicates().to_numpy().tolist()
    assert pairs == [["gsa", "vanilla", "main"], ["gsa-wide", "gsa", "width"]]
    # Each family has one comparison of a kind here: nothing to correct for.
    tested = rows_of(table, procedure="runs", test="permutation")
    assert (tested["p_adjusted"] == tested["p"]).all()


def _check_scores_must_be_the_same_images(project: Project) -> None:
    run = next(run for run in project.plan().runs.values() if run.cell.endswith(".gsa") and run.seed == 0)
    files = project.files(run.id)
    save_file({**scores_of("gsa", 0, None), "images": np.arange(IMAGES)}, files.scores)
    assert project.medattn("compare") == 2  # not the file of the record
    record = json.loads(files.record.read_text())
    record["outputs"]["scores.safetensors"]["sha256"] = sha256_of_file(files.scores)
    files.record.write_text(json.dumps(record))
    assert project.medattn("compare") == 2  # the tests of models would get lost
    assert project.medattn("compare", "--allow-fewer") == 0
    rows = rows_of(read_table(project.results.comparisons, COMPARISONS), procedure="images", arm="gsa")
    assert set(rows["note"]) == {"the models were scored on different test images"}


def test_folds_are_replicates_with_their_real_sizes(project: Project, paper: dict) -> None:
    paper["protocol"] = {"kind": "cross_validation", "folds": 2, "measured_epochs": None}
    paper["backbones"] = NETS
    paper["families"] = {"nets": {"arms": ["vanilla"], "against": "gsa", "against_backbone": "other"}}
    paper["arms"]["gsa-wide"] = None
    project.configure(paper, seeds=[0, 1])
    trained(project)
    table = compared(project)
    row = rows_of(table, test="nadeau_bengio", backbone="net", arm="vanilla").iloc[0]
    assert (row["against"], row["against_backbone"], row["family"]) == ("gsa", "other", "nets")
    assert row["n"] == 4  # two folds of two cross-validations
    assert f"1/4 + {(20 / 30 + 30 / 20) / 2:.4g}" in row["note"]
    folds = rows_of(table, procedure="folds", test="permutation")
    assert folds["note"].str.contains("folds share training images").all()
    assert set(rows_of(table, procedure="runs", test="permutation")["n"]) == {2}
    # The models of all folds together have scored every image.
    assert set(rows_of(table, procedure="images")["n"]) == {50}


def test_the_model_is_that_of_the_epoch_which_is_ranked_first(project: Project, paper: dict) -> None:
    paper["arms"]["gsa-wide"], paper["families"] = None, None
    project.configure(paper, seeds=[0])
    trained(project)
    folder = Path(project.results.tuned("tiny.phantom.net")).parent
    folder.mkdir()
    epochs = {"vanilla": [3, 1], "gsa": [1, 2]}
    cells = {f"tiny.phantom.net.{arm}": {"all": {"grid_point": {}, "epochs": epochs[arm]}} for arm in epochs}
    (folder / "tiny.phantom.net.json").write_text(json.dumps({"cells": cells}))
    table = compared(project)
    vanilla = scores_of("vanilla", 0, None)["scores"][2].argmax(1) == np.arange(IMAGES) % 2
    row = rows_of(table, test="mcnemar").iloc[0]
    assert row["difference"] == pytest.approx(100 * (1 - vanilla.mean()))  # gsa's first epoch makes no mistake


@pytest.mark.parametrize(
    ("families", "said"),
    [
        ({"one": {"arms": ["gsaa"]}}, "families.one.arms: unknown arm 'gsaa'"),
        ({"one": {"arms": ["gsa"], "against": "vanila"}}, "families.one.against: unknown arm 'vanila'"),
        ({"one": {"arms": ["gsa"]}, "two": {"arms": ["gsa"]}}, "the arm 'gsa' is in 'one' and in 'two'"),
        ({"one": {"arms": ["gsa"], "against": "gsa"}}, "compares the arm 'gsa' with itself"),
        ({"main": {"arms": ["gsa"]}}, "'main' is reserved for comparisons without a family"),
    ],
)
def test_wrong_families_are_refused_in_a_line(project: Project, capsys, families: dict, said: str) -> None:
    project.configure({"families": families})
    assert project.medattn("plan") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line
