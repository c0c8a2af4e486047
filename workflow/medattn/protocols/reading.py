"""Readings: the ways to measure a finished run that a paper's text allows, without training again."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

TEST_IMAGES_CHOOSE = "the test images choose the epoch"


@dataclass(frozen=True)
class Reading:
    """One value for each choice that a paper may leave open.

    Attributes:
        choices: value of each choice, by the key that `left_open` of a paper names it with.
        title: the reading in words.
        leak: how test images choose; empty where they do not.
        pools_folds: whether the test images of all folds are measured together; else the folds are averaged.
    """

    choices: Mapping[str, str]
    title: str
    leak: str = ""
    pools_folds: bool = False

    @cached_property
    def name(self) -> str:
        """Stable name, such as `chosen_by=auc,ties=mean`."""
        return ",".join(f"{key.rpartition('.')[2]}={value}" for key, value in self.choices.items())

    def differing_keys(self, default: "Reading") -> list[str]:
        """Return the keys in which the reading differs from the default one."""
        return [key for key, value in self.choices.items() if default.choices.get(key) != value]

    def is_open(self, default: "Reading", left_open: Collection[str]) -> bool:
        """Return whether a paper leaves open every key in which the reading differs from the default one.

        Args:
            default: the configured reading.
            left_open: the keys that the paper leaves open; each covers the keys below it.
        """
        return all(
            any(key == name or key.startswith(f"{name}.") for name in left_open) for key in self.differing_keys(default)
        )


def default_first(readings: Iterable[Reading], default: Reading) -> tuple[Reading, ...]:
    """Return the default reading, then the others in their order."""
    return (default, *(reading for reading in readings if reading.name != default.name))


LAST_EPOCH = Reading({"protocol.epoch": "last"}, "last epoch")
"""The reading that measures the last epoch."""

HIGHEST_TEST_ACCURACY = Reading(
    {"protocol.epoch": "best_on_test"}, "epoch of highest test accuracy", leak=TEST_IMAGES_CHOOSE
)
"""The reading that measures the epoch of highest test accuracy, which leaks."""
