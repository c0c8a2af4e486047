"""Judging published values: those that are measured over runs, and costs, which are counted."""

from dataclasses import dataclass, replace
from math import isnan, nan

import pandas as pd

from medattn.compare.costs import counted
from medattn.compare.inputs import rows_of
from medattn.config.models.facts import Facts
from medattn.config.models.metrics import METRICS
from medattn.config.models.verdicts import VerdictRule
from medattn.config.resolved import Configuration
from medattn.consistency.published import Row
from medattn.judge.claim import Claim, in_points, not_measured
from medattn.judge.measured import Found, Measured, Place
from medattn.judge.protocol_deviations import deviation, readings
from medattn.judge.rule import Judgment, Repeated, judge_count, judge_number

STAND_IN = "stand-in images"
_COUNTER = {"params_m": "counter_params", "gflops": "counter_gflops"}
_PUBLISHED = {"params_m": "published_params_m", "gflops": "published_gflops"}
# What `counter_...` says where the plain count fits.
_PLAIN = ("parameters", "macs")


def judged_number(
    row: Row, facts: Facts, measured: Measured, configuration: Configuration, found: Found | None = None
) -> Claim:
    """Return the claim of a published value of a metric, with its verdict.

    Args:
        row: the published value.
        facts: what is known of the paper's values.
        measured: the measurements.
        configuration: the selection.
        found: what was measured of it; default: the measurement of its cell and metric.
    """
    place, rule = measured.place_of(row), configuration.selection.verdicts
    found = found or measured.at(row.paper, place)
    claim = replace(
        _claim(row, place.metric, place.class_name),
        measured=found.value / in_points(row.mean.unit),
        spread=found.spread / in_points(row.mean.unit),
        n=found.n,
        procedure="runs" if found.is_measured else "",
        stand_in=found.stand_in,
        runs=found.runs,
    )
    reason = reason_for_no_verdict(found)
    paper = measured.paper_of(row.paper, row.table)
    if not reason and paper:
        reason = deviation(configuration, paper, place, facts)
    if reason:
        return not_measured(claim, reason)
    judgment = _judgment(row, facts, found, rule)
    leak = found.leak and f"leak: {found.leak}"
    other = readings(configuration, paper, place, facts) if paper else ""
    return claim.judged(judgment, in_points(row.mean.unit), leak, found.reason, other)


def judged_cost(row: Row, costs: pd.DataFrame, measured: Measured) -> Claim:
    """Return the claim of a published value of parameters or operations: judged by the count, up to the rounding.

    Args:
        row: the published value.
        costs: the rows of complexity.csv.
        measured: the measurements, for what the selection has.
    """
    claim = _claim(row, row.metric, "")
    cost = counted_cost(row, costs, measured)
    if isnan(cost.count):
        return not_measured(claim, cost.reason)
    claim = replace(claim, measured=cost.count, n=1, procedure="count", stand_in=cost.stand_in)
    if cost.stand_in:
        return not_measured(claim, STAND_IN)
    differs = f"the count is {cost.count - float(row.mean.value):+.4f} {row.mean.unit} off"
    note = differs if not cost.counter else "" if cost.counter in _PLAIN else f"as the counter {cost.counter} sees it"
    return claim.judged(judge_count(bool(cost.counter), note), 1.0)


@dataclass(frozen=True)
class Cost:
    """A counted cost in the unit of its metric, the counter that gives the published digits, or why there is none."""

    count: float = nan
    counter: str = ""
    stand_in: bool = False
    reason: str = ""


def counted_cost(row: Row, costs: pd.DataFrame, measured: Measured) -> Cost:
    """Return what was counted of a published cost."""
    paper = measured.paper_of(row.paper, row.table)
    if paper is None:
        return Cost(reason="not in this selection")
    rows = rows_of(costs, paper=row.paper, table=row.table, dataset=row.dataset, backbone=row.backbone, arm=row.arm)
    rows = rows[rows[_PUBLISHED[row.metric]].astype(str) != ""]
    count = counted(rows, row.paper, row.table, row.backbone, row.arm, row.metric) if len(rows) else None
    if count is None:
        note = str(rows.iloc[0]["note"]) if len(rows) else ""
        return Cost(reason=note or "not counted yet: run `medattn complexity --write`")
    first = rows.iloc[0]
    return Cost(
        count,
        str(first[_COUNTER[row.metric]]),
        measured.at(row.paper, Place(row.table, str(first["counted_for"]), row.backbone, row.arm, "accuracy")).stand_in,
    )


def reason_for_no_verdict(*found: Found) -> str:
    """Return why there can be no verdict on what was found: the first reason there is, or that images are stand-ins."""
    missing = next((one.reason for one in found if not one.is_measured), "")
    if any(one.stand_in for one in found):
        return STAND_IN + (f"; {missing}" if missing else "")
    return missing


def _claim(row: Row, metric: str, class_name: str) -> Claim:
    return Claim(
        claim=f"{row.table}.{row.cell}",
        paper=row.paper,
        table=row.table,
        kind="number",
        dataset=row.dataset,
        backbone=row.backbone,
        arm=row.arm,
        metric=metric,
        class_name=class_name,
        statement=f"{METRICS[metric].title if metric in METRICS else metric} is {row.mean.text}",
        published=row.mean.text,
        published_spread=row.std.text if row.std else "",
        unit=row.mean.unit,
    )


def _judgment(row: Row, facts: Facts, found: Found, rule: VerdictRule) -> Judgment:
    points = in_points(row.mean.unit)
    repeated = Repeated(
        found.value,
        found.spread,
        found.n,
        found.images if row.dataset in facts.redrawn else 0,
        found.cell is not None and found.cell.is_classifier,
    )
    return judge_number(float(row.mean.value) * points, float(row.mean.half) * points, repeated, rule)
