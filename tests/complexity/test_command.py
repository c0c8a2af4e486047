"""`medattn complexity`: what it prints, for whom, and what it refuses."""

import csv
import io
import json

import pytest

from medattn.commands.complexity import __doc__ as manual
from medattn.complexity.rows import SPEED_COLUMNS
from medattn.result_tables import COMPLEXITY

FIRST = "paper,table,dataset,backbone,arm,published_params_m,params,published_gflops,gmacs,verdict"
PUBLISHED = (
    "paper,table,dataset,backbone,arm,split,metric,class_name,mean,std,unit,n_test,flags\n"
    "tiny,tiny-table,phantom,net,vanilla,model,params_m,,0.72,,M,,\n"
    "tiny,tiny-table,phantom,net,vanilla,model,gflops,,9.99,,G,,\n"
)


def rows(capsys) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(capsys.readouterr().out)))


def test_csv_has_the_promised_columns_and_a_row_a_cell(project, capsys):
    assert project.medattn("complexity", "--format", "csv") == 0
    out = capsys.readouterr().out
    assert out.startswith(FIRST + ",")
    found = list(csv.DictReader(io.StringIO(out)))
    assert [(row["dataset"], row["backbone"], row["arm"]) for row in found] == [
        ("phantom", "net", "vanilla"),
        ("phantom", "net", "gsa"),
    ]
    assert list(found[0]) == COMPLEXITY.columns
    assert {row["verdict"] for row in found} == {"not published"}


def test_counts_of_a_small_network(project, capsys):
    assert project.medattn("complexity", "--format", "csv") == 0
    vanilla, gsa = rows(capsys)
    # squeezenet1_1 without its head has 722,496 parameters; the head is a 1 x 1 convolution of 512 channels to 2.
    assert int(vanilla["params"]) == int(vanilla["trainable_params"]) == 722_496 + 2 * 513
    # K (9 N C + 1) + (K + 1) with K = 4 and 20 gray training images of the phantom
    assert int(gsa["params"]) - int(vanilla["params"]) == 4 * (9 * 20 + 1) + 5
    assert gsa["macs"] == vanilla["macs"]
    # once a step: 28 x 28 x K x (9 N) by the first convolution, 28 x 28 x K by the second
    assert (vanilla["macs_per_step"], int(gsa["macs_per_step"])) == ("0", 28 * 28 * 4 * (9 * 20 + 1))
    assert int(gsa["flops"]) == 2 * int(gsa["macs"])
    assert int(gsa["activation_bytes"]) > int(vanilla["activation_bytes"]) > 8 * 3 * 28 * 28 * 4


def test_memory_grows_with_the_batch(project, capsys):
    project.configure(papers={"tiny": {"arms": ["vanilla"]}})
    assert project.medattn("complexity", "--format", "csv") == 0
    project.configure(papers={"tiny": {"arms": ["vanilla"], "recipe": {"batch_size": 16}}})
    before = int(rows(capsys)[0]["activation_bytes"])
    assert project.medattn("complexity", "--format", "csv") == 0
    assert int(rows(capsys)[0]["activation_bytes"]) == 2 * before


def test_published_values_get_a_verdict(project, capsys):
    (project.root / "papers" / "tiny" / "published.csv").write_text(PUBLISHED)
    assert project.medattn("complexity", "--format", "json") == 0
    vanilla, _ = json.loads(capsys.readouterr().out)
    assert (vanilla["published_params_m"], vanilla["counter_params"]) == ("0.72", "parameters")
    assert (vanilla["published_gflops"], vanilla["counter_gflops"]) == ("9.99", "")
    assert vanilla["verdict"] == "differs"
    assert "the nearest count" in vanilla["note"]


def test_text_is_a_table_with_a_summary(project, capsys):
    (project.root / "papers" / "tiny" / "published.csv").write_text(PUBLISHED)
    assert project.medattn("complexity") == 0
    out = capsys.readouterr().out
    assert "tiny, phantom (tiny-table)" in out
    assert "1 published rows: 1 differs" in out
    assert "FLOPs are twice that" in out


def test_only_what_is_asked_for_is_written(project, capsys):
    assert project.medattn("complexity") == 0
    assert not (project.root / "results").exists()
    assert project.medattn("complexity", "--write", "--format", "csv") == 0
    assert project.results.complexity.read_text() in capsys.readouterr().out


def test_a_frozen_plan_gives_the_same(project, capsys):
    project.plan()
    capsys.readouterr()
    assert project.medattn("complexity", "--format", "csv") == 0
    by_selection = capsys.readouterr().out
    assert project.medattn("complexity", "--plan", str(project.results.plan), "--format", "csv") == 0
    assert capsys.readouterr().out == by_selection


def test_speed_is_measured_where_it_is_asked_for(project, capsys):
    assert project.medattn("complexity", "--speed", "--repeats", "2", "--format", "csv") == 0
    for row in rows(capsys):
        assert list(row) == [*COMPLEXITY.columns, *SPEED_COLUMNS]
        assert float(row["training_images_per_second"]) > 0
        assert float(row["inference_images_per_second"]) > 0
        assert (row["repeats"], row["device"]) == ("2", "CPU")


def test_what_cannot_be_counted_says_why(project, capsys):
    mine = {"title": "Mine", "source": {"kind": "folder", "size": 28}, "classes": ["a", "b"]}
    project.configure(
        {"arms": {"svm": {"classifier": "svm"}}}, datasets={"mine": mine}, papers={"tiny": {"datasets": ["mine"]}}
    )
    assert project.medattn("complexity", "--format", "csv") == 0
    found = {row["arm"]: row for row in rows(capsys)}
    assert (found["svm"]["verdict"], found["svm"]["params"]) == ("not counted", "")
    assert found["svm"]["note"] == "a classifier on pixels, not a network"
    # A map for all images needs no number of images, the pixel CNN does; the registry does not say it of these.
    assert "depends on the number of training images" in found["gsa"]["note"]
    assert int(found["vanilla"]["params"]) > 0


@pytest.mark.parametrize(
    ("selection", "message"),
    [
        ({"papers": {"tinny": {}}}, "unknown paper 'tinny'"),
        ({"papers": {"tiny": {"arms": ["vanila"]}}}, "did you mean 'vanilla'"),
    ],
)
def test_a_wrong_selection_is_one_line_and_code_2(project, capsys, selection, message):
    project.configure(papers=None)
    project.configure(**({"papers": None} | selection))
    text = (project.root / "config.yaml").read_text()
    assert "papers" in text
    assert project.medattn("complexity") == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert message in captured.err
    assert captured.err.count("\n") == 1


def test_no_such_selection_and_no_repeats(project, capsys):
    assert project.medattn("complexity", "--config", "absent.yaml") == 2
    assert project.medattn("complexity", "--repeats", "0") == 2
    assert capsys.readouterr().err.splitlines()[-1] == "medattn: --repeats: must be at least 1"


def test_help_says_what_every_counter_leaves_out():
    for word in ("params", "gmacs", "C1, C2, C3", "memory", "matches", "differs", "--speed", "--write"):
        assert word in manual
