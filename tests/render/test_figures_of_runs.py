"""Figures that read images, scores and saved attention, drawn from trained runs."""

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from safetensors.numpy import load_file
from sklearn.metrics import log_loss, roc_auc_score
from tests.conftest import Project

from medattn.compare.table import write_comparisons
from medattn.config.figure_kinds import figure_kinds
from medattn.config.load import read_configuration
from medattn.errors import UserError
from medattn.files import write_json
from medattn.layout import RunPaths
from medattn.measure.collect import write_measurements
from medattn.metrics.scored import Scored
from medattn.plan.plan_file import read_plan
from medattn.render.figures.kinds.loss_curve import cross_entropy
from medattn.render.figures.kinds.roc_curve import curves
from medattn.render.figures.write_figure import write_figure
from medattn.render.inputs import Inputs, read_inputs

FIGURES = {
    "samples": {"kind": "sample_images"},
    "mistakes": {"kind": "misclassified_images", "arm": "gate"},
    "losses": {"kind": "loss_curve", "arms": ["vanilla", "gate"]},
    "roc": {"kind": "roc_curve", "arm": "gate"},
    "maps": {"kind": "block_attention", "arms": ["gate", "mask"], "stages": [1], "histograms": True, "images": 1},
    "masks": {"kind": "block_masks", "arm": "mask", "images": 1},
    "boxes": {"kind": "value_distributions", "arm": "gate", "values": ["context", "weight"], "stages": [2]},
    "spread": {"kind": "metric_distribution", "metric": "sensitivity", "positive_class": "ill"},
    "varied": {"kind": "sensitivity", "arm": "gsa", "varied": ["channels", "coefficient"]},
    "overlap": {"kind": "attention_overlap"},
    "gate": {"kind": "attention_spread", "arms": ["gate", "half"]},
    "ranks": {"kind": "critical_difference"},
    "input": {"kind": "attention_map", "arm": "gsa-8"},
    "curves": {"kind": "learning_curve"},
    "pairs": {"kind": "paired_differences"},
    "costs": {"kind": "accuracy_against_cost"},
    "forest": {"kind": "forest_plot"},
    "choices": {"kind": "specification_curve"},
}
PAPER = {
    "backbones": {"net": {"model": "timm/test_resnet", "label": "Net", "input_size": 32}},
    "arms": {
        "gate": {"label": "with a gate", "mechanism": "ppcr"},
        "half": {"mechanism": "ppcr", "options": {"scales": 1}},
        "mask": {"mechanism": "ca"},
        "gsa-8": {"label": "K = 8", "mechanism": "gsa", "options": {"channels": 8, "cutoff_epoch": 1}},
    },
    "protocol": {"kind": "fixed_epoch", "folds": None, "measured_epochs": None},
    "tables": {"tiny-table": {"metrics": ["accuracy", "sensitivity"], "positive_class": "ill"}},
    "figures": {"tiny-figure": None, **{name: {"title": name, **keys} for name, keys in FIGURES.items()}},
}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inputs]:
    project = Project(tmp_path_factory.mktemp("figures"))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(project.root)
        project.configure(PAPER, pack=40)
        project.plan()
        assert project.medattn("train") == 0
        plan = read_plan(project.results.plan)
        write_measurements(plan, project.results)
        configuration = read_configuration(Path("config.yaml"), Path())
        write_comparisons(project.results, configuration)
        assert project.medattn("complexity", "--write") == project.medattn("answer") == 0
        yield read_inputs(project.results, configuration, project.root)


def drawn(inputs: Inputs, name: str) -> tuple[pd.DataFrame, str]:
    """Draw a figure and return its numbers and its caption."""
    write_figure(inputs, inputs.configuration.papers[0], name)
    assert (inputs.results.figures / f"{name}.png").stat().st_size > 2000
    caption = (inputs.results.captions / f"{name}.rst").read_text()
    return pd.read_csv(inputs.results.figures / f"{name}.csv"), caption


def files_of(inputs: Inputs, arm: str) -> RunPaths:
    return inputs.trained_runs(inputs.configuration.papers[0], "phantom", "net", arm)[0]


@pytest.mark.parametrize("name", ["samples", "roc", "masks", "boxes", "spread", "overlap"])
def test_kinds_draw_the_files_of_runs(name: str, trained: Inputs) -> None:
    numbers, caption = drawn(trained, name)
    assert len(numbers) and "reason" not in numbers
    assert caption.startswith(f"{name}. ")


def test_maps_are_of_the_first_saved_images_with_their_overlap(trained: Inputs) -> None:
    numbers, caption = drawn(trained, "maps")
    assert set(numbers["arm"]) == {"gate", "mask"}
    assert numbers.groupby(["arm", "stage"]).size().to_dict() == {("gate", 1): 4, ("mask", 1): 4}
    assert numbers["drawn"].sum() == 2
    assert numbers["auc"].between(0, 1).all()
    assert "chance level 0.50" in caption


def test_misclassified_images_agree_with_the_scores(trained: Inputs) -> None:
    numbers, _ = drawn(trained, "mistakes")
    scored = load_file(files_of(trained, "gate").scores)
    guesses = scored["scores"][-1].argmax(1)
    assert numbers["misclassified"].sum() == (guesses != scored["labels"]).sum()
    for row in numbers.dropna(subset=["image"]).to_dict("records"):
        (place,) = np.flatnonzero(scored["images"] == row["image"])
        assert ["healthy", "ill"][scored["labels"][place]] == row["class"] != row["predicted"]
        assert row["probability"] == pytest.approx(scored["scores"][-1, place].max())


def test_losses_agree_with_history_and_scores(trained: Inputs) -> None:
    numbers, _ = drawn(trained, "losses")
    files = files_of(trained, "gate")
    history, scored = pd.read_csv(files.history), load_file(files.scores)
    of_gate = numbers[numbers["arm"] == "gate"]
    np.testing.assert_allclose(of_gate.loc[of_gate["images"] == "training", "loss"], history["train_loss"])
    expected = [log_loss(scored["labels"], epoch / epoch.sum(1, keepdims=True)) for epoch in scored["scores"]]
    np.testing.assert_allclose(of_gate.loc[of_gate["images"] == "test", "loss"], expected, rtol=1e-5)


def test_missing_runs_and_snapshots_are_named_with_the_reason(trained: Inputs) -> None:
    record = files_of(trained, "mask").record
    content = record.read_bytes()
    record.unlink()
    try:
        assert "Not shown: Net mask on Phantom (not trained yet)." in drawn(trained, "maps")[1]
        assert "(not trained yet)" in (trained.results.figures / "maps.svg").read_text()
        assert "not trained yet" in drawn(trained, "masks")[0]["reason"].item()
        write_json(files_of(trained, "mask").failure, {"reason": "out of\nmemory"})
        assert "Not shown: Net mask on Phantom (failed: out of memory)." in drawn(trained, "maps")[1]
    finally:
        record.write_bytes(content)
        files_of(trained, "mask").failure.unlink(missing_ok=True)


def test_a_changed_file_is_refused(trained: Inputs) -> None:
    path = files_of(trained, "gate").attention
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    try:
        with pytest.raises(UserError, match="not the file that the record of the run names"):
            drawn(trained, "maps")
    finally:
        path.write_bytes(content)


def test_arms_that_differ_in_more_than_one_option_are_in_no_panel(trained: Inputs) -> None:
    numbers, _ = drawn(trained, "varied")
    assert numbers.groupby("option")["at"].apply(sorted).to_dict() == {"channels": [4, 8], "coefficient": [0.01]}
    first = (trained.results.figures / "varied.svg").read_bytes()
    drawn(trained, "varied")
    assert (trained.results.figures / "varied.svg").read_bytes() == first


RANKED = pd.DataFrame(
    [
        {"arm": "vanilla", "mean_rank": 3.0, "clique": "2;3"},
        {"arm": "gate", "mean_rank": 1.2, "clique": "1"},
        {"arm": "mask", "mean_rank": 2.0, "clique": "1;2"},
        {"arm": "gsa", "mean_rank": 3.8, "clique": "3"},
    ]
).assign(
    paper="tiny", experiment="", metric="accuracy", class_name="", family="main", backbone="net",
    datasets="phantom;digits;breastmnist", critical_difference=1.5, statistic=9.0, p=0.03,
    p_iman_davenport=0.01, p_holm=0.1, stand_in=True, left_out="", note="",
)  # fmt: skip


def test_ranks_are_drawn_with_the_critical_difference(trained: Inputs) -> None:
    numbers, caption = drawn(replace(trained, rankings=RANKED), "ranks")
    assert len(numbers) == 4
    assert "Friedman p = 0.03" in caption
    assert "CD = 1.50" in (trained.results.figures / "ranks.svg").read_text()
    assert "were not ranked" in drawn(replace(trained, rankings=RANKED.head(0)), "ranks")[1]


def test_areas_under_curves_agree_with_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 80)
    scores = rng.dirichlet(np.ones(3), 80) + 0.4 * np.eye(3)[labels]
    areas = curves(Scored(scores, labels, ("a", "b", "c"))).groupby("curve")["auc"].first()
    for label, name in enumerate("abc"):
        assert areas[name] == pytest.approx(roc_auc_score(labels == label, scores[:, label]))
    assert areas["micro-average"] == pytest.approx(roc_auc_score(np.eye(3)[labels].ravel(), scores.ravel()))
    assert areas["macro-average"] == pytest.approx(areas[list("abc")].mean())


def test_a_probability_of_zero_has_a_finite_loss() -> None:
    assert np.isfinite(cross_entropy(np.array([[0.0, 0.5]], dtype=np.float32))).all()


def test_the_spread_of_a_gate_tells_attention_from_halving(trained: Inputs) -> None:
    write_figure(trained, trained.configuration.papers[0], "gate")
    table = pd.read_csv(trained.results.figures / "gate.csv")
    half, gate = table[table["arm"] == "half"], table[table["arm"] == "gate"]
    assert sorted(set(table["stage"])) == [1, 2, 3]
    assert (half[["least", "greatest", "mean"]] == 0.5).all(axis=None) and (half["spread"] == 0).all()
    assert (gate["spread"] > 0).any() and (gate["greatest"] > gate["least"]).any()
    assert "Attention after epoch" in (trained.results.captions / "gate.rst").read_text()


@pytest.mark.parametrize("name", ["forest", "pairs", "costs", "choices"])
def test_what_a_single_run_does_not_have_is_no_number(trained: Inputs, name: str) -> None:
    write_figure(trained, trained.configuration.papers[0], name)
    texts = re.findall(r"<text[^>]*>([^<]+)</text>", (trained.results.figures / f"{name}.svg").read_text("utf-8"))
    assert texts and not [text for text in texts if "nan" in text]
    assert name != "forest" or any("(no interval)" in text for text in texts)


@pytest.mark.heavy
def test_every_kind_is_drawn_the_same_twice_and_in_another_process(trained: Inputs) -> None:
    names = [*FIGURES]
    assert {figure["kind"] for figure in FIGURES.values()} == set(figure_kinds())
    root, folder = trained.results.folder.parents[1], trained.results.figures

    def files() -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in folder.iterdir() if path.stem in names}

    for name in names:
        write_figure(trained, trained.configuration.papers[0], name)
    first = files()
    assert not [name for name in ("choices", "forest", "costs", "pairs") if b"reason" in first[f"{name}.csv"]]
    for name in names:
        write_figure(trained, trained.configuration.papers[0], name)
    assert [name for name, content in files().items() if content != first[name]] == []
    arguments = [argument for name in names for argument in ("--figure", name)]
    environment = {**os.environ, "PYTHONHASHSEED": "27"}
    done = Project(root).process("render", *arguments, env=environment)
    assert done.returncode == 0, done.stderr
    assert [name for name, content in files().items() if content != first[name]] == []


def test_classes_of_stand_ins_are_phantoms(trained: Inputs) -> None:
    plan = trained.plan
    cells = {name: replace(cell, stand_in=True) for name, cell in plan.cells.items()}
    inputs = replace(trained, plan=replace(plan, cells=cells))
    numbers, _ = drawn(inputs, "mistakes")
    assert set(numbers["class"]) == {"phantom of class 1", "phantom of class 2"}
    numbers, _ = drawn(inputs, "roc")
    assert {"phantom of class 1", "phantom of class 2"} < set(numbers["curve"])


def test_costs_have_the_interval_over_runs(trained: Inputs) -> None:
    numbers, caption = drawn(trained, "costs")
    assert numbers["low"].isna().all()  # a single run
    assert "95% interval over runs" in caption
    over_runs = trained.measurements["procedure"] == "runs"
    three = trained.measurements.assign(
        n=trained.measurements["n"].mask(over_runs, 3), spread=trained.measurements["spread"].mask(over_runs, 2.0)
    )
    numbers, _ = drawn(replace(trained, measurements=three), "costs")
    low, high = scipy.stats.t.interval(0.95, 2, numbers["accuracy"], 2.0 / 3**0.5)
    assert numbers["low"].tolist() == pytest.approx(np.maximum(0, low))
    assert numbers["high"].tolist() == pytest.approx(np.minimum(100, high))
