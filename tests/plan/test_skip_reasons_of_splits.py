"""Cells whose protocol can't split the images are in the plan with a reason."""

import pytest

from medattn.protocols.registry import protocol_of

EPOCHS, BOTH = {"kind": "cross_validated_epochs", "folds": 5}, {"training_splits": ["train", "val"]}
BEST, FIXED, CROSS = {"kind": "best_validation_epoch"}, {"kind": "fixed_epoch"}, {"kind": "cross_validation"}
TEST = {"test": [9, 9]}


def reason(protocol, tuned, **counts):
    return protocol_of(protocol).skip_reason(tuned, ["none", "lesion"], counts)


@pytest.mark.parametrize(("protocol", "tuned", "counts"), [
    (EPOCHS, False, {"train": [9, 5], "test": [1, 1]}),
    (EPOCHS, False, {"train": [9, 0], **TEST}),
    (BEST, False, {"train": [9, 90], "val": [1, 1], **TEST}),
    (FIXED, False, {"train": [2, 2], **TEST}),
    ({**CROSS, "folds": 3}, False, {"train": [1, 9], "val": [1, 9], **TEST}),
])  # fmt: skip
def test_a_data_set_with_enough_images_has_no_skip_reason(protocol, tuned, counts):
    assert reason(protocol, tuned, **counts) is None


@pytest.mark.parametrize(("protocol", "tuned", "counts", "line"), [
    (EPOCHS, False, {"train": [9, 4], **TEST}, "folds: class 'lesion' has 4 images, too few for 5 folds"),
    (BEST, False, {"train": [9, 90], **TEST}, "validation_fraction: class 'none' has 9 images, too few for 10 folds"),
    ({**BEST, **BOTH}, False, {"train": [5, 90], "val": [4, 1], **TEST},
     "validation_fraction: class 'none' has 9 images, too few for 10 folds"),
    (FIXED, True, {"train": [12, 2], **TEST}, "validation_fraction: class 'lesion' has 2 images, too few for 10 folds"),
    ({**CROSS, "folds": 3}, False, {"train": [1, 9], "val": [1, 9]},
     "folds: class 'none' has 2 images, too few for 3 folds"),
])  # fmt: skip
def test_the_skip_reason_names_the_class_with_too_few_images(protocol, tuned, counts, line):
    assert reason(protocol, tuned, **counts) == f"protocol.{line}"
