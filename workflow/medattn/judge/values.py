"""Verdicts on published values: metrics, measured over runs, and costs, which are counted."""

from dataclasses import dataclass, replace
from math import isnan, nan

import pandas as pd

from medattn.compare.looks import undeclared_look
from medattn.complexity.lookup import counted_value
from medattn.config.models.facts import Facts
from medattn.config.models.verdicts import VerdictRule
from medattn.config.resolved import Configuration
from medattn.consistency.published import PublishedRow
from medattn.judge.claim import Claim, State, in_points, not_measured
from medattn.judge.protocol_deviations import deviation, reading
from medattn.judge.rule import Judgment, RunSummary, judge_count, judge_number
from medattn.judge.subject import NOT_SELECTED, Subject, SubjectResult, Subjects, least_points
from medattn.metrics.registry import METRICS
from medattn.result_tables import rows_of

STAND_IN = "stand-in images"
_COUNTER = {"params_m": "counter_params", "gflops": "counter_gflops"}
_PUBLISHED = {"params_m": "published_params_m", "gflops": "published_gflops"}
# Values of the columns `counter_...` if the plain count fits.
_PLAIN_COUNTS = ("parameters", "macs")


def judged_value(
    row: PublishedRow,
    facts: Facts,
    subjects: Subjects,
    configuration: Configuration,
    result: SubjectResult | None = None,
) -> Claim:
    """Return the claim of a published value of a metric, with its verdict.

    Args:
        row: the published value.
        facts: facts about the paper's values.
        subjects: the subjects of the selection.
        configuration: the selection.
        result: what was measured of the value; default: the measurement of its cell and metric.
    """
    subject, rule = subjects.of_row(row), configuration.selection.rule_at_a_look
    result = result or subjects.result(row.paper, subject)
    found = result.measured
    claim = replace(
        _claim(row, subject.metric, subject.class_name),
        measured=found.mean / in_points(row.mean.unit),
        spread=found.spread / in_points(row.mean.unit),
        n=found.n,
        procedure="runs" if found.is_measured else "",
        stand_in=result.stand_in,
        runs=found.runs,
    )
    reason, state = reason_for_no_verdict(result), state_without_verdict(result)
    paper = subjects.paper_of(row.paper, row.table)
    if not reason and paper:
        reason, state = deviation(configuration, paper, subject, facts), "another recipe"
    if reason:
        return not_measured(claim, reason, state)
    judgment = _judgment(row, subject.metric, facts, result, rule)
    if not (result.cell and result.cell.is_classifier):
        undeclared = undeclared_look(found.ended, configuration.selection.looks)
        judgment = Judgment("inconclusive", undeclared) if undeclared else judgment
    leak = found.leak and f"leak: {found.leak}"
    remark = reading(configuration, paper, subject, facts) if paper else ""
    return claim.with_judgment(judgment, in_points(row.mean.unit), leak, result.reason, remark)


def judged_cost(row: PublishedRow, costs: "PublishedCosts", subjects: Subjects) -> Claim:
    """Return the claim of a published value of parameters or operations, with its verdict.

    The verdict compares the rounded count with the published value.

    Args:
        row: the published value.
        costs: the counts of published costs.
        subjects: the subjects of the selection.
    """
    claim = _claim(row, row.metric, "")
    cost = costs.of_row(row, subjects)
    if isnan(cost.count):
        return not_measured(claim, cost.reason, cost.state)
    claim = replace(claim, measured=cost.count, n=1, procedure="count", stand_in=cost.stand_in)
    if cost.stand_in:
        return not_measured(claim, STAND_IN, "stand-in images")
    differs = f"the count is {cost.count - float(row.mean.value):+z.4f} {row.mean.unit} off"
    note = (
        differs
        if not cost.counter
        else ""
        if cost.counter in _PLAIN_COUNTS
        else f"as the counter {cost.counter} sees it"
    )
    return claim.with_judgment(judge_count(bool(cost.counter), note), 1.0)


@dataclass(frozen=True)
class CountedCost:
    """Count of a published cost.

    Attributes:
        count: the count in the unit of the metric; NaN if there is none.
        counter: the counting rule that reproduces the published digits; empty if none does.
        stand_in: whether the count is of a network for stand-in images.
        reason: why there is no count.
        state: the same as a state of the claim.
    """

    count: float = nan
    counter: str = ""
    stand_in: bool = False
    reason: str = ""
    state: State = "judged"


class PublishedCosts:
    """Counts of published costs, each looked up once: they are the same under every reading."""

    def __init__(self, table: pd.DataFrame) -> None:
        """Take the rows of complexity.csv."""
        self._table = table
        self._found: dict[PublishedRow, CountedCost] = {}

    def of_row(self, row: PublishedRow, subjects: Subjects) -> CountedCost:
        """Return the count of a published cost."""
        if row not in self._found:
            self._found[row] = _cost_of_row(row, self._table, subjects)
        return self._found[row]


def _cost_of_row(row: PublishedRow, costs: pd.DataFrame, subjects: Subjects) -> CountedCost:
    paper = subjects.paper_of(row.paper, row.table)
    if paper is None:
        return CountedCost(reason=NOT_SELECTED, state="outside this selection")
    rows = rows_of(costs, paper=row.paper, table=row.table, dataset=row.dataset, backbone=row.backbone, arm=row.arm)
    rows = rows[rows[_PUBLISHED[row.metric]].astype(str) != ""]
    count = counted_value(rows, row.paper, row.table, row.backbone, row.arm, row.metric) if len(rows) else None
    if count is None:
        note = str(rows.iloc[0]["note"]) if len(rows) else ""
        state = _state_without_count(row, paper.experiment, note, subjects)
        return CountedCost(reason=note or "not counted yet: run `medattn complexity --write`", state=state)
    first = rows.iloc[0]
    return CountedCost(
        count,
        str(first[_COUNTER[row.metric]]),
        subjects.result(
            row.paper, Subject(row.table, str(first["counted_for"]), row.backbone, row.arm, "accuracy")
        ).stand_in,
    )


def _state_without_count(row: PublishedRow, experiment: str, note: str, subjects: Subjects) -> State:
    """Return `outside this selection` if the plan has no cell of the network, else why it is not counted."""
    if not subjects.has_network(row.paper, experiment, row.backbone, row.arm):
        return "outside this selection"
    return "unavailable" if note else "waiting"


def state_without_verdict(*results: SubjectResult) -> State:
    """Return the first state of the results that rules out a verdict; `judged` if none does."""
    return next((result.state for result in results if result.state != "judged"), "judged")


def reason_for_no_verdict(*results: SubjectResult) -> str:
    """Return why there is no verdict: missing measurements or stand-in images; empty if neither applies."""
    missing = next((result.reason for result in results if not result.measured.is_measured), "")
    if any(result.stand_in for result in results):
        return STAND_IN + (f"; {missing}" if missing else "")
    return missing


def _claim(row: PublishedRow, metric: str, class_name: str) -> Claim:
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


def _judgment(row: PublishedRow, metric: str, facts: Facts, result: SubjectResult, rule: VerdictRule) -> Judgment:
    points = in_points(row.mean.unit)
    summary = RunSummary(
        result.measured.mean,
        result.measured.spread,
        result.measured.n,
        result.measured.n_test if row.dataset in facts.redrawn else 0,
        result.cell is not None and result.cell.is_classifier,
        100 / result.measured.n_test if result.measured.n_test else 0.0,
        least_points(metric),
        100.0,
    )
    return judge_number(float(row.mean.value) * points, float(row.mean.half) * points, summary, rule)
