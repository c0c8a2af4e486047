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

from medattn.config.models.facts import Formula
from medattn.consistency.evidence import Evidence
from medattn.consistency.findings import Finding, Verdict
from medattn.consistency.published import Row, chosen
from medattn.consistency.published_value import SCALES

# Only parameters: operations depend on the size of the images, so differ between tables.
PARAMETERS = ("params", "params_k", "params_m", "parameters")


def check(evidence: Evidence) -> Iterator[Finding]:
    """Yield findings for formulas, for increments over several tables, and for modules cheaper than their baseline."""
    pairs = [
        (row, base)
        for row in evidence.rows
        if row.mean.unit in SCALES
        and row.arm != evidence.facts.baseline
        and (base := evidence.counterpart(row, arm=evidence.facts.baseline))
    ]
    by_formula: dict[str, list[Finding]] = {}
    for formula in evidence.facts.formulas:
        by_formula.setdefault(formula.says, [])
        for row in chosen(evidence.rows, formula.rows):
            base = evidence.counterpart(row, arm=evidence.facts.baseline)
            if base is not None and row.mean.unit in SCALES:
                by_formula[formula.says].append(_formula(row, base, formula))
    for says, findings in by_formula.items():
        yield from findings
        if len(findings) > 1:
            yield _all_rows(says, findings)
        if not findings:
            note = "no row in K, M, G or T with a row of the baseline beside it"
            yield Finding("", says, "", "", "undecidable", note, True)
    yield from _repeated(pairs)
    for row, base in pairs:
        if row.mean.value < base.mean.value:
            yield _cheaper(row, base)


def adds(formula: Formula) -> int:
    """Return what a formula gives."""
    if formula.products:
        return round(sum(prod(map(Fraction, product)) for product in formula.products))
    return formula.weights * sum(stage.blocks * stage.height * stage.width for stage in formula.stages)


def _formula(row: Row, base: Row, formula: Formula) -> Finding:
    scale, added = SCALES[row.mean.unit], adds(formula)
    low, high = base.mean.low + Fraction(added, scale), base.mean.high + Fraction(added, scale)
    verdict: Verdict = "consistent" if low <= row.mean.high and row.mean.low <= high else "inconsistent"
    note = f"{formula.says} adds {added:,} to {base.mean.text}"
    if verdict == "consistent" and added < scale * (row.mean.half + base.mean.half):
        note += ", less than the rounding"
    return Finding(
        row.table, row.cell, row.mean.text, row.mean.like(base.mean.value + Fraction(added, scale)), verdict, note
    )


def _all_rows(says: str, findings: list[Finding]) -> Finding:
    agree = sum(finding.verdict == "consistent" for finding in findings)
    return Finding(
        ";".join(dict.fromkeys(finding.table for finding in findings)),
        f"*.{findings[0].cell.rsplit('.', 1)[-1]}",
        ", ".join(finding.published for finding in findings),
        ", ".join(finding.expected for finding in findings),
        "consistent" if agree == len(findings) else "inconsistent",
        f"{says} agrees with {agree} of {len(findings)} published values",
        True,
    )


def _repeated(pairs: list[tuple[Row, Row]]) -> Iterator[Finding]:
    groups: dict[tuple[str, ...], list[tuple[Row, Row]]] = defaultdict(list)
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
        yield Finding(
            ";".join(dict.fromkeys(row.table for row, _ in group)),
            f"*.{backbone}.{arm}.{metric}",
            f"increments {shown}",
            "one increment",
            "consistent" if agree else "inconsistent",
            note,
        )


def _meet(intervals: list[tuple[Fraction, Fraction]]) -> bool:
    return max(low for low, _ in intervals) <= min(high for _, high in intervals)


def _cheaper(row: Row, base: Row) -> Finding:
    # In a tie of the roundings both would be equal, which a module that adds something can't be.
    impossible = row.mean.high <= base.mean.low
    return Finding(
        row.table,
        row.cell,
        row.mean.text,
        f"more than {base.mean.text}",
        "inconsistent" if impossible else "undecidable",
        f"less than the {base.arm} network, which prints {base.mean.text}",
    )
