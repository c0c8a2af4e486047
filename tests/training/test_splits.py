"""Which images a run sees: for every kind of protocol, with and without patients and copies."""

import numpy as np
import pytest

from medattn.config.models.recipe import Oversampling
from medattn.datasets.store import DataStore
from medattn.errors import UserError
from medattn.plan.model import Run
from medattn.protocols.base import MeasurementProtocol
from medattn.protocols.registry import PROTOCOLS
from medattn.sources.pixels.source_data import Split
from medattn.training.splits import SplitOfRun, split_of_run
from tests.training.conftest import images_of

COPIES = Oversampling.model_validate({"classes": ["ill"], "factor": 2.5, "changes": [{"rotations": [-10.0, 10.0]}]})
TRAIN, VAL, TEST = 40, 10, 20


def store(patients: bool = False, val: bool = False) -> DataStore:
    """A third of the images is ill; three images a patient, where patients are known."""
    counts = {"train": TRAIN, **({"val": VAL} if val else {}), "test": TEST}
    splits = {}
    for name, count in counts.items():
        labels = (np.arange(count) // 3 % 3 == 0).astype(np.int64)
        groups = [f"{name} {i // 3}" for i in range(count)] if patients else None
        splits[name] = Split(images_of(0, count), labels, groups)
    return DataStore(splits, ["healthy", "ill"], {"dataset": "t", "entry_sha256": "0" * 64, "files": {}})


def protocol(kind: str, **keys) -> MeasurementProtocol:
    return PROTOCOLS[kind].model_validate({"kind": kind, **keys})


def split(given: DataStore, kind: str, stage: str, fold: int | None, wanted=None, **keys) -> SplitOfRun:
    run = Run("c", "r", stage, 0, fold, None)
    return split_of_run(given, run, protocol(kind, **keys), wanted)


CASES = [
    ("cross_validated_epochs", "tune", 1),
    ("cross_validated_epochs", "train", None),
    ("best_validation_epoch", "tune", None),
    ("best_validation_epoch", "train", None),
    ("fixed_epoch", "tune", None),
    ("fixed_epoch", "train", None),
    ("cross_validation", "tune", 2),
    ("cross_validation", "train", 2),
]


@pytest.mark.parametrize("copies", [None, COPIES], ids=["plain", "copies"])
@pytest.mark.parametrize("patients", [False, True], ids=["images", "patients"])
@pytest.mark.parametrize(("kind", "stage", "fold"), CASES)
def test_no_image_or_patient_is_on_two_sides(kind, stage, fold, patients, copies):
    given = store(patients)
    found = split(given, kind, stage, fold, copies)
    total = TRAIN + TEST
    own = set(found.training[found.training < total])
    copied = set() if found.copies is None else set(found.copies.sources)
    for side in (set(found.evaluated), set(found.validation)):
        assert not side & (own | copied)
        assert max(side, default=0) < total
    if patients:
        names = np.array([group for part in given.splits.values() for group in part.groups])
        assert not {*names[sorted(own | copied)]} & {*names[found.evaluated], *names[found.validation]}
    test = set(range(TRAIN, total))
    if kind != "cross_validation":
        assert not test & own, "test images are never trained on"
        assert set(found.evaluated) == test if stage == "train" else not set(found.evaluated) & test


def test_tuning_in_a_cross_validation_never_sees_the_fold_that_is_measured():
    given = store()
    for fold in range(5):
        measured = set(split(given, "cross_validation", "train", fold).evaluated)
        tuned = split(given, "cross_validation", "tune", fold)
        assert not measured & {*tuned.training, *tuned.evaluated}


def test_folds_are_a_partition_of_all_images_stratified():
    given = store()
    labels = np.concatenate([part.labels for part in given.splits.values()])
    folds = [split(given, "cross_validation", "train", fold).evaluated for fold in range(5)]
    assert sorted(np.concatenate(folds)) == list(range(TRAIN + TEST))
    assert {int(labels[fold].sum()) for fold in folds} <= {labels.sum() // 5, labels.sum() // 5 + 1}
    only = split(given, "cross_validation", "train", 0, splits=["train"])
    assert max(only.training.max(), only.evaluated.max()) < TRAIN


def test_official_validation_images_are_taken_unless_they_are_trained_on():
    given = store(val=True)
    official = set(range(TRAIN, TRAIN + VAL))
    assert set(split(given, "best_validation_epoch", "train", None).validation) == official
    both = split(given, "best_validation_epoch", "train", None, training_splits=["train", "val"])
    assert len(both.validation) == (TRAIN + VAL) / 10
    assert len(both.training) == (TRAIN + VAL) * 0.9
    other = split(given, "best_validation_epoch", "train", None, training_splits=["train", "val"], split_seed=1)
    assert set(other.validation) != set(both.validation)


def test_a_class_is_copied_by_its_factor_in_the_training_images_alone():
    given = store()
    labels = np.concatenate([part.labels for part in given.splits.values()])
    found = split(given, "fixed_epoch", "train", None, COPIES)
    ill = int(labels[:TRAIN].sum())
    assert len(found.copies.sources) == round(ill * 2.5) - ill
    assert set(labels[found.copies.sources]) == {1}
    assert list(found.training[TRAIN:]) == list(range(TRAIN + TEST, TRAIN + TEST + len(found.copies.sources)))
    counts = np.bincount(found.copies.sources)[labels[:TRAIN].nonzero()[0]]
    assert counts.max() - counts.min() <= 1, "every image is copied equally often, up to the rest"
    assert set(found.copies.angles) == {-10.0, 10.0}


def test_copies_made_before_the_split_are_divided_like_images_and_are_the_same_for_all_folds():
    given = store(patients=True)
    parts = [split(given, "cross_validation", "train", fold, COPIES, oversampling="before_split") for fold in range(5)]
    every = np.concatenate([part.evaluated for part in parts])
    total = TRAIN + TEST + len(parts[0].copies.sources)
    assert sorted(every) == list(range(total))
    for part in parts:
        np.testing.assert_array_equal(part.copies.sources, parts[0].copies.sources)
        assert not set(part.training) & set(part.evaluated)
    both_sides = [
        source in part.evaluated and TRAIN + TEST + number in part.training
        for part in parts
        for number, source in enumerate(part.copies.sources)
    ]
    assert any(both_sides), "this is the leak that the reading has"


def test_a_class_that_the_data_lack_is_named():
    wanted = Oversampling.model_validate({"classes": ["il"], "factor": 2.0, "changes": [{"horizontal_flip": True}]})
    with pytest.raises(UserError, match="did you mean 'ill'"):
        split(store(), "fixed_epoch", "train", None, wanted)
