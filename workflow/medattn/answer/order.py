"""The one order of mechanisms in answer.csv, its table, the summary, the forest plot and the report."""

from collections.abc import Mapping, Sequence
from typing import Any

from medattn.answer.verdict import ANSWER_VERDICTS

METRIC = "accuracy"
"""The metric that decides the order."""


def places(rows: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str], int]:
    """Return the place of each scope and arm by its effect on accuracy compared with vanilla.

    Hyper-parameter variants come last. Otherwise: verdict by verdict, open ones with a verdict on a data set before
    other open ones, larger effects first.

    Args:
        rows: the rows of answer.csv.
    """
    rows = [row for row in rows if row["metric"] == METRIC]
    decided = {
        (row["scope"], row["arm"], row["against"])
        for row in rows
        if row["level"] == "dataset" and row["verdict"] != "open"
    }

    def key(row: Mapping[str, Any]) -> tuple[bool, bool, int, bool, float]:
        tells = (row["scope"], row["arm"], row["against"]) in decided
        # An arm without vanilla takes its place by its first placebo.
        verdict = ANSWER_VERDICTS.index(row["verdict"])
        return bool(row["is_variant"]), bool(row["placebo"]), verdict, not tells, -abs(row["difference"])

    ordered = sorted((row for row in rows if row["level"] == "pooled"), key=key)
    found = dict.fromkeys((str(row["scope"]), str(row["arm"])) for row in ordered)
    return {arm: number for number, arm in enumerate(found)}
