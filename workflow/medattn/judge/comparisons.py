"""Judging published comparisons: over runs paired by seed, corrected within the statement that makes them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import isnan, log2, nan
from typing import Literal

import numpy as np
import pandas as pd

from medattn.compare.holm import holm
from medattn.compare.permutation_test import permutation
from medattn.compare.replicates import pair_up
from medattn.compare.sign_flips import least_p
from medattn.config.models.facts import Facts, Rows, Significance, Statement
from medattn.config.models.metrics import MEAN, METRICS
from medattn.config.models.text_facts import Unpublished
from medattn.config.models.verdicts import VerdictRule
from medattn.config.resolved import Configuration
from medattn.consistency.checks.statements import gain, pairs_of
from medattn.consistency.published import Row, chosen
from medattn.judge.claim import Claim, in_points, not_measured
from medattn.judge.measured import Found, Measured, Place
from medattn.judge.numbers import counted_cost, reason_for_no_verdict
from medattn.judge.protocol_deviations import deviation, readings
from medattn.judge.rule import Difference, Judgment, judge_count, judge_higher, judge_same

Direction = Literal["higher", "same"]


@dataclass(frozen=True)
class Pair:
    """A published comparison of two arms, before it is judged: the claim so far, and what was measured of both."""

    claim: Claim
    places: tuple[Place, Place]
    found: tuple[Found, Found]
    direction: Direction = "higher"
    least: float = 0.0
    most: float | None = None
    half: float = 0.0


def judged_comparisons(
    paper: str,
    rows: Sequence[Row],
    facts: Facts,
    measured: Measured,
    costs: pd.DataFrame,
    configuration: Configuration,
) -> Iterator[Claim]:
    """Yield the claims of all comparisons that a paper prints, statement by statement, with their verdicts."""
    published: list[Statement | Significance] = [*facts.significance, *facts.statements]
    for number, said in enumerate(published, start=1):
        statement = _as_statement(said)
        if statement.generally:
            continue
        pairs = list(pairs_of(chosen(rows, statement.rows), statement))
        if isinstance(said, Significance) and said.flag:
            pairs = [(row, other) for row, other in pairs if said.flag in row.flags]
        of_runs = [pair for pair in pairs if _is_measured(pair[0])]
        asked = [_published_pair(number, statement, row, other, measured) for row, other in of_runs]
        yield from judged_pairs(asked, measured, facts, configuration)
        for row, other in pairs:
            if not _is_measured(row):
                claim = _published_claim(number, statement, row, other, measured)
                yield _judged_costs(claim, statement, row, other, costs, measured)
    for number, unpublished in enumerate(facts.unpublished, start=len(published) + 1):
        yield from judged_pairs(
            list(_unprinted_pairs(number, paper, unpublished, measured)), measured, facts, configuration
        )


def _as_statement(said: Statement | Significance) -> Statement:
    """Return a statement of significance as one of a difference: its p is judged by the sound test, too."""
    if isinstance(said, Statement):
        return said
    return Statement(
        says=said.says, source=said.source, rows=said.rows, higher=Rows(arm=[said.arm]), lower=Rows(arm=[said.against])
    )


def _is_measured(row: Row) -> bool:
    return row.metric not in METRICS or METRICS[row.metric].measured


def _published_claim(number: int, said: Statement, row: Row, other: Row, measured: Measured) -> Claim:
    place, against = measured.place_of(row), measured.place_of(other)
    half = max(row.mean.decimals, other.mean.decimals)
    difference = gain(row.mean.value, other.mean.value, said)
    is_percent = said.measured_in == "percent"
    return Claim(
        claim=f"{row.paper}.{number:02d}.{row.table}.{row.cell}.over.{_over(row, other)}",
        paper=row.paper,
        table=row.table,
        kind="comparison",
        dataset=row.dataset,
        backbone=row.backbone,
        arm=row.arm,
        against=_against(place, against),
        metric=place.metric,
        class_name=place.class_name,
        statement=_sentence(said.says, said.source),
        published=f"{float(difference):+.{2 if is_percent else half}f}",
        unit="percent" if is_percent or row.mean.unit == "percent" else row.mean.unit,
    )


def _over(row: Row, other: Row) -> str:
    columns = [column for column in ("table", "backbone", "arm") if getattr(row, column) != getattr(other, column)]
    return ".".join(getattr(other, column) for column in columns)


def _against(place: Place, other: Place) -> str:
    """Return the name of the other arm, with its backbone or table where they are other ones."""
    backbone = f" of {other.backbone}" if other.backbone != place.backbone else ""
    table = f" in {other.table}" if other.table != place.table else ""
    return f"{other.arm}{backbone}{table}"


def _sentence(says: str, source: str) -> str:
    return f"{says} ({source})" if source else says


def _published_pair(number: int, said: Statement, row: Row, other: Row, measured: Measured) -> Pair:
    places = measured.place_of(row), measured.place_of(other)
    points = in_points(row.mean.unit)
    half = Fraction(row.mean.half + other.mean.half) if said.least or said.most is not None else Fraction(0)
    return Pair(
        _published_claim(number, said, row, other, measured),
        places,
        (measured.at(row.paper, places[0]), measured.at(row.paper, places[1])),
        least=said.least * points,
        most=None if said.most is None else said.most * points,
        half=float(half) * points,
    )


def _unprinted_pairs(number: int, paper: str, said: Unpublished, measured: Measured) -> Iterator[Pair]:
    resolved = measured.paper_of(paper, said.table)
    if resolved is None:
        return
    for dataset in resolved.datasets:
        for backbone in resolved.backbones:
            for arm in said.arm:
                class_name = MEAN if METRICS[said.metric].classes == "each" else ""
                own = Place(said.table, dataset, backbone, arm, said.metric, class_name)
                other = replace(own, table=said.against_table or said.table, arm=said.against or arm)
                # "lower" is "higher" the other way round, so that a claim's arm is always the better one.
                places = (other, own) if said.direction == "lower" else (own, other)
                first, second = places
                over = second.arm if first.table == second.table else f"{second.table}.{second.arm}"
                claim = Claim(
                    claim=f"{paper}.{number:02d}.{first.table}.{dataset}.{backbone}.{first.arm}.over.{over}",
                    paper=paper,
                    table=first.table,
                    kind="comparison",
                    dataset=dataset,
                    backbone=backbone,
                    arm=first.arm,
                    against=_against(first, second),
                    metric=said.metric,
                    class_name=class_name,
                    statement=_sentence(said.says, said.source),
                    unit="percent",
                )
                found = (measured.at(paper, places[0]), measured.at(paper, places[1]))
                direction: Direction = "same" if said.direction == "same" else "higher"
                yield Pair(claim, places, found, direction, said.least, said.most)


def judged_pairs(pairs: list[Pair], measured: Measured, facts: Facts, configuration: Configuration) -> Iterator[Claim]:
    """Yield the claims of one statement, whose tests are corrected together."""
    outcomes = [permutation(pair_up(pair.found[0].by_seed, pair.found[1].by_seed)) for pair in pairs]
    corrected = holm([outcome.p for outcome in outcomes])
    for pair, outcome, p in zip(pairs, outcomes, corrected, strict=True):
        difference = Difference(outcome.difference, outcome.low, outcome.high, outcome.n, float(p))
        yield _with_verdict(pair, difference, len(pairs), measured, facts, configuration)


def _with_verdict(
    pair: Pair, difference: Difference, tests: int, measured: Measured, facts: Facts, configuration: Configuration
) -> Claim:
    first, second = pair.found
    points = in_points(pair.claim.unit)
    claim = replace(
        pair.claim,
        measured=difference.mean / points,
        spread=_spread(first, second) / points,
        n=difference.n,
        procedure="runs" if difference.n else "",
        stand_in=first.stand_in or second.stand_in,
        runs=(*first.runs, *second.runs),
    )
    reason = reason_for_no_verdict(first, second)
    notes = dict.fromkeys(f"leak: {found.leak}" for found in pair.found if found.leak)
    for place in pair.places:
        paper = measured.paper_of(claim.paper, place.table)
        if paper is not None:
            reason = reason or deviation(configuration, paper, place, facts)
            notes |= dict.fromkeys([readings(configuration, paper, place, facts)])
    if not reason and not difference.n:
        reason = "no seed in common"
    if reason:
        return not_measured(claim, reason)
    rule = configuration.selection.verdicts
    judgment = _judgment(pair, difference, tests, rule)
    return claim.judged(judgment, points, *notes)


def _judgment(pair: Pair, difference: Difference, tests: int, rule: VerdictRule) -> Judgment:
    if pair.direction == "same":
        return judge_same(difference, rule)
    judgment = judge_higher(difference, rule, pair.least, pair.most, pair.half)
    if judgment.verdict == "inconclusive" and least_p(difference.n) * tests >= rule.alpha:
        needed = int(1 - log2(rule.alpha / tests)) + 1
        known = f"{_counted(difference.n, 'pair')} can't reach it in {_counted(tests, 'test')}"
        return replace(judgment, reason=f"{judgment.reason}: {known}, {needed} would")
    return judgment


def _counted(number: int, what: str) -> str:
    return f"one {what}" if number == 1 else f"{number} {what}s"


def _spread(first: Found, second: Found) -> float:
    seeds = sorted(set(first.by_seed) & set(second.by_seed))
    if len(seeds) < 2:
        return nan
    return float(np.std([first.by_seed[seed] - second.by_seed[seed] for seed in seeds], ddof=1))


def _judged_costs(
    claim: Claim, said: Statement, row: Row, other: Row, costs: pd.DataFrame, measured: Measured
) -> Claim:
    """Return the claim of a comparison of costs, which are exact: it holds or it doesn't."""
    first, second = counted_cost(row, costs, measured), counted_cost(other, costs, measured)
    if isnan(first.count) or isnan(second.count):
        return not_measured(claim, first.reason or second.reason)
    difference = first.count - second.count
    if said.measured_in == "percent":
        difference *= 100 / second.count
    claim = replace(claim, measured=difference, n=1, procedure="count", stand_in=first.stand_in or second.stand_in)
    if claim.stand_in:
        return not_measured(claim, "stand-in images")
    if said.most is not None:  # "almost the same" is true of the same
        holds, wanted = said.least <= difference <= said.most, f"{said.least:g} to {said.most:g}"
    elif said.least > 0:
        holds, wanted = difference >= said.least, f"at least {said.least:g}"
    else:
        holds, wanted = difference > 0, "more"
    return claim.judged(judge_count(holds, "" if holds else f"stated is {wanted}"), 1.0)
