"""Do the parameters and operations that a module adds agree with each other?

Method: the increment of a module is its row minus the row of the baseline with the same backbone, known up to the
rounding of both. (1) A formula of the text must give it. (2) Parameters that do not depend on the size of the images
are the same in every table; the last layer, which depends on the number of classes, is in both rows. (3) A module that
adds something is never cheaper than its baseline.

Source: arithmetic; the formulas are the papers'.

No power: (1) where the increment is smaller than the rounding; (2) with one table; (3) for equal numbers.
"""

from collections import defaultdict
from collections.abc import Iterator
from fractions import Fraction
from math import prod

from medattn.config.models.facts import ParameterFormula
from medattn.consistency.check_context import CheckContext
from medattn.consistency.check_result import CheckResult, ConsistencyVerdict
from medattn.consistency.published import PublishedRow, chosen
from medattn.consistency.published_value import SCALES

# Only parameters: operations depend on the size of the images, so differ between tables.
PARAMETERS = ("params", "params_k", "params_m", "parameters")


def check(context: CheckContext) -> Iterator[CheckResult]:
    """Yield results for formulas, for increments over several tables, and for modules cheaper than their baseline."""
    pairs = [
        (row, base)
        for row in context.rows
        if row.mean.unit in SCALES
        and row.arm != context.facts.baseline
        and (base := context.counterpart(row, arm=context.facts.baseline))
    ]
    by_formula: dict[str, list[CheckResult]] = {}
    for formula in context.facts.formulas:
        by_formula.setdefault(formula.says, [])
        for row in chosen(context.rows, formula.rows):
            base = context.counterpart(row, arm=context.facts.baseline)
            if base is not None and row.mean.unit in SCALES:
                by_formula[formula.says].append(_formula(row, base, formula))
    for says, results in by_formula.items():
        yield from results
        if len(results) > 1:
            yield _all_rows(says, results)
        if not results:
            note = "no row in K, M, G or T with a row of the baseline beside it"
            yield CheckResult("", says, "", "", "undecidable", note, True)
    yield from _repeated(pairs)
    for row, base in pairs:
        if row.mean.value < base.mean.value:
            yield _cheaper(row, base)


def adds(formula: ParameterFormula) -> int:
    """Return the number of parameters that a module adds by a formula."""
    if formula.products:
        return round(sum(prod(map(Fraction, product)) for product in formula.products))
    return formula.weights * sum(stage.blocks * stage.height * stage.width for stage in formula.stages)


def _formula(row: PublishedRow, base: PublishedRow, formula: ParameterFormula) -> CheckResult:
    scale, added = SCALES[row.mean.unit], adds(formula)
    low, high = base.mean.low + Fraction(added, scale), base.mean.high + Fraction(added, scale)
    verdict: ConsistencyVerdict = "consistent" if low <= row.mean.high and row.mean.low <= high else "inconsistent"
    note = f"{formula.says} adds {added:,} to {base.mean.text}"
    if verdict == "consistent" and added < scale * (row.mean.half + base.mean.half):
        note += ", less than the rounding"
    return CheckResult(
        row.table, row.cell, row.mean.text, row.mean.like(base.mean.value + Fraction(added, scale)), verdict, note
    )


def _all_rows(says: str, results: list[CheckResult]) -> CheckResult:
    agree = sum(result.verdict == "consistent" for result in results)
    return CheckResult(
        ";".join(dict.fromkeys(result.table for result in results)),
        f"*.{results[0].cell.rsplit('.', 1)[-1]}",
        ", ".join(result.published for result in results),
        ", ".join(result.expected for result in results),
        "consistent" if agree == len(results) else "inconsistent",
        f"{says} agrees with {agree} of {len(results)} published values",
        True,
    )


def _repeated(pairs: list[tuple[PublishedRow, PublishedRow]]) -> Iterator[CheckResult]:
    groups: dict[tuple[str, ...], list[tuple[PublishedRow, PublishedRow]]] = defaultdict(list)
    for row, base in pairs:
        if row.metric in PARAMETERS:
            groups[row.backbone, row.arm, row.metric].append((row, base))
    for (backbone, arm, metric), group in groups.items():
        if len({row.table for row, _ in group}) < 2:
            continue
        intervals = [(row.mean.low - base.mean.high, row.mean.high - base.mean.low) for row, base in group]
        agree = _meet(intervals)
        shown = ", ".join(f"{row.mean.like(row.mean.value - base.mean.value)} ({row.table})" for row, base in group)
        odd = [
            row.table
            for i, (row, _) in enumerate(group)
            if len(group) > 2 and _meet(intervals[:i] + intervals[i + 1 :])
        ]
        note = "a module adds the same parameters at every image size"
        if not agree and odd:
            note += f"; without {' or '.join(odd)} the tables agree"
        yield CheckResult(
            ";".join(dict.fromkeys(row.table for row, _ in group)),
            f"*.{backbone}.{arm}.{metric}",
            f"increments {shown}",
            "one increment",
            "consistent" if agree else "inconsistent",
            note,
        )


def _meet(intervals: list[tuple[Fraction, Fraction]]) -> bool:
    return max(low for low, _ in intervals) <= min(high for _, high in intervals)


def _cheaper(row: PublishedRow, base: PublishedRow) -> CheckResult:
    # In a tie of the roundings both would be equal, which a module that adds something can't be.
    impossible = row.mean.high <= base.mean.low
    return CheckResult(
        row.table,
        row.cell,
        row.mean.text,
        f"more than {base.mean.text}",
        "inconsistent" if impossible else "undecidable",
        f"less than the {base.arm} network, which prints {base.mean.text}",
    )
