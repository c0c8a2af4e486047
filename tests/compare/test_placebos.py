"""An effect of attention and an effect of its placebo are told apart, over runs paired by seed."""

import json

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import save_file

from medattn.files import sha256_of_file
from medattn.result_tables import COMPARISONS, read_table, rows_of
from tests.conftest import Project

IMAGES, SEEDS = 400, range(10)


def compared(project: Project, skill: dict[str, float]) -> pd.DataFrame:
    """Compare arms whose runs classify with this skill, and with a part that all arms of a seed share."""
    keys = {"kind": "fixed_epoch", "folds": None, "measured_epochs": None}
    arms = {"gsa": {"placebos": ["frozen", "constant"]}}
    project.configure({"arms": arms, "protocol": keys, "figures": None}, seeds=list(SEEDS))
    for run in project.plan().runs.values():
        arm = run.cell.split(".")[3]
        labels = np.arange(IMAGES) % 2
        shared = np.random.default_rng([run.seed]).normal(0, 0.1)
        noise = np.random.default_rng([run.seed, sorted(skill).index(arm)]).normal(0, 1, (2, IMAGES, 2))
        scores = (noise + (skill[arm] + shared) * np.eye(2)[labels]).astype(np.float32)
        files = project.files(run.id)
        files.folder.mkdir(parents=True)
        save_file({"scores": scores, "labels": labels, "images": np.arange(IMAGES)}, files.scores)
        outputs = {"scores.safetensors": {"sha256": sha256_of_file(files.scores)}}
        files.record.write_text(json.dumps({"status": "ok", "epochs": 2, "seconds": 1.0, "outputs": outputs}))
    assert project.medattn("measure") == 0
    assert project.medattn("compare") == 0
    table = read_table(project.results.comparisons, COMPARISONS)
    return rows_of(table, metric="accuracy", procedure="runs", test="permutation").set_index(["arm", "against"])


@pytest.mark.parametrize(("placebo_skill", "gain", "placebo_gain"), [(1.0, True, False), (2.0, False, True)])
def test_an_effect_of_attention_and_one_of_its_placebo_are_told_apart(project, placebo_skill, gain, placebo_gain):
    skill = {"vanilla": 1.0, "gsa": 2.0, "gsa-frozen": placebo_skill, "gsa-constant": placebo_skill}
    table = compared(project, skill)
    assert set(table.index) == {
        ("gsa", "vanilla"),
        *(pair for placebo in ("gsa-frozen", "gsa-constant") for pair in (("gsa", placebo), (placebo, "vanilla"))),
    }
    assert table.loc[("gsa", "vanilla"), "p"] < 0.01, "against vanilla alone, both look like an effect of attention"
    for placebo in ("gsa-frozen", "gsa-constant"):
        assert (table.loc[("gsa", placebo), "p_adjusted"] < 0.05) == gain
        assert (table.loc[(placebo, "vanilla"), "p_adjusted"] < 0.05) == placebo_gain
