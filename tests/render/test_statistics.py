"""Tables of the sizes of data sets."""

import pandas as pd
import pytest

STATISTICS = {
    "title": "Data sets",
    "datasets": {"phantom": {"images": 33, "classes": 3}, "jaffe": {"images": 213, "classes": 6}},
}


@pytest.mark.parametrize("stand_ins", [False, True])
def test_published_sizes_are_next_to_those_of_the_registry_and_of_the_images(project, stand_ins):
    datasets = ["phantom", "jaffe"]
    project.configure(
        {"datasets": datasets, "statistics": {"tiny-sets": STATISTICS}, "figures": None},
        stand_ins=stand_ins,
        stand_in_size=12,
    )
    for command in (["plan", "--write"], ["fetch", "--config", "config.yaml"], ["measure"], ["compare"]):
        project.medattn(*command)  # nothing is trained: the table needs no run
    assert project.medattn("render", "--table", "tiny-sets") == 0
    rows = pd.read_csv(project.results.tables / "tiny-sets.csv", keep_default_na=False).set_index("dataset")
    phantom = rows.loc["phantom"]
    assert (phantom["published_images"], phantom["registry_images"], int(phantom["images"])) == (33, 32, 32)
    assert (phantom["published_classes"], phantom["registry_classes"]) == (3, 2)
    assert (int(phantom["train"]), int(phantom["test"]), phantom["val"], phantom["stand_in"]) == (20, 12, "", False)
    jaffe, text = rows.loc["jaffe"], (project.results.tables / "tiny-sets.md").read_text()
    assert jaffe["stand_in"] == stand_ins
    assert (str(jaffe["images"]) == "213") == stand_ins
    assert ("not available" in jaffe["reason"]) != stand_ins
    assert ("†" in text) == stand_ins
    assert ("not available" in text) != stand_ins


def test_unknown_data_sets_and_names_of_other_tables_are_refused(project, capsys):
    for statistics, said in (
        ({"tiny-sets": {**STATISTICS, "datasets": {"jaff": {"images": 1, "classes": 2}}}}, "did you mean 'jaffe'"),
        ({"tiny-table": STATISTICS}, "'tiny-table' is also the name of a table"),
    ):
        project.configure({"statistics": statistics})
        assert project.medattn("plan") == 2
        assert said in capsys.readouterr().err
