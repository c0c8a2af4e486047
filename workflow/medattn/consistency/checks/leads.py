"""How many test images is the best arm ahead?

Method: the arms of a data set, backbone and table are one group; where every backbone has one arm only, all of the
table are. The lead of the best accuracy over the second is counted in images, up to the rounding of both, and the
second is held against the exact 95 % interval (Clopper-Pearson) of the best: what another draw of as many test images
might have given. A second outside of it leaves the lead `consistent`, one inside `undecidable`. The note reports a
lead of less than one image. For a mean over epochs or runs the interval is that of one model with this accuracy.

Source: Clopper and Pearson 1934, Biometrika 26:404-413.

No power: an unknown number of images. No lead is called inconsistent: that another arm would lead on other images
contradicts nothing that is published. Two models on the same images differ by less than two on different ones; that
is what the check mcnemar bounds. The interval does not cover the spread between trainings.
"""

from collections.abc import Iterator
from itertools import chain

from medattn.consistency.check_context import CheckContext
from medattn.consistency.check_result import CheckResult
from medattn.consistency.gains import gain_of
from medattn.consistency.published import PublishedRow
from medattn.consistency.shared_test_sets import OVER_ALL_IMAGES


def check(context: CheckContext) -> Iterator[CheckResult]:
    """Yield a result for each group of arms, and one for all."""
    found = [_result(context, group) for group in _groups(context)]
    yield from found
    if len(found) > 1:
        yield _summary(found)


def interval(right: float, images: int) -> tuple[float, float]:
    """Return the exact 95 % interval of the share of images that a model has right."""
    from scipy import stats

    bounds = stats.binomtest(round(right), images).proportion_ci(0.95, method="exact")
    return float(bounds.low), float(bounds.high)


def _groups(context: CheckContext) -> Iterator[list[PublishedRow]]:
    """Yield the rows of at least two arms that compete."""
    columns: dict[tuple[str, ...], dict[tuple[str, ...], list[PublishedRow]]] = {}
    for row in context.rows:
        if row.metric in OVER_ALL_IMAGES and row.mean.is_proportion and not row.class_name:
            by_backbone = columns.setdefault(row.key("backbone", "arm"), {})
            by_backbone.setdefault(row.key("arm"), []).append(row)
    for by_backbone in columns.values():
        groups = list(by_backbone.values())
        if all(len(group) == 1 for group in groups):
            groups = [list(chain.from_iterable(groups))]
        yield from (group for group in groups if len(group) > 1)


def _result(context: CheckContext, group: list[PublishedRow]) -> CheckResult:
    best, second = sorted(group, key=lambda row: row.mean.value, reverse=True)[:2]
    published = f"{best.mean.text}, then {_name(second, best)} {second.mean.text}"
    gain = gain_of(context, best, second)
    if gain is None:
        note = "not on the same images, or the number of images is unknown"
        return CheckResult(best.table, best.cell, published, "", "undecidable", note)
    low, high = interval(float(sum(gain.right) / 2), gain.images)
    whole = best.mean.whole
    inside = gain.other_right[1] >= low * gain.images
    return CheckResult(
        best.table,
        best.cell,
        published,
        f"{gain.text} of {gain.images:,} ahead",
        "undecidable" if inside else "consistent",
        f"{'less than one image; ' if gain.high < 1 else ''}95 % interval of the best {low * whole:.4g} to "
        f"{high * whole:.4g} {'has' if inside else 'does not have'} the second",
    )


def _name(row: PublishedRow, best: PublishedRow) -> str:
    return row.arm if row.backbone == best.backbone else f"{row.backbone}.{row.arm}"


def _summary(found: list[CheckResult]) -> CheckResult:
    known = [result for result in found if result.expected]
    clear = sum(result.verdict == "consistent" for result in known)
    below = sum(result.note.startswith("less") for result in known)
    return CheckResult(
        ";".join(dict.fromkeys(result.table for result in found)),
        "*.accuracy",
        f"{len(found)} best arms",
        f"{clear} of {len(known)} ahead by more than the 95 % interval",
        "consistent" if clear == len(found) else "undecidable",
        f"{below} of them ahead by less than one image"
        + (f"; the images of {len(found) - len(known)} are unknown" if len(known) < len(found) else ""),
        True,
    )
