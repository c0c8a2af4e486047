"""The answer in a few lines, for the terminal and the first screen of the report."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from medattn.answer.contrasts import SELECTION
from medattn.answer.sentences import listed
from medattn.answer.verdict import ANSWER_VERDICTS
from medattn.plan.model import CellKey
from medattn.render.inputs import Inputs
from medattn.result_tables import rows_of

_OPEN = (("open", ""),)
_ONE = {"helps": "helps", "hurts": "hurts", "no practical difference": "makes no practical difference"}
_SEVERAL = {"helps": "help", "hurts": "hurt", "no practical difference": "make no practical difference"}
_MOST_NAMED = 2
"""Data sets that the headline names; of more, it gives the number."""


def answer_lines(inputs: Inputs) -> Iterator[str]:
    """Yield the answer on accuracy for the terminal: its sentences and what they rest on; nothing without one."""
    rows = pooled_answers(inputs)
    against_vanilla = rows[rows["placebo"] == ""]
    if against_vanilla.empty:
        return
    yield f"Does attention help? {counted_verdicts(inputs, against_vanilla)}"
    yield from (f"- {text}" for text in rows["sentence"])
    yield rests_on(inputs, against_vanilla)


def pooled_answers(inputs: Inputs) -> pd.DataFrame:
    """Return the rows of the answer on accuracy, pooled over the data sets of the selection."""
    return rows_of(inputs.answer, scope=SELECTION, level="pooled", metric="accuracy")


def counted_verdicts(inputs: Inputs, pooled: pd.DataFrame) -> str:
    """Return the number of mechanisms by verdict, as a sentence.

    Where the average over data sets is open, the verdicts on single data sets count.
    """
    rows = pooled[~pooled["is_variant"]] if (~pooled["is_variant"]).any() else pooled
    counts = Counter(_outcome(inputs, row) for row in rows.to_dict("records"))
    order: dict[str, int] = {verdict: number for number, verdict in enumerate(ANSWER_VERDICTS)}
    parts = []
    for outcome in sorted(counts, key=lambda outcome: (order[outcome[0][0]], len(outcome), bool(outcome[0][1]))):
        count = counts[outcome]
        if outcome == _OPEN:
            parts.append(f"{count} {'is' if count == 1 else 'are'} open")
        else:
            verbs = _ONE if count == 1 else _SEVERAL
            parts.append(f"{count} " + listed([f"{verbs[verdict]}{where}" for verdict, where in outcome]))
    total = len(rows)
    undecided = sum(count for outcome, count in counts.items() if outcome[0][1])
    return f"Of {total} {'mechanism' if total == 1 else 'mechanisms'}, {listed(parts)}{_averages(undecided, total)}."


def _averages(undecided: int, total: int) -> str:
    """Return which averages over data sets are open although there are verdicts on single data sets."""
    if not undecided:
        return ""
    if total == 1:
        return "; the average over data sets is open"
    words = "both" if undecided == total == 2 else "all" if undecided == total else str(undecided)
    return f"; the average over data sets is open for {words} of them"


def _outcome(inputs: Inputs, row: Mapping[Any, Any]) -> tuple[tuple[str, str], ...]:
    """Return the verdicts on a mechanism, each with the data sets on which it holds; empty for the average over all."""
    if row["verdict"] != "open":
        return ((row["verdict"], ""),)
    on = datasets_by_verdict(inputs, row)
    total = row["datasets"]
    found = []
    for verdict, names in on.items():
        where = listed(names) if len(names) <= _MOST_NAMED else f"{len(names)} of {total:.0f} data sets"
        found.append((verdict, f" on {where}"))
    return tuple(found) or _OPEN


def datasets_by_verdict(inputs: Inputs, row: Mapping[Any, Any]) -> dict[str, list[str]]:
    """Return the titles of the data sets of a pooled effect by their verdicts, without the open ones."""
    rows = inputs.answer
    for name in ("scope", "arm", "against", "metric", "class_name"):
        rows = rows[rows[name] == row[name]]
    rows = rows[rows["level"] == "dataset"]
    return {
        verdict: [inputs.marked_title(name) for name in rows.loc[rows["verdict"] == verdict, "dataset"]]
        for verdict in ANSWER_VERDICTS
        if verdict != "open" and (rows["verdict"] == verdict).any()
    }


def rests_on(inputs: Inputs, pooled: pd.DataFrame) -> str:
    """Return what the answer rests on: runs, data sets, backbones, seeds and procedure, as a sentence."""
    names = dict.fromkeys(name for joined in pooled["dataset"] for name in joined.split(";"))
    titles = ", ".join(inputs.marked_title(name) for name in names)
    arms = {*pooled["arm"], *pooled["against"]}
    cells = [cell for cell in inputs.plan.cells.values() if cell.arm in arms and cell.dataset in names]
    backbones = len({cell.backbone for cell in cells})
    confidence = inputs.configuration.selection.confidence_at_a_look
    return (
        f"Rests on {_counted(_runs(inputs, cells_of={cell.key for cell in cells}), 'run')}: "
        f"{_counted(len(names), 'data set')} ({titles}), {_counted(backbones, 'backbone')}, "
        f"{_counted(int(pooled['seeds'].max()), 'seed')}. Each mechanism minus the same network without it, with the "
        f"same seed; {100 * confidence:.3g}% intervals, random effects over data sets."
    )


def _runs(inputs: Inputs, cells_of: set[CellKey]) -> int:
    """Return the number of measured runs of cells."""
    rows = inputs.measurements
    rows = rows[(rows["procedure"] == "runs") & (rows["metric"] == "accuracy") & (rows["status"] == "measured")]
    counted = [row["n"] for row in rows.to_dict("records") if CellKey.of_row(row) in cells_of]
    return int(sum(counted))


def _counted(number: int, unit: str) -> str:
    return f"{number} {unit}{'' if number == 1 else 's'}"
