"""Verdicts on published comparisons: over runs paired by seed, by the primary test."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import isnan
from typing import Literal

from medattn.compare.looks import diverged_seeds, seeds_of_pair, undeclared_look
from medattn.compare.test_result import CONFIDENCE
from medattn.config.models.facts import Facts, SignificanceStatement, Statement
from medattn.config.models.row_filter import RowFilter
from medattn.config.models.text_facts import UnpublishedComparison
from medattn.config.models.verdicts import VerdictRule
from medattn.config.resolved import Configuration
from medattn.consistency.checks.statements import gain, pairs_of
from medattn.consistency.published import PublishedRow, chosen
from medattn.judge.claim import Claim, in_points, not_measured
from medattn.judge.paired import MeasuredPair, paired_differences
from medattn.judge.protocol_deviations import deviation, reading
from medattn.judge.rule import Judgment, PairedDifference, judge_count, judge_higher, judge_same
from medattn.judge.subject import Subject, SubjectResult, Subjects, least_points
from medattn.judge.values import STAND_IN, PublishedCosts, reason_for_no_verdict, state_without_verdict
from medattn.metrics.metric import MEAN
from medattn.metrics.registry import METRICS

Direction = Literal["higher", "same"]


@dataclass(frozen=True)
class PublishedComparison:
    """A published comparison of two arms without its verdict.

    Attributes:
        claim: the claim so far.
        subjects: the two compared values.
        results: what was measured of both.
        direction: whether the first value is stated to be higher, or both to be the same.
        least: stated least difference, in percentage points.
        most: stated greatest difference; None if there is no limit.
        half: half a unit of the last digit of the stated difference.
    """

    claim: Claim
    subjects: tuple[Subject, Subject]
    results: tuple[SubjectResult, SubjectResult]
    direction: Direction = "higher"
    least: float = 0.0
    most: float | None = None
    half: float = 0.0


@dataclass(frozen=True)
class PublishedPairs:
    """The comparisons of one statement.

    Attributes:
        pairs: comparisons of measured metrics, whose tests are corrected together.
        costs: comparisons of costs: the claim, the statement and the two published values.
        correct: whether the tests are corrected; not for a statement that all pairs hold.
    """

    pairs: Sequence[PublishedComparison]
    costs: Sequence[tuple[Claim, Statement, PublishedRow, PublishedRow]] = ()
    correct: bool = True


def judged_comparisons(
    paper: str,
    rows: Sequence[PublishedRow],
    facts: Facts,
    subjects: Subjects,
    costs: PublishedCosts,
    configuration: Configuration,
) -> Iterator[Claim]:
    """Yield the claims of all comparisons in a paper with their verdicts, statement by statement."""
    for statement in published_statements(paper, rows, facts, subjects):
        yield from judged_pairs(statement.pairs, subjects, facts, configuration, correct=statement.correct)
        for claim, declared, row, other in statement.costs:
            yield _judged_costs(claim, declared, row, other, costs, subjects)


def published_statements(
    paper: str, rows: Sequence[PublishedRow], facts: Facts, subjects: Subjects
) -> Iterator[PublishedPairs]:
    """Yield the comparisons in a paper without verdicts, statement by statement."""
    published: list[Statement | SignificanceStatement] = [*facts.significance, *facts.statements]
    for number, declared in enumerate(published, start=1):
        statement = _as_statement(declared)
        if statement.generally:
            continue
        pairs = list(pairs_of(chosen(rows, statement.rows), statement))
        if isinstance(declared, SignificanceStatement) and declared.flag:
            pairs = [(row, other) for row, other in pairs if declared.flag in row.flags]
        yield PublishedPairs(
            [_published_pair(number, statement, row, other, subjects) for row, other in pairs if _is_measured(row)],
            [
                (_published_claim(number, statement, row, other, subjects), statement, row, other)
                for row, other in pairs
                if not _is_measured(row)
            ],
            correct=not statement.all,
        )
    for number, unpublished in enumerate(facts.unpublished, start=len(published) + 1):
        yield PublishedPairs(list(_unpublished_pairs(number, paper, unpublished, subjects)))


def _as_statement(said: Statement | SignificanceStatement) -> Statement:
    """Return a statement of significance as a statement of a difference, which is judged by the test over runs."""
    if isinstance(said, Statement):
        return said
    return Statement(
        says=said.says,
        source=said.source,
        rows=said.rows,
        higher=RowFilter(arm=[said.arm]),
        lower=RowFilter(arm=[said.against]),
    )


def _is_measured(row: PublishedRow) -> bool:
    return row.metric not in METRICS or METRICS[row.metric].measured


def _published_claim(number: int, said: Statement, row: PublishedRow, other: PublishedRow, subjects: Subjects) -> Claim:
    subject, against = subjects.of_row(row), subjects.of_row(other)
    half = max(row.mean.decimals, other.mean.decimals)
    difference = gain(row.mean.value, other.mean.value, said)
    is_percent = said.measured_in == "percent"
    return Claim(
        claim=f"{row.paper}.{number:02d}.{row.table}.{row.cell}.over.{_differing_columns(row, other)}",
        paper=row.paper,
        table=row.table,
        kind="comparison",
        dataset=row.dataset,
        backbone=row.backbone,
        arm=row.arm,
        against=_against(subject, against),
        metric=subject.metric,
        class_name=subject.class_name,
        statement=_sentence(said.says, said.source),
        published=f"{float(difference):+z.{2 if is_percent else half}f}",
        unit="percent" if is_percent or row.mean.unit == "percent" else row.mean.unit,
    )


def _differing_columns(row: PublishedRow, other: PublishedRow) -> str:
    columns = [column for column in ("table", "backbone", "arm") if getattr(row, column) != getattr(other, column)]
    return ".".join(getattr(other, column) for column in columns)


def _against(subject: Subject, other: Subject) -> str:
    """Return the name of the other arm, with its backbone or table if they differ."""
    backbone = f" of {other.backbone}" if other.backbone != subject.backbone else ""
    table = f" in {other.table}" if other.table != subject.table else ""
    return f"{other.arm}{backbone}{table}"


def _sentence(says: str, source: str) -> str:
    return f"{says} ({source})" if source else says


def _published_pair(
    number: int, said: Statement, row: PublishedRow, other: PublishedRow, subjects: Subjects
) -> PublishedComparison:
    pair = subjects.of_row(row), subjects.of_row(other)
    points = in_points(row.mean.unit)
    half = Fraction(row.mean.half + other.mean.half) if said.least or said.most is not None else Fraction(0)
    return PublishedComparison(
        _published_claim(number, said, row, other, subjects),
        pair,
        (subjects.result(row.paper, pair[0]), subjects.result(row.paper, pair[1])),
        least=said.least * points,
        most=None if said.most is None else said.most * points,
        half=float(half) * points,
    )


def _unpublished_pairs(
    number: int, paper: str, said: UnpublishedComparison, subjects: Subjects
) -> Iterator[PublishedComparison]:
    resolved = subjects.paper_of(paper, said.table)
    if resolved is None:
        return
    for dataset in resolved.datasets:
        for backbone in resolved.backbones:
            for arm in said.arm:
                class_name = MEAN if METRICS[said.metric].classes == "each" else ""
                own = Subject(said.table, dataset, backbone, arm, said.metric, class_name)
                other = replace(own, table=said.against_table or said.table, arm=said.against or arm)
                # Swap the arms of "lower": the arm of a claim is always the one that is called better.
                better, worse = (other, own) if said.direction == "lower" else (own, other)
                over = worse.arm if better.table == worse.table else f"{worse.table}.{worse.arm}"
                claim = Claim(
                    claim=f"{paper}.{number:02d}.{better.table}.{dataset}.{backbone}.{better.arm}.over.{over}",
                    paper=paper,
                    table=better.table,
                    kind="comparison",
                    dataset=dataset,
                    backbone=backbone,
                    arm=better.arm,
                    against=_against(better, worse),
                    metric=said.metric,
                    class_name=class_name,
                    statement=_sentence(said.says, said.source),
                    unit="percent",
                )
                results = (subjects.result(paper, better), subjects.result(paper, worse))
                direction: Direction = "same" if said.direction == "same" else "higher"
                yield PublishedComparison(claim, (better, worse), results, direction, said.least, said.most)


def judged_pairs(
    pairs: Sequence[PublishedComparison],
    subjects: Subjects,
    facts: Facts,
    configuration: Configuration,
    *,
    correct: bool = True,
) -> Iterator[Claim]:
    """Yield the claims of one statement.

    Args:
        pairs: its comparisons.
        subjects: the subjects of the selection.
        facts: the paper's facts.
        configuration: the selection.
        correct: whether p is corrected over the pairs. A statement that all pairs hold needs no correction, because it
            is wrongly accepted only if the test errs on a pair that does not hold (Berger 1982).
    """
    measured = [
        MeasuredPair(pair.results[0].measured, pair.results[1].measured, least_points(pair.claim.metric))
        for pair in pairs
    ]
    # The looks share the error rate of the interval, as they share alpha.
    confidence = 1 - (1 - CONFIDENCE) / max(1, len(configuration.selection.looks))
    differences = paired_differences(measured, correct=correct, confidence=confidence)
    for pair, difference in zip(pairs, differences, strict=True):
        yield _with_verdict(pair, difference, subjects, facts, configuration)


def _with_verdict(
    pair: PublishedComparison,
    difference: PairedDifference,
    subjects: Subjects,
    facts: Facts,
    configuration: Configuration,
) -> Claim:
    first, second = pair.results
    points = in_points(pair.claim.unit)
    claim = replace(
        pair.claim,
        measured=difference.mean / points,
        spread=difference.spread / points,
        n=difference.n,
        procedure="runs" if difference.n else "",
        stand_in=first.stand_in or second.stand_in,
        runs=(*first.measured.runs, *second.measured.runs),
    )
    reason, state = reason_for_no_verdict(first, second), state_without_verdict(first, second)
    notes = dict.fromkeys(f"leak: {result.measured.leak}" for result in pair.results if result.measured.leak)
    for subject in pair.subjects:
        paper = subjects.paper_of(claim.paper, subject.table)
        if paper is not None:
            if not reason:
                reason, state = deviation(configuration, paper, subject, facts), "another recipe"
            notes |= dict.fromkeys([reading(configuration, paper, subject, facts)])
    if not reason and not difference.n:
        reason, state = "no seed in common", "waiting"
    if reason:
        return not_measured(claim, reason, state)
    undeclared = undeclared_look(seeds_of_pair(first.measured, second.measured), configuration.selection.looks)
    if undeclared:
        judgment = Judgment("inconclusive", undeclared)
    else:
        judgment = _judgment(pair, difference, configuration.selection.rule_at_a_look)
    notes[diverged_seeds(first.measured, second.measured)] = None
    if judgment.verdict != "inconclusive":
        notes[difference.assumption] = None
    return claim.with_judgment(judgment, points, *notes)


def _judgment(pair: PublishedComparison, difference: PairedDifference, rule: VerdictRule) -> Judgment:
    if pair.direction == "same":
        return judge_same(difference, rule)
    return judge_higher(difference, rule, pair.least, pair.most, pair.half)


def _judged_costs(
    claim: Claim, said: Statement, row: PublishedRow, other: PublishedRow, costs: PublishedCosts, subjects: Subjects
) -> Claim:
    """Return the claim of a comparison of costs. Costs are exact, so the statement is true or false."""
    first, second = costs.of_row(row, subjects), costs.of_row(other, subjects)
    if isnan(first.count) or isnan(second.count):
        missing = first if isnan(first.count) else second
        return not_measured(claim, missing.reason, missing.state)
    difference = first.count - second.count
    if said.measured_in == "percent":
        difference *= 100 / second.count
    claim = replace(claim, measured=difference, n=1, procedure="count", stand_in=first.stand_in or second.stand_in)
    if claim.stand_in:
        return not_measured(claim, STAND_IN, "stand-in images")
    if said.most is not None:
        holds, stated = said.least <= difference <= said.most, f"{said.least:g} to {said.most:g}"
    elif said.least > 0:
        holds, stated = difference >= said.least, f"at least {said.least:g}"
    else:
        holds, stated = difference > 0, "more"
    return claim.with_judgment(judge_count(holds, "" if holds else f"stated is {stated}"), 1.0)
