"""Readings of the protocols: their names, the default, what leaks, and the epochs that each averages."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import pytest

from medattn.protocols.base import MeasurementProtocol
from medattn.protocols.reading import Reading
from medattn.protocols.registry import PROTOCOLS, protocol_of

KINDS = sorted(PROTOCOLS)


@dataclass
class MadeRun:
    """A run of six epochs with given results; `chosen` are the epochs of the stage `tune`."""

    validation: dict[str, Sequence[float]] = field(default_factory=dict)
    test: Sequence[int] = (1, 2, 9, 9, 3, 4)
    folds: Sequence[Sequence[int]] | None = None
    chosen: Sequence[int] = (5, 2)
    epochs: int = 6
    first_chosen: Sequence[int] | None = None

    def on_validation(self, metric):
        return self.validation[metric]

    def on_test(self):
        return [Fraction(count, 10) for count in self.test]

    def on_folds(self):
        return self.folds and [[Fraction(count, 10) for count in fold] for fold in self.folds]

    def chosen_epochs(self):
        return self.chosen

    def first_chosen_epochs(self):
        return self.first_chosen


def default_of(protocol: MeasurementProtocol) -> Reading:
    return protocol.readings()[0]


@pytest.mark.parametrize("kind", KINDS)
def test_every_protocol_has_one_leaking_choice_and_distinct_readings(kind):
    readings = protocol_of({"kind": kind}).readings()
    assert len({reading.name for reading in readings}) == len({reading.title for reading in readings}) == len(readings)
    assert not readings[0].leak and any(reading.leak for reading in readings)
    assert not readings[0].differing_keys(readings[0])
    assert all(reading.differing_keys(readings[0]) for reading in readings[1:])


VALIDATION = {
    "accuracy": [0.5, 0.7, 0.7, 0.6, 0.7, 0.1],
    "auc": [0.5, 0.9, 0.6, 0.6, 0.7, 0.9],
    "loss": [-3.0, -2.0, -1.0, -0.5, -2.0, -9.0],
    "f1_weighted": [0.1, 0.2, 0.3, 0.2, 0.2, 0.2],
}


def test_best_validation_epoch_measures_each_metric_with_each_rule_for_ties():
    found = protocol_of({"kind": "best_validation_epoch"}).epochs_by_reading(MadeRun(VALIDATION))
    assert found == {
        "chosen_by=accuracy,ties=earliest": (2,),
        "chosen_by=accuracy,ties=latest": (5,),
        "chosen_by=accuracy,ties=mean": (2, 3, 5),
        "chosen_by=auc,ties=earliest": (2,),
        "chosen_by=auc,ties=latest": (6,),
        "chosen_by=auc,ties=mean": (2, 6),
        "chosen_by=loss": (4,),
        "chosen_by=f1_weighted,ties=earliest": (3,),
        "chosen_by=f1_weighted,ties=latest": (3,),
        "chosen_by=f1_weighted,ties=mean": (3,),
        "epoch=last": (6,),
        "epoch=best_on_test": (3,),
    }


@pytest.mark.parametrize("ties", ["earliest", "latest", "mean"])
@pytest.mark.parametrize("metric", VALIDATION)
def test_the_default_reading_of_best_validation_epoch_is_the_configured_one(metric, ties):
    protocol, run = (
        protocol_of({"kind": "best_validation_epoch", "chosen_by": metric, "ties": ties}),
        MadeRun(VALIDATION),
    )
    assert protocol.epochs_to_measure(run) == protocol.epochs_by_reading(run)[default_of(protocol).name]
    assert protocol.choose([run]) == (protocol.epochs_to_measure(run), max(VALIDATION[metric]))


def test_values_that_differ_by_rounding_tie():
    protocol = protocol_of({"kind": "best_validation_epoch", "chosen_by": "auc"})
    assert protocol.epochs_to_measure(MadeRun({"auc": [0.3, 0.1 + 0.2, 0.2]})) == (1, 2)


# Mean over the folds: 5, 8, 6, 6, 9, 6.
FOLDS = [[5, 9, 6, 2, 9, 8], [5, 7, 6, 10, 9, 4]]


def test_cross_validated_epochs_ranks_by_folds_with_ties_at_the_last_rank():
    protocol = protocol_of({"kind": "cross_validated_epochs", "measured_epochs": 3})
    assert protocol.epochs_by_reading(MadeRun(folds=FOLDS, chosen=(5, 2, 3))) == {
        "ranked_by=mean,ties=earliest": (2, 3, 5),
        "ranked_by=mean,ties=latest": (2, 5, 6),
        "ranked_by=mean,ties=kept": (2, 3, 4, 5, 6),
        "ranked_by=first_fold,ties=earliest": (2, 5, 6),
        "ranked_by=first_fold,ties=latest": (2, 5, 6),
        "ranked_by=first_fold,ties=kept": (2, 5, 6),
        "epochs=last": (4, 5, 6),
        "epochs=best_on_test": (3, 4, 6),
    }


def test_where_each_seed_chooses_the_first_seeds_choice_is_a_reading():
    protocol = protocol_of({"kind": "cross_validated_epochs", "measured_epochs": 2, "tune": "each"})
    name = "ranked_by=mean,ties=earliest,tune=once"
    assert protocol.epochs_by_reading(MadeRun(folds=FOLDS, first_chosen=(4, 1)))[name] == (1, 4)
    assert protocol.epochs_by_reading(MadeRun(folds=FOLDS))[name] == (), "another grid point was trained"
    reading = next(reading for reading in protocol.readings() if reading.name == name)
    assert reading.is_open(protocol.readings()[0], ["protocol.tune"])
    assert not reading.is_open(protocol.readings()[0], ["protocol.ties"])
    once = protocol_of({"kind": "cross_validated_epochs", "measured_epochs": 2})
    assert not any("tune" in reading.name for reading in once.readings())


def test_readings_that_need_missing_folds_have_no_epochs():
    found = protocol_of({"kind": "cross_validated_epochs", "measured_epochs": 2}).epochs_by_reading(MadeRun())
    assert found["ranked_by=mean,ties=earliest"] == (2, 5), "the choice of the stage tune"
    assert found["ranked_by=mean,ties=kept"] == found["ranked_by=first_fold,ties=earliest"] == ()
    assert found["epochs=last"] == (5, 6)


def test_cross_validation_measures_both_epochs_by_fold_and_pooled():
    protocol = protocol_of({"kind": "cross_validation"})
    assert protocol.epochs_by_reading(MadeRun()) == {
        "epoch=last,test_images=by_fold": (6,),
        "epoch=last,test_images=pooled": (6,),
        "epoch=best_on_test,test_images=by_fold": (3,),
        "epoch=best_on_test,test_images=pooled": (3,),
    }
    leaking = default_of(protocol_of({"kind": "cross_validation", "epoch": "best_on_test"}))
    assert leaking.name == "epoch=best_on_test,test_images=by_fold" and leaking.leak


def test_fixed_epoch_measures_the_last_the_mean_of_five_and_the_leaking_one():
    found = protocol_of({"kind": "fixed_epoch"}).epochs_by_reading(MadeRun())
    assert found == {"epoch=last": (6,), "epoch=last_5": (2, 3, 4, 5, 6), "epoch=best_on_test": (3,)}


def test_a_reading_is_open_if_every_key_that_it_changes_is_left_open():
    protocol = protocol_of({"kind": "best_validation_epoch", "chosen_by": "auc"})
    default = default_of(protocol)
    assert default.name == "chosen_by=auc,ties=mean"
    by_name = {reading.name: reading for reading in protocol.readings()}
    assert default.is_open(default, ())
    assert by_name["chosen_by=auc,ties=latest"].is_open(default, ["protocol.ties"])
    assert not by_name["chosen_by=accuracy,ties=latest"].is_open(default, ["protocol.ties"])
    assert by_name["chosen_by=accuracy,ties=latest"].is_open(default, ["protocol"])
    assert not by_name["epoch=last"].is_open(default, ["protocol.ties", "protocol.chosen_by"])
