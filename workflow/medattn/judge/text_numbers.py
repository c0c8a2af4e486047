"""Verdicts on numbers outside the tables, and on rows that may have another metric than their table names."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import pandas as pd

from medattn.config.models.facts import Facts, OverallScore
from medattn.config.models.text_facts import AfterEpoch
from medattn.config.resolved import Configuration
from medattn.consistency.published import PublishedRow, chosen
from medattn.consistency.published_value import PublishedValue
from medattn.judge.claim import Claim
from medattn.judge.subject import SubjectResult, Subjects
from medattn.judge.values import judged_value
from medattn.measure.measured_cells import MeasuredMetric
from medattn.result_tables import rows_of

_METRIC_OF = {"accuracy": "accuracy", "f1": "f1_macro"}


def judged_row(row: PublishedRow, facts: Facts, subjects: Subjects, configuration: Configuration) -> Iterator[Claim]:
    """Yield the claim of a published value, and one claim for each other metric that the value may have."""
    others = [other for other in facts.other_metrics if row in chosen([row], other.rows)]
    rows = [row, *(replace(row, metric=other.metric, cell=f"{row.cell}.as.{other.metric}") for other in others)]
    notes = [other.says for other in others]
    for each in rows:
        claim = judged_value(each, facts, subjects, configuration)
        yield replace(claim, reason="; ".join(filter(None, (claim.reason, *notes)))) if notes else claim


def judged_text(
    paper: str,
    rows: Sequence[PublishedRow],
    facts: Facts,
    subjects: Subjects,
    epochs: Callable[[], pd.DataFrame],
    configuration: Configuration,
) -> Iterator[Claim]:
    """Yield the claims of the scores and of the accuracies after some epochs that the text states.

    Args:
        paper: name of the paper.
        rows: published values of the paper.
        facts: facts about these values.
        subjects: the subjects of the selection.
        epochs: gives the rows of epochs.csv; without any, accuracies after some epochs count as not measured yet.
        configuration: the selection.
    """
    for overall in facts.overall:
        for row in chosen(rows, overall.rows)[:1]:
            stated = _stated_row(row, overall)
            claim = judged_value(stated, facts, subjects, configuration)
            yield _with_statement(claim, overall.says, overall.source)
    for after in facts.after_epochs:
        row = _row_after_epoch(paper, after)
        result = _result_after_epoch(after, subjects.result(paper, subjects.of_row(row)), epochs(), paper)
        claim = judged_value(row, facts, subjects, configuration, result)
        yield _with_statement(claim, after.says, after.source)


def _with_statement(claim: Claim, says: str, source: str) -> Claim:
    return replace(claim, statement=f"{says}: {claim.published} ({source})" if source else f"{says}: {claim.published}")


def _stated_row(row: PublishedRow, stated: OverallScore) -> PublishedRow:
    metric = _METRIC_OF[stated.metric]
    mean = PublishedValue(stated.published, stated.unit)
    cell = f"{row.dataset}.{row.backbone}.{row.arm}.{metric}"
    return replace(row, metric=metric, class_name="", mean=mean, std=None, cell=cell)


def _row_after_epoch(paper: str, stated: AfterEpoch) -> PublishedRow:
    return PublishedRow(
        paper=paper,
        table=stated.table,
        dataset=stated.dataset,
        backbone=stated.backbone,
        arm=stated.arm,
        split="",
        metric="accuracy",
        class_name="",
        mean=PublishedValue(stated.published, "percent"),
        std=None,
        n_test=(),
        flags=(),
        cell=f"{stated.dataset}.{stated.backbone}.{stated.arm}.accuracy.after.{stated.epoch}",
    )


def _result_after_epoch(stated: AfterEpoch, at_end: SubjectResult, table: pd.DataFrame, paper: str) -> SubjectResult:
    """Return the accuracy after an epoch over seeds, for the cell that was measured at its end."""
    if not at_end.measured.is_measured or at_end.cell is None:
        return at_end
    if table.empty:
        return SubjectResult(at_end.cell, reason="not measured yet")
    cell = at_end.cell
    columns = {"experiment": cell.experiment, "dataset": cell.dataset, "backbone": cell.backbone, "arm": cell.arm}
    rows = rows_of(table, paper=paper, metric="accuracy", **columns)
    by_seed = rows[rows["epoch"] == stated.epoch].groupby("seed")["value"].mean()
    if by_seed.empty:
        return SubjectResult(cell, MeasuredMetric(), f"no run has an epoch {stated.epoch}")
    measured = replace(
        at_end.measured,
        mean=float(by_seed.mean()),
        spread=float(by_seed.std(ddof=1)),
        n=len(by_seed),
        by_seed=dict(zip(map(int, by_seed.index), map(float, by_seed), strict=True)),
    )
    return replace(at_end, measured=measured)
