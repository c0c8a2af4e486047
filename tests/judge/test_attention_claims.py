"""Statements about attention maps are measured on the maps that runs save."""

import numpy as np
import pytest
import yaml
from safetensors.numpy import load_file

from medattn.measure.attention_overlap import attention_overlap
from medattn.result_tables import CLAIMS, read_table

NET = {"model": "timm/test_resnet", "input_size": 32}
GATE = {"table": "tiny-table", "arm": "gate"}
SAID = [
    {"says": "resembles", "what": "resembles_before_learning", "table": "tiny-table", "arm": "gsa"},
    {"says": "closer", "what": "closer_after_learning", "table": "tiny-table", "arm": "gsa"},
    {"says": "differs", "what": "differs_between_images", **GATE},
    {"says": "deeper", "what": "spreads_in_depth", **GATE},
    {"says": "calmer", "what": "fluctuates_less_after_normalization", **GATE},
]


@pytest.fixture
def judged(project):
    project.configure(
        {"backbones": {"net": NET}, "arms": {"vanilla": None, "gate": {"mechanism": "ppcr"}}, "figures": None},
        seeds=[0, 1, 2],
        pack=40,
    )
    (project.root / "papers" / "tiny" / "facts.yaml").write_text(
        yaml.safe_dump({"attention": SAID, "left_open": ["datasets.phantom"]})
    )
    project.plan()
    for command in ("train", "tune", "train", "measure", "judge"):
        assert project.medattn(command) == 0
    return project, read_table(project.results.claims, CLAIMS)


def test_statements_about_attention_are_compared_seed_by_seed(judged):
    project, table = judged
    by_statement = table.groupby("statement")
    assert by_statement.size().to_dict() == {"calmer": 1, "closer": 1, "deeper": 2, "differs": 1, "resembles": 1}
    assert (table["n"] == 3).all() and table["measured"].notna().all()
    assert set(table["verdict"]) <= {"reproduced", "not reproduced", "inconclusive"}
    assert table["claim"].is_unique

    plan = project.plan()
    (runs,) = [plan.runs_of(cell, "train") for cell in plan.cells if cell.endswith(".gsa")]
    images = load_file(project.root / plan.cells[runs[0].cell].prepared / "images.safetensors")
    region = images["region"].astype(bool)
    gains = []
    for run in runs:
        maps = load_file(project.files(run.id).maps)
        places = np.arange(32) * len(region) // 32
        large = region[np.ix_(places, places)]
        gains.append(100 * (attention_overlap(maps["after"], large).auc - attention_overlap(maps["before"], large).auc))
    closer = by_statement.get_group("closer").iloc[0]
    assert closer["measured"] == pytest.approx(np.mean(gains))
    assert closer["against"] == "before training" and len(closer["runs"].split(";")) == 6


def test_missing_maps_are_given_as_the_reason(judged):
    project, _ = judged
    for path in project.results.folder.rglob("attention.safetensors"):
        path.write_bytes(b"damaged")
    assert project.medattn("judge", "--allow-fewer") == 0
    table = read_table(project.results.claims, CLAIMS).set_index("statement")
    lost = table.loc[["calmer", "deeper", "differs"]]
    assert set(lost["verdict"]) == {"not measured"}
    assert lost["reason"].str.contains("no run has saved the maps").all()
