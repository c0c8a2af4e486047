"""Judging numbers that stand outside the tables, and rows that may hold another metric than their table names."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from medattn.compare.inputs import read_epochs, rows_of
from medattn.config.models.facts import Facts, Overall
from medattn.config.models.text_facts import AfterEpoch
from medattn.config.resolved import Configuration
from medattn.consistency.published import Row, chosen
from medattn.consistency.published_value import Published
from medattn.judge.claim import Claim
from medattn.judge.measured import Found, Measured
from medattn.judge.numbers import judged_number

_METRIC_OF = {"accuracy": "accuracy", "f1": "f1_macro"}


def judged_row(row: Row, facts: Facts, measured: Measured, configuration: Configuration) -> Iterator[Claim]:
    """Yield the claim of a published value, and one for each other metric that it may be of."""
    others = [other for other in facts.other_metrics if row in chosen([row], other.rows)]
    rows = [row, *(replace(row, metric=other.metric, cell=f"{row.cell}.as.{other.metric}") for other in others)]
    claims = [judged_number(each, facts, measured, configuration) for each in rows]
    notes = [other.says for other in others]
    yield from (replace(claim, reason="; ".join(filter(None, (claim.reason, *notes)))) for claim in claims)


def judged_text(
    paper: str, rows: Sequence[Row], facts: Facts, measured: Measured, epochs: Path, configuration: Configuration
) -> Iterator[Claim]:
    """Yield the claims of the scores and of the accuracies after some epochs that the text states.

    Args:
        paper: name of the paper.
        rows: its published values.
        facts: what is known of them.
        measured: the measurements.
        epochs: epochs.csv; where there is none, accuracies after some epochs are not measured yet.
        configuration: the selection.
    """
    for overall in facts.overall:
        for row in chosen(rows, overall.rows)[:1]:
            stated = _stated_row(row, overall)
            yield _said(judged_number(stated, facts, measured, configuration), overall.says, overall.source)
    if not facts.after_epochs:
        return
    table = read_epochs(epochs) if epochs.is_file() else None
    for stated_after in facts.after_epochs:
        row = _row_after(paper, stated_after)
        found = _after(stated_after, measured.at(paper, measured.place_of(row)), table, paper)
        claim = judged_number(row, facts, measured, configuration, found)
        yield _said(claim, stated_after.says, stated_after.source)


def _said(claim: Claim, says: str, source: str) -> Claim:
    return replace(claim, statement=f"{says}: {claim.published} ({source})" if source else f"{says}: {claim.published}")


def _stated_row(row: Row, stated: Overall) -> Row:
    metric = _METRIC_OF[stated.metric]
    mean = Published(stated.published, stated.unit)
    cell = f"{row.dataset}.{row.backbone}.{row.arm}.{metric}"
    return replace(row, metric=metric, class_name="", mean=mean, std=None, cell=cell)


def _row_after(paper: str, stated: AfterEpoch) -> Row:
    return Row(
        paper=paper,
        table=stated.table,
        dataset=stated.dataset,
        backbone=stated.backbone,
        arm=stated.arm,
        split="",
        metric="accuracy",
        class_name="",
        mean=Published(stated.published, "percent"),
        std=None,
        n_test=(),
        flags=(),
        cell=f"{stated.dataset}.{stated.backbone}.{stated.arm}.accuracy.after.{stated.epoch}",
    )


def _after(stated: AfterEpoch, at_the_end: Found, table: pd.DataFrame | None, paper: str) -> Found:
    """Return the accuracy after an epoch over seeds, for the cell that was found."""
    if not at_the_end.is_measured or at_the_end.cell is None or table is None:
        return at_the_end if not at_the_end.is_measured else Found(at_the_end.cell, reason="not measured yet")
    cell = at_the_end.cell
    place = {"experiment": cell.experiment, "dataset": cell.dataset, "backbone": cell.backbone, "arm": cell.arm}
    rows = rows_of(table, paper=paper, metric="accuracy", **place)
    rows = rows[rows["epoch"].astype(int) == stated.epoch]
    by_seed = rows.groupby("seed")["value"].mean()
    if by_seed.empty:
        return Found(cell, reason=f"no run has an epoch {stated.epoch}")
    return replace(
        at_the_end,
        value=float(by_seed.mean()),
        spread=float(by_seed.std(ddof=1)),
        n=len(by_seed),
        by_seed=dict(zip(map(int, by_seed.index), map(float, by_seed), strict=True)),
    )
