"""Does an accuracy fit its sensitivity and specificity?

Method: accuracy = p sensitivity + (1 - p) specificity, with p the share of positives. So the accuracy lies between the
two, and all rows that share their test images imply the same p, which the class counts give, whichever class was taken
as positive. For means over folds the classes may be spread unevenly: then the accuracy is bounded over all ways to
spread them over equal folds, over stratified folds, and over those that random dealing gives in 999 of 1000 cases.
A row of folds is inconsistent if neither stratified nor random folds allow it, for either positive class, and
undecidable if only random ones do. One positive class must do for all rows of a table.

Source: arithmetic of the confusion matrix; the bounds solve the linear program exactly (consistency/fold_bounds.py).

No power: where sensitivity and specificity are equal, or the class counts are unknown and the accuracy lies between.
"""

from collections.abc import Iterable, Iterator
from fractions import Fraction

from medattn.consistency.check_context import CheckContext, model_cell
from medattn.consistency.check_result import CheckResult, ConsistencyVerdict
from medattn.consistency.effort import TOO_MANY, Effort
from medattn.consistency.fold_bounds import Bounds, accuracy_bounds, even_spread, likely_spreads, spread_count, spreads
from medattn.consistency.published import PublishedRow
from medattn.consistency.published_value import PublishedValue
from medattn.consistency.shared_test_sets import SharedTestSet

_RANDOM = 0.999
_SLACK = 1e-9
_SPREADS_TRIED = 4  # all and the likely ones, for either positive class


def check(context: CheckContext) -> Iterator[CheckResult]:
    """Yield a result for each model with all three numbers, and one for each table on the shares that they imply."""
    triples = [
        (row["accuracy"], row["sensitivity"], row["specificity"])
        for row in context.by_metric()
        if {"accuracy", "sensitivity", "specificity"} <= row.keys()
        and all(row[metric].mean.is_proportion for metric in ("accuracy", "sensitivity", "specificity"))
    ]
    by_images: dict[str, list[tuple[PublishedRow, PublishedRow, PublishedRow]]] = {}
    for triple in triples:
        measured = context.measured_on(triple[0])
        by_images.setdefault(f"{measured.name} {triple[0].table}", []).append(triple)
        yield _result(triple, measured, context.effort)
    for rows in by_images.values():
        if len(rows) > 1:
            yield _shares(rows, context.measured_on(rows[0][0]))


def bounds(published: PublishedValue) -> Bounds:
    """Return the least and greatest proportion that is rounded to a published one."""
    low, high = max(published.low / published.whole, Fraction(0)), min(published.high / published.whole, Fraction(1))
    return float(low), float(high)


def implied_share(accuracy: PublishedValue, sensitivity: PublishedValue, specificity: PublishedValue) -> Bounds | None:
    """Return the shares of positives that three published values imply; None where any share would do."""
    corners = [
        (a - t) / (s - t)
        for a in bounds(accuracy)
        for s in bounds(sensitivity)
        for t in bounds(specificity)
        if abs(s - t) > _SLACK
    ]
    (s_low, s_high), (t_low, t_high) = bounds(sensitivity), bounds(specificity)
    if not corners or (s_low <= t_high and t_low <= s_high):
        return None
    return min(corners), max(corners)


def _result(
    triple: tuple[PublishedRow, PublishedRow, PublishedRow], measured: SharedTestSet, effort: Effort
) -> CheckResult:
    accuracy, sensitivity, specificity = (row.mean for row in triple)
    share = implied_share(accuracy, sensitivity, specificity)
    implied = f"implied share of positives {_middle(triple):.3f}" if share else "sensitivity equals specificity"
    verdict, expected, notes = _judged(triple, measured, effort)
    # In unequal folds a mean accuracy may lie outside, so this alone decides nothing where there are folds.
    if share and (share[0] > 1 or share[1] < 0):
        above = _middle(triple) * (sensitivity.value - specificity.value) > max(
            Fraction(0), sensitivity.value - specificity.value
        )
        implied += f"; {'above' if above else 'below'} both sensitivity and specificity"
        if measured.facts.over != "folds":
            verdict = "inconsistent"
    row = triple[0]
    published = f"{accuracy.text} (sensitivity {sensitivity.text}, specificity {specificity.text})"
    return CheckResult(
        row.table, f"{model_cell(row)}.accuracy", published, expected, verdict, "; ".join([implied, *notes])
    )


def _middle(triple: tuple[PublishedRow, PublishedRow, PublishedRow]) -> float:
    accuracy, sensitivity, specificity = (row.mean.value / row.mean.whole for row in triple)
    return float((accuracy - specificity) / (sensitivity - specificity)) if sensitivity != specificity else float("nan")


def _judged(
    triple: tuple[PublishedRow, PublishedRow, PublishedRow], measured: SharedTestSet, effort: Effort
) -> tuple[ConsistencyVerdict, str, list[str]]:
    """Return verdict, possible accuracies and notes from the class counts, for each reading of "positive"."""
    accuracy = triple[0].mean
    classes = measured.facts.classes
    if len(classes) != 2:
        between = "between sensitivity and specificity"
        share = implied_share(*(row.mean for row in triple))
        if share is not None and (share[0] > 1 or share[1] < 0):
            return "inconsistent", between, []
        return "undecidable", between, ["class counts unknown"]
    if (doubt := _doubt_about_folds(measured, effort)) is not None:
        return "undecidable", "", [doubt]
    expected, notes, allowed = [], [], []
    for positive in classes:
        ranges = _ranges(positive, triple, measured)
        low, high = ranges["stratified" if "stratified" in ranges else "one test set"]
        expected.append(
            f"{accuracy.like(low * accuracy.whole)} to {accuracy.like(high * accuracy.whole)} ({positive} +)"
        )
        fits = {kind: _overlap(bounds(accuracy), limits) for kind, limits in ranges.items()}
        allowed.append(_allowed(fits))
        notes.append(f"{positive} positive: {_kinds(fits, ranges, accuracy)}")
    order: tuple[ConsistencyVerdict, ...] = ("consistent", "undecidable", "inconsistent")
    verdict = min(allowed, key=order.index)
    return verdict, " or ".join(expected), notes


def _doubt_about_folds(measured: SharedTestSet, effort: Effort) -> str | None:
    """Return why the classes can't be spread over the folds in all ways; None where they can, or without folds."""
    folds, minority = measured.facts.averaged, min(measured.facts.classes.values())
    if measured.facts.over != "folds" or folds == 1:
        return None
    size = _fold_size(measured)
    if minority > folds * size:
        return f"the classes have more images than {folds} folds of {size}"
    ways = spread_count(minority, folds, size)
    if ways is None or not effort.allows(_SPREADS_TRIED * ways):
        return f"ways to spread the classes over {folds} folds: {TOO_MANY}"
    return None


def _fold_size(measured: SharedTestSet) -> int:
    return measured.images or sum(measured.facts.classes.values()) // measured.facts.averaged


def _allowed(fits: dict[str, bool]) -> ConsistencyVerdict:
    """Judge one reading of "positive": folds that only random dealing gives leave it open."""
    if fits.get("stratified") or fits.get("one test set"):
        return "consistent"
    return "undecidable" if fits.get("random") else "inconsistent"


def _ranges(
    positive: str, triple: tuple[PublishedRow, PublishedRow, PublishedRow], measured: SharedTestSet
) -> dict[str, Bounds]:
    classes, folds = measured.facts.classes, measured.facts.averaged
    total = sum(classes.values())
    sensitivity, specificity = bounds(triple[1].mean), bounds(triple[2].mean)
    if measured.facts.over != "folds" or folds == 1:
        return {"one test set": accuracy_bounds([classes[positive] / total], sensitivity, specificity)}
    size = _fold_size(measured)
    minority = min(classes, key=lambda name: classes[name])

    def over(ways: Iterable[tuple[int, ...]]) -> Bounds:
        each = [
            accuracy_bounds(
                [n / size if positive == minority else 1 - n / size for n in spread], sensitivity, specificity
            )
            for spread in ways
        ]
        return min(low for low, _ in each), max(high for _, high in each)

    return {
        "stratified": over([even_spread(classes[minority], folds)]),
        "random": over(likely_spreads(classes[minority], folds, size, _RANDOM)),
        "any": over(spreads(classes[minority], folds, size)),
    }


def _kinds(fits: dict[str, bool], ranges: dict[str, Bounds], accuracy: PublishedValue) -> str:
    if "any" not in fits:
        return "possible" if fits["one test set"] else f"impossible, off by {_gap(ranges['one test set'], accuracy)}"
    if fits["stratified"]:
        return "possible with stratified folds"
    if not fits["any"]:
        return "impossible however the classes are spread over the folds"
    low, high = (accuracy.like(limit * accuracy.whole) for limit in ranges["random"])
    if fits["random"]:
        return f"impossible with stratified folds, possible with random ones ({low} to {high})"
    return f"impossible with stratified folds, and with random ones in 999 of 1000 cases ({low} to {high})"


def _gap(limits: Bounds, accuracy: PublishedValue) -> str:
    low, high = bounds(accuracy)
    return f"{max(limits[0] - high, low - limits[1]) * accuracy.whole:.{accuracy.decimals}f}"


def _shares(rows: list[tuple[PublishedRow, PublishedRow, PublishedRow]], measured: SharedTestSet) -> CheckResult:
    known = measured.facts.classes
    total = sum(known.values())
    implied = [(share, _middle(triple)) for triple in rows if (share := _implied(triple))]
    middles = [middle for _, middle in implied]
    return CheckResult(
        rows[0][0].table,
        f"{rows[0][0].dataset}.*.*.accuracy",
        f"implied shares of positives {min(middles):.2f} to {max(middles):.2f}" if middles else "",
        " or ".join(f"{n / total:.3f} ({name} +)" for name, n in known.items()) if total else "one share",
        _same_share([share for share, _ in implied], rows, measured),
        f"all {len(rows)} rows share their test images, so must imply one share of positives",
        True,
    )


def _same_share(
    shares: list[Bounds], rows: list[tuple[PublishedRow, PublishedRow, PublishedRow]], measured: SharedTestSet
) -> ConsistencyVerdict:
    if len(measured.facts.classes) == 2:
        for positive in measured.facts.classes:
            fits = [
                {kind: _overlap(bounds(triple[0].mean), limits) for kind, limits in ranges.items()}
                for triple in rows
                for ranges in (_ranges(positive, triple, measured),)
            ]
            if all(_allowed(each) != "inconsistent" for each in fits):
                return "consistent"
        return "inconsistent"
    if measured.facts.over == "folds" and measured.facts.averaged > 1:
        return "undecidable"  # unevenly spread folds let rows imply different shares
    agree = not shares or max(low for low, _ in shares) <= min(high for _, high in shares) + _SLACK
    return "consistent" if agree else "inconsistent"


def _implied(triple: tuple[PublishedRow, PublishedRow, PublishedRow]) -> Bounds | None:
    return implied_share(*(row.mean for row in triple))


def _overlap(one: Bounds, other: Bounds) -> bool:
    return one[0] <= other[1] + _SLACK and other[0] <= one[1] + _SLACK
