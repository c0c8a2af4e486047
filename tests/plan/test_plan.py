import csv
import json
from collections import Counter

import pytest

from medattn.layout import ResultPaths
from medattn.plan.model import Plan
from medattn.plan.plan_file import read_plan
from medattn.plan.progress import progress_of
from medattn.plan.show import COLUMNS
from tests.conftest import SELECTION, Project

ARMS = {
    "vanilla": {"grid": {"recipe.weight_decay": [0.1, 0.01, 0.001]}},
    "gsa": {"grid": {"options.channels": [2, 4], "options.coefficient": [0.1, 0.01]}},
    "lr": {"classifier": "logistic_regression", "grid": {"options.c": [0.1, 1.0]}},
    "svm": {"classifier": "svm"},
}
PAPER = {"arms": ARMS, "protocol": {"folds": 3}}


def planned(project: Project, paper=PAPER, **selection) -> Plan:
    project.configure(paper, **selection)
    return project.plan()


def counts(plan: Plan) -> Counter:
    return Counter((run.cell.removeprefix("tiny.phantom."), run.stage) for run in plan.runs.values())


def test_a_cell_has_a_tuning_run_per_fold_and_grid_point_and_a_measured_run_per_seed(project):
    plan = planned(project, seeds=[5, 6, 7])
    assert counts(plan) == {
        ("none.lr", "tune"): 3 * 2,
        ("none.lr", "train"): 1,
        ("none.svm", "train"): 1,
        ("net.vanilla", "tune"): 3 * 3,
        ("net.vanilla", "train"): 3,
        ("net.gsa", "tune"): 3 * 4,
        ("net.gsa", "train"): 3,
    }
    assert {run.seed for run in plan.runs.values() if run.stage == "tune"} == {5}
    gsa = [run for run in plan.runs.values() if run.cell.endswith("gsa") and run.stage == "tune"]
    assert len({(run.fold, json.dumps(run.grid_point)) for run in gsa}) == 12


def test_tune_each_cross_validates_every_seed_of_a_network(project):
    each = {**PAPER, "protocol": {"folds": 3, "tune": "each"}}
    found = counts(planned(project, each, seeds=[5, 6]))
    assert found["net.vanilla", "tune"] == 2 * 3 * 3
    assert found["none.lr", "tune"] == 3 * 2


def test_ordinal_classes_add_the_kappa_metric(project):
    grades = {"title": "Grades", "source": {"kind": "phantom", "counts": {"train": [9, 9], "test": [3, 3]}}}
    entries = {"grades": {**grades, "classes": ["0", "1"], "ordinal": True}}
    plan = planned(project, papers={"tiny": {"datasets": ["phantom", "grades"]}}, datasets=entries)
    metrics = {cell.dataset: cell.metrics for cell in plan.cells.values()}
    assert metrics == {"phantom": ("accuracy",), "grades": ("accuracy", "kappa_quadratic")}


def test_extra_metrics_change_no_run(project):
    before = planned(project)
    after = planned(project, papers={"tiny": {"extra_metrics": ["auc", "accuracy", "calibration_error"]}})
    assert {cell.metrics for cell in after.cells.values()} == {("accuracy", "auc", "calibration_error")}
    assert after.runs == before.runs


def test_planning_twice_gives_the_same_files(project):
    planned(project)
    files = [project.results.plan, project.results.graph, project.results.plan_table]
    before = [path.read_bytes() for path in files]
    project.plan()
    assert [path.read_bytes() for path in files] == before


def test_labels_other_seeds_and_other_arms_change_no_run(project):
    before = planned(project, seeds=[0, 1])
    changed = planned(
        project,
        {
            **PAPER,
            "title": "Another title",
            "arms": {**ARMS, "vanilla": {**ARMS["vanilla"], "label": "plain"}, "svm": None},
            "backbones": {"net": {"label": "The net"}},
        },
        seeds=[0, 1, 2],
        pack=3,
    )
    kept = {run for run in before.runs if "svm" not in run}
    assert kept < set(changed.runs)
    assert {run for run in set(changed.runs) - kept if "train-s2" not in run} == set()


@pytest.mark.parametrize(
    ("paper", "selection", "same"),
    [
        ({"recipe": {"batch_size": 4}}, {}, {("none.lr", "tune"), ("none.lr", "train"), ("none.svm", "train")}),
        ({"backbones": {"net": {"input_size": 30}}}, {}, {("none.lr", "tune"), ("none.svm", "train")}),
        ({"arms": {"gsa": {"options": {"cutoff_epoch": 2}}}}, {}, {("net.vanilla", "tune"), ("net.vanilla", "train")}),
        ({"protocol": {"folds": 4}}, {}, set()),
        # Which epochs are measured is chosen after the cross-validation, whose runs stay.
        ({"protocol": {"measured_epochs": 1}}, {}, {("net.vanilla", "tune"), ("net.gsa", "tune"), ("none.lr", "tune")}),
        ({"protocol": {"ties": "latest"}}, {}, {("net.vanilla", "tune"), ("net.gsa", "tune")}),
        ({}, {"datasets": {"phantom": {"source": {"noise": 0.2}}}}, set()),
        ({}, {"seeds": [1]}, set()),
    ],
)  # fmt: skip
def test_settings_that_affect_a_run_change_its_name(project, paper, selection, same):
    before = planned(project)
    project.configure({**PAPER, **{key: {**PAPER.get(key, {}), **value} for key, value in paper.items()}}, **selection)
    if "arms" in paper:
        project.configure({**PAPER, "arms": {**ARMS, "gsa": {**ARMS["gsa"], **paper["arms"]["gsa"]}}})
    after = project.plan()
    kept = {(before.runs[run].cell.removeprefix("tiny.phantom."), before.runs[run].stage) for run in before.runs
            if run in after.runs}  # fmt: skip
    assert kept >= same
    if not same:
        assert not kept
    changed = {(run.cell.removeprefix("tiny.phantom."), run.stage) for run in before.runs.values()} - kept
    assert changed, "something must have another name"


@pytest.mark.parametrize(("pack", "across", "sizes"), [
    (1, False, Counter({1: 35})),
    (5, False, Counter({5: 4, 4: 1, 2: 1, 1: 3, 3: 2})),
    (100, False, Counter({6: 1, 9: 1, 12: 1, 3: 2, 1: 2})),
    (10, True, Counter({10: 2, 7: 1, 8: 1})),
])  # fmt: skip
def test_packs_hold_runs_of_one_stage_up_to_their_size(project, pack, across, sizes):
    plan = planned(project, seeds=[0, 1, 2], pack=pack, pack_across_cells=across)
    assert sum(sizes.elements()) == 35 == len(plan.runs)
    assert Counter(len(pack.runs) for pack in plan.packs.values()) == sizes
    assert Counter(run for pack in plan.packs.values() for run in pack.runs) == Counter(list(plan.runs))
    for pack in plan.packs.values():
        assert {plan.runs[run].stage for run in pack.runs} == {pack.stage}
        if not across:
            assert len({plan.runs[run].cell for run in pack.runs}) == 1


def test_plan_csv_counts_finished_runs_and_gives_skip_reasons(project, capsys):
    plan = planned(
        project,
        {**PAPER, "backbones": {"net": {"weights": "imagenet"}}, "datasets": ["phantom", "jaffe"]},
        seeds=[0, 1],
        pack_across_cells=False,
    )
    ended = next(run for run in plan.runs.values() if run.cell.endswith("none.lr") and run.stage == "tune")
    files = project.files(ended.id)
    files.folder.mkdir(parents=True)
    files.record.write_text("{}")
    capsys.readouterr()
    assert project.medattn("plan", "--format", "csv") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "paper,table,dataset,backbone,arm,runs,packs,done,stand_in,missing" == ",".join(COLUMNS)
    rows = {(row["dataset"], row["backbone"], row["arm"]): row for row in csv.DictReader(lines)}
    assert len(rows) == 8
    lr = rows["phantom", "none", "lr"]
    assert [lr[key] for key in COLUMNS[5:]] == ["7", "2", "1", "false", ""]
    assert lr["table"] == "tiny-table"
    assert "medattn fetch --weights torchvision/squeezenet1_1" in rows["phantom", "net", "gsa"]["missing"]
    assert rows["phantom", "net", "gsa"]["packs"] == "0"
    assert rows["jaffe", "none", "lr"]["missing"].startswith("not available, data/jaffe/ratings.txt is missing")
    assert project.medattn("plan") == 0
    out = capsys.readouterr().out
    assert "2 of 8 cells can be run: 8 runs in 3 packs, 1 done; time left on one worker: not measured yet" in out
    assert "skipped: 2 cells, phantom: ImageNet weights not available" in out
    # Of each of the two data sets 7 + 1 runs on pixels, 9 + 2 of the network alone, 12 + 2 with attention.
    assert "with all images and weights available: 8 cells, 66 runs in 14 packs\n  estimate, tiny: " in out
    assert not project.results.graph.with_name("packs").exists()


def test_the_time_left_is_estimated_from_finished_runs(project, capsys):
    plan = planned(project, {"arms": {"gsa": None}, "figures": None, "protocol": {"folds": 3}}, seeds=[0, 1], pack=2)
    cell = next(iter(plan.cells))
    for stage, seconds in (("tune", (10.0, 20.0)), ("train", (100.0,))):
        pack = next(pack for pack in plan.packs.values() if pack.stage == stage)
        runs = dict(zip(pack.runs, seconds, strict=False))
        for run in runs:
            project.files(run).folder.mkdir(parents=True)
            project.files(run).record.write_text("{}")
        endings = {run: {"status": "ok", "epochs": 2, "seconds": s} for run, s in runs.items()}
        project.results.pack(pack.id).parent.mkdir(exist_ok=True)
        project.results.pack(pack.id).write_text(json.dumps({"pack": pack.id, "runs": endings}))
    progress = progress_of(plan, ResultPaths(project.results.folder))
    assert progress.remaining_seconds(plan) == {cell: 15.0 + 100.0}
    capsys.readouterr()
    assert project.medattn("plan") == 0
    assert "5 runs in 3 packs, 3 done; time left on one worker: 1 min 55 s" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"sedes": [0]}, "config.yaml: unknown key 'sedes'; did you mean 'seeds'"),
        ({"papers": {"tinny": {}}}, "did you mean 'tiny'"),
        ({"papers": {"tiny": {"arms": ["gsaa"]}}}, "did you mean 'gsa'"),
        ({"papers": {"tiny": {"recipe": {"epochs": -1}}}}, "recipe.epochs"),
        ({"papers": {"tiny": {"protocol": {"measured_epochs": 3}}}}, "measures 3 epochs, but recipe.epochs trains"),
    ],
)  # fmt: skip
def test_an_invalid_configuration_is_one_line_with_exit_code_2_and_writes_nothing(project, capsys, changes, says):
    project.configure(**changes)
    before = sorted(project.root.rglob("*"))
    for command in (["plan", "--write"], ["plan"], ["train"], ["measure"]):
        assert project.medattn(*command) == 2
        out, err = capsys.readouterr()
        (line,) = err.splitlines()
        assert says.lower() in line.lower()
        assert not out
    assert sorted(project.root.rglob("*")) == before


def test_twenty_thousand_runs_need_less_than_a_thousand_jobs_by_default(project):
    grid = {"options.channels": list(range(1, 11)), "recipe.weight_decay": [10.0**-e for e in range(10)]}
    names = [f"set{number}" for number in range(10)]
    entry = {**SELECTION["datasets"]["phantom"], "title": "P"}
    entry["source"] = {"kind": "phantom", **entry["source"]}
    project.configure(
        {"arms": {"gsa": {"grid": grid}}, "protocol": {"folds": 5}, "backbones": {"b": {"model": "timm/resnet18"},
                                                                             "c": {"model": "timm/resnet26"},
                                                                             "d": {"model": "timm/resnet34"}}},
        papers={"tiny": {"datasets": names}}, datasets=dict.fromkeys(names, entry), seeds=[0, 1, 2, 3, 4],
        pack_across_cells=None, pack=None,
    )  # fmt: skip
    plan = project.plan()
    graph = json.loads(project.results.graph.read_text())
    assert len(plan.runs) > 20_000
    assert len(graph["packs"]) == len(plan.packs)
    assert len(graph["packs"]) + len(graph["tuned"]) + len(graph["datasets"]) < 1000
    again = read_plan(project.results.plan)
    assert again == plan


def test_epochs_that_do_not_pass_the_cutoff_epoch_are_warned_of(project, capsys):
    planned(project, {"arms": {"gsa": {"mechanism": "gsa", "options": {"cutoff_epoch": 2}}}})
    assert (
        "  warning: 1 cell: tiny, gsa: recipe.epochs is 2 and cutoff_epoch 2, so the attention is never frozen; "
        "set options.cutoff_epoch of the arm below the epochs"
    ) in capsys.readouterr().out.splitlines()
    planned(project, {"arms": {"gsa": {"mechanism": "gsa", "options": {"cutoff_epoch": 1}}}})
    assert "warning" not in capsys.readouterr().out


def test_placebos_without_vanilla_are_named_in_one_line(project, capsys):
    project.configure({"arms": {"gsa": {"placebos": ["frozen"]}}}, papers={"tiny": {"arms": ["gsa", "gsa-frozen"]}})
    assert project.medattn("plan") == 0
    line = next(line for line in capsys.readouterr().out.splitlines() if "vanilla" in line)
    assert line == (
        "  note: tiny: no arm `vanilla` is trained next to gsa, so gsa-frozen is compared with the mechanism only; "
        "add `vanilla` to the arms to see whether the mechanism helps"
    )
    project.configure({"arms": {"gsa": {"placebos": ["frozen"]}}})
    assert project.medattn("plan") == 0
    assert "vanilla" not in capsys.readouterr().out
