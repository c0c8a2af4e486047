"""Are the values labeled recall recalls, and those labeled precision not?

Method: the recall of a class with n images is k/n, so all class values of a row labeled recall must be possible on
their class counts (GRIM). A precision has the model's own answers in the denominator and need not be. Where the values
of a model that are labeled recall can't be recalls, while those labeled precision all can, the labels contradict the
numbers.

Source: the test of Brown and Heathers 2017 applied to class counts.

No power: class counts unknown, or so large that every value is possible. A precision that could be a recall proves
nothing: a good classifier answers nearly as often with a class as there are images of it.
"""

from collections.abc import Iterator
from math import prod

from medattn.consistency.check_context import CheckContext
from medattn.consistency.check_result import CheckResult
from medattn.consistency.class_values import ClassValues, class_values
from medattn.consistency.granularity import is_possible

_LARGEST = 3000


def check(context: CheckContext) -> Iterator[CheckResult]:
    """Yield a result for each row of recalls or precisions by class, and one for labels that are exchanged."""
    groups = [
        group for group in class_values(context) if group.images and group.first.metric in ("recall", "precision")
    ]
    impossible = [group for group in groups if group.first.metric == "recall" and not group.can_be_recalls]
    no_recalls = {group.model for group in impossible}
    exchanged = [
        group
        for group in groups
        if group.first.metric == "precision" and group.can_be_recalls and group.model in no_recalls
    ]
    for group in groups:
        yield _recall(group) if group.first.metric == "recall" else _precision(group, group in exchanged)
    if impossible:
        yield _least_size(impossible)
    if exchanged:
        yield _exchanged(exchanged)


def _recall(group: ClassValues) -> CheckResult:
    total = len(group.rows)
    note = f"{group.possible_recalls} of {total} are possible recalls, {prod(group.chances):.2g} by chance for all"
    if prod(group.chances) >= 1:
        return _of(group, "undecidable", "every value is possible on these numbers of images")
    return _of(group, "consistent" if group.can_be_recalls else "inconsistent", note)


def _precision(group: ClassValues, exchanged: bool) -> CheckResult:
    total = len(group.rows)
    if exchanged:
        note = f"all {total} are possible as recalls; the values labeled recall of the same model are not"
        return _of(group, "inconsistent", note)
    if group.can_be_recalls:
        return _of(group, "undecidable", f"all {total} are possible as recalls, too")
    return _of(group, "consistent", f"no recalls: {group.possible_recalls} of {total} are possible as such")


def _of(group: ClassValues, verdict: str, note: str) -> CheckResult:
    sizes = "/".join(map(str, dict.fromkeys(group.images)))
    expected = f"k/{sizes}" if group.first.metric == "recall" else f"not all k/{sizes}"
    return CheckResult(group.first.table, group.cell, group.text, expected, verdict, note)  # type: ignore[arg-type]


def _least_size(groups: list[ClassValues]) -> CheckResult:
    values = [row.mean for group in groups for row in group.rows]
    least = next((n for n in range(2, _LARGEST + 1) if all(is_possible(value, n) for value in values)), None)
    possible = sum(group.possible_recalls for group in groups)
    return CheckResult(
        ";".join(dict.fromkeys(group.first.table for group in groups)),
        f"{groups[0].first.dataset}.*.*.recall.*",
        f"{len(values)} recalls of {len(groups)} rows",
        f"at least {least} images a class" if least else "",
        "inconsistent",
        f"{possible} of {len(values)} are possible as recalls on the stated images",
        True,
    )


def _exchanged(groups: list[ClassValues]) -> CheckResult:
    values = sum(len(group.rows) for group in groups)
    chance = prod(p for group in groups for p in group.chances)
    return CheckResult(
        ";".join(dict.fromkeys(group.first.table for group in groups)),
        f"{groups[0].first.dataset}.*.*.precision.*",
        f"{values} values labeled precision",
        "recall",
        "inconsistent",
        f"all {values} are possible as recalls (by chance {chance:.1g}), those labeled recall are not: "
        "the values are recalls, and their means accuracies where classes are equally large",
        True,
    )
