import numpy as np

from medattn.compare.holm import holm
from medattn.layout import ResultPaths
from medattn.render.inputs import Inputs
from medattn.result_tables import COMPARISONS, RANKINGS, read_table, rows_of

TESTS = {
    "epochs": {"student", "welch"},
    "runs": {"t_test", "permutation", "wilcoxon", "outperforming", "dz", "cliffs_delta", "equivalence"},
    "images": {"mcnemar", "bootstrap"},
}


def test_every_pair_has_a_row_for_each_test(inputs: Inputs) -> None:
    table = inputs.comparisons
    assert list(table.columns) == COMPARISONS.columns
    tests = {procedure: set(rows["test"]) for procedure, rows in table.groupby("procedure")}
    assert tests == TESTS
    pairs = 2 * 2 * 3  # data sets, backbones, pairs (gsa-vanilla, gsa-l1, l1-vanilla)
    assert len(table) == pairs * sum(len(names) for names in TESTS.values())
    assert not table.duplicated(["dataset", "backbone", "arm", "against", "procedure", "test"]).any()


def test_tests_over_runs_do_not_use_epochs(inputs: Inputs) -> None:
    rows = rows_of(inputs.comparisons, dataset="phantom", procedure="runs")
    assert set(rows["n"]) == {5}
    assert set(rows.loc[rows["test"].isin(["permutation", "wilcoxon"]), "least_p"]) == {0.0625}
    assert set(rows_of(inputs.comparisons, dataset="phantom", procedure="epochs")["n"]) == {30}


def test_holm_over_the_family(inputs: Inputs) -> None:
    rows = rows_of(inputs.comparisons, procedure="runs", test="permutation")
    np.testing.assert_allclose(rows["p_adjusted"], holm(rows["p"].to_numpy()))


def test_pairs_that_cannot_be_compared_state_the_reason(inputs: Inputs) -> None:
    rows = rows_of(inputs.comparisons, dataset="digits", backbone="vgg16")
    assert rows["p"].isna().all()
    assert rows["note"].str.contains("Images on request only").all()


def test_a_diverged_run_is_left_out_of_the_pairs(inputs: Inputs) -> None:
    rows = rows_of(
        inputs.comparisons,
        dataset="digits",
        backbone="resnet_18",
        arm="gsa",
        against="vanilla",
        procedure="runs",
        test="permutation",
    )
    assert rows["n"].item() == 4
    assert "seed 3" in rows["note"].item()


def test_comparisons_on_stand_in_images_are_marked(inputs: Inputs) -> None:
    assert rows_of(inputs.comparisons, dataset="phantom")["stand_in"].all()
    assert not rows_of(inputs.comparisons, dataset="digits")["stand_in"].any()


def test_untrained_models_are_named_in_the_note(inputs: Inputs) -> None:
    rows = rows_of(inputs.comparisons, procedure="images", dataset="phantom")
    assert set(rows["n"]) == {0}
    assert rows["note"].str.contains("not trained yet").all()


def test_arms_are_ranked_over_the_data_sets_that_have_them_all(written: ResultPaths) -> None:
    table = read_table(written.rankings, RANKINGS)
    whole = rows_of(table, backbone="resnet_18")
    assert list(whole["arm"]) == ["vanilla", "l1", "gsa"]
    assert list(whole["mean_rank"]) == [3.0, 2.0, 1.0]
    assert set(whole["datasets"]) == {"phantom;digits"}
    assert whole["stand_in"].all()
    assert whole["p_holm"].isna().tolist() == [True, False, False]
    assert set(whole["control"]) == {"vanilla"}
    assert set(whole["clique"]) == {"1"}  # two data sets tell nothing apart
    part = rows_of(table, backbone="vgg16")
    assert set(part["datasets"]) == {"phantom"}
    assert set(part["left_out"]) == {"digits (no value of vanilla, l1, gsa)"}
    assert part["mean_rank"].isna().all()
    assert part["note"].str.contains("one data set has a value of every arm").all()
