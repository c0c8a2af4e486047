"""Real training on phantoms: attention finds the planted region, and its placebos do not."""

import pytest

from medattn.result_tables import COMPARISONS, read_table, rows_of
from tests.conftest import Project

PAPER = {
    "backbones": {"net": {"model": "timm/test_resnet", "input_size": 28}},
    "arms": {"gsa": {"options": {"channels": 16, "cutoff_epoch": 8}, "placebos": ["frozen", "constant"]}},
    "recipe": {"epochs": 12, "batch_size": 32, "learning_rate": 0.001},
    "protocol": {"kind": "fixed_epoch", "folds": None, "measured_epochs": None},
    "figures": None,
}
PHANTOM = {"size": 28, "counts": {"train": [80, 80, 80], "test": [40, 40, 40]}}


@pytest.mark.heavy
def test_attention_beats_vanilla_and_its_placebos_where_one_region_holds_the_information(project: Project):
    datasets = {"phantom": {"source": PHANTOM, "classes": ["none", "mild", "severe"]}}
    project.configure(PAPER, datasets=datasets, seeds=[0, 1, 2])
    for command in ("train", "measure", "compare"):
        assert project.medattn(command) == 0
    table = read_table(project.results.comparisons, COMPARISONS)
    rows = rows_of(table, metric="accuracy", procedure="runs", test="permutation").set_index(["arm", "against"])
    gains = {against: rows.loc[("gsa", against), "difference"] for against in ("vanilla", "gsa-frozen", "gsa-constant")}
    assert min(gains.values()) > 8, gains
    # The gain of a placebo over vanilla is at most a part of that of attention.
    for placebo in ("gsa-frozen", "gsa-constant"):
        assert rows.loc[(placebo, "vanilla"), "difference"] < 0.5 * gains["vanilla"]
    strengths = [
        project.record(run.id).get("placebo_strengths")
        for run in project.plan().runs.values()
        if "constant" in run.cell
    ]
    assert all(0 < found["attention"] < 1 for found in strengths), "the initialized map is near one half"
