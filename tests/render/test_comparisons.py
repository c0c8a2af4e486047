import numpy as np

from medattn.compare.holm import holm
from medattn.compare.inputs import rows_of
from medattn.compare.table import COLUMNS
from medattn.render.inputs import Inputs


def test_every_pair_has_a_row_for_each_test(inputs: Inputs) -> None:
    table = inputs.comparisons
    assert list(table.columns) == COLUMNS
    assert len(table) == 2 * 2 * 3 * 3  # data sets, backbones, pairs (gsa-vanilla, gsa-l1, l1-vanilla), tests
    assert not table.duplicated(["dataset", "backbone", "arm", "against", "test"]).any()


def test_epochs_never_enter_the_runs(inputs: Inputs) -> None:
    rows = rows_of(inputs.comparisons, dataset="phantom", procedure="runs")
    assert set(rows["n"]) == {5}
    assert set(rows["least_p"]) == {0.0625}
    assert set(rows_of(inputs.comparisons, dataset="phantom", procedure="epochs")["n"]) == {30}


def test_holm_over_the_family(inputs: Inputs) -> None:
    rows = rows_of(inputs.comparisons, test="permutation")
    np.testing.assert_allclose(rows["p_adjusted"], holm(rows["p"].to_numpy()))


def test_what_cannot_be_compared_says_why(inputs: Inputs) -> None:
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
    )
    assert rows["n"].item() == 4
    assert "seed 3" in rows["note"].item()


def test_stand_ins_are_known(inputs: Inputs) -> None:
    assert rows_of(inputs.comparisons, dataset="phantom")["stand_in"].all()
    assert not rows_of(inputs.comparisons, dataset="digits")["stand_in"].any()
