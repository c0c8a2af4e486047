"""How many test images is the best arm ahead?

Method: the arms of a data set, backbone and table are one group; where every backbone has one arm only, all of the
table are. The lead of the best accuracy over the second is counted in images, up to the rounding of both, and the
second is held against the exact 95 % interval (Clopper-Pearson) of the best: what another draw of as many test images
might have given. A second outside of it leaves the lead `consistent`, one inside `undecidable`; a lead of less than one
image is said to be so. For a mean over epochs or runs the interval is that of one model with this accuracy.

Source: Clopper and Pearson 1934, Biometrika 26:404-413.

No power: an unknown number of images. No lead is called inconsistent: that another arm would lead on other images
contradicts nothing that is published. Two models on the same images differ by less than two on different ones; that
is what the check mcnemar bounds. Nor does the interval know what another training would give.
"""

from collections.abc import Iterator
from itertools import chain

from medattn.consistency.evidence import Evidence
from medattn.consistency.findings import Finding
from medattn.consistency.gains import gain_of
from medattn.consistency.published import Row
from medattn.consistency.test_sets import OVER_ALL_IMAGES


def check(evidence: Evidence) -> Iterator[Finding]:
    """Yield a finding for each group of arms, and one for all."""
    found = [_finding(evidence, group) for group in _groups(evidence)]
    yield from found
    if len(found) > 1:
        yield _summary(found)


def interval(right: float, images: int) -> tuple[float, float]:
    """Return the exact 95 % interval of the share of images that a model has right."""
    from scipy import stats

    bounds = stats.binomtest(round(right), images).proportion_ci(0.95, method="exact")
    return float(bounds.low), float(bounds.high)


def _groups(evidence: Evidence) -> Iterator[list[Row]]:
    """Yield the rows of at least two arms that compete."""
    columns: dict[tuple[str, ...], dict[tuple[str, ...], list[Row]]] = {}
    for row in evidence.rows:
        if row.metric in OVER_ALL_IMAGES and row.mean.is_proportion and not row.class_name:
            by_backbone = columns.setdefault(row.key("backbone", "arm"), {})
            by_backbone.setdefault(row.key("arm"), []).append(row)
    for by_backbone in columns.values():
        groups = list(by_backbone.values())
        if all(len(group) == 1 for group in groups):
            groups = [list(chain.from_iterable(groups))]
        yield from (group for group in groups if len(group) > 1)


def _finding(evidence: Evidence, group: list[Row]) -> Finding:
    best, second = sorted(group, key=lambda row: row.mean.value, reverse=True)[:2]
    published = f"{best.mean.text}, then {_name(second, best)} {second.mean.text}"
    gain = gain_of(evidence, best, second)
    if gain is None:
        note = "not on the same images, or the number of images is unknown"
        return Finding(best.table, best.cell, published, "", "undecidable", note)
    low, high = interval(float(sum(gain.right) / 2), gain.images)
    whole = best.mean.whole
    inside = gain.other_right[1] >= low * gain.images
    return Finding(
        best.table,
        best.cell,
        published,
        f"{gain.text} of {gain.images:,} ahead",
        "undecidable" if inside else "consistent",
        f"{'less than one image; ' if gain.high < 1 else ''}95 % interval of the best {low * whole:.4g} to "
        f"{high * whole:.4g} {'has' if inside else 'does not have'} the second",
    )


def _name(row: Row, best: Row) -> str:
    return row.arm if row.backbone == best.backbone else f"{row.backbone}.{row.arm}"


def _summary(found: list[Finding]) -> Finding:
    known = [finding for finding in found if finding.expected]
    clear = sum(finding.verdict == "consistent" for finding in known)
    below = sum(finding.note.startswith("less") for finding in known)
    return Finding(
        ";".join(dict.fromkeys(finding.table for finding in found)),
        "*.accuracy",
        f"{len(found)} best arms",
        f"{clear} of {len(known)} ahead by more than the 95 % interval",
        "consistent" if clear == len(found) else "undecidable",
        f"{below} of them ahead by less than one image"
        + (f"; the images of {len(found) - len(known)} are unknown" if len(known) < len(found) else ""),
        True,
    )
