"""The answer in a few lines, for the terminal and the first screen of the report."""

from collections.abc import Iterator

import pandas as pd

from medattn.answer.contrasts import SELECTION
from medattn.answer.verdict import ANSWER_VERDICTS
from medattn.plan.model import CellKey
from medattn.render.inputs import Inputs

_ONE = {"helps": "helps", "hurts": "hurts", "no practical difference": "makes no practical difference"}
_SEVERAL = {"helps": "help", "hurts": "hurt", "no practical difference": "make no practical difference"}


def answer_lines(inputs: Inputs) -> Iterator[str]:
    """Yield the answer on accuracy for the terminal: its sentences and what they rest on; nothing without one."""
    rows = inputs.answer
    rows = rows[(rows["scope"] == SELECTION) & (rows["level"] == "pooled") & (rows["metric"] == "accuracy")]
    against_vanilla = rows[rows["placebo"] == ""]
    if against_vanilla.empty:
        return
    yield f"Does attention help? {counted_verdicts(against_vanilla)}"
    yield from (f"- {text}" for text in rows["sentence"])
    yield rests_on(inputs, against_vanilla)


def counted_verdicts(pooled: pd.DataFrame) -> str:
    """Return the number of mechanisms by verdict, as a sentence."""
    rows = pooled[~pooled["is_variant"]] if (~pooled["is_variant"]).any() else pooled
    total = len(rows)
    parts = []
    for verdict in ANSWER_VERDICTS:
        count = int((rows["verdict"] == verdict).sum())
        if count and verdict == "open":
            parts.append(f"{count} {'is' if count == 1 else 'are'} open")
        elif count:
            parts.append(f"{count} {(_ONE if count == 1 else _SEVERAL)[verdict]}")
    listed = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
    return f"Of {total} {'mechanism' if total == 1 else 'mechanisms'}, {listed}."


def rests_on(inputs: Inputs, pooled: pd.DataFrame) -> str:
    """Return what the answer rests on: runs, data sets, backbones, seeds and procedure, as a sentence."""
    names = dict.fromkeys(name for joined in pooled["dataset"] for name in joined.split(";"))
    titles = ", ".join(inputs.marked_title(name) for name in names)
    arms = {*pooled["arm"], *pooled["against"]}
    cells = [cell for cell in inputs.plan.cells.values() if cell.arm in arms and cell.dataset in names]
    backbones = len({cell.backbone for cell in cells})
    confidence = inputs.configuration.selection.verdicts.confidence
    return (
        f"Rests on {_counted(_runs(inputs, cells_of={cell.key for cell in cells}), 'run')}: "
        f"{_counted(len(names), 'data set')} ({titles}), {_counted(backbones, 'backbone')}, "
        f"{_counted(int(pooled['seeds'].max()), 'seed')}. Each mechanism minus the same network without it, with the "
        f"same seed; {100 * confidence:g}% intervals, random effects over data sets."
    )


def _runs(inputs: Inputs, cells_of: set[CellKey]) -> int:
    """Return the number of measured runs of cells."""
    rows = inputs.measurements
    rows = rows[(rows["procedure"] == "runs") & (rows["metric"] == "accuracy") & (rows["status"] == "measured")]
    counted = [row["n"] for row in rows.to_dict("records") if CellKey.of_row(row) in cells_of]
    return int(sum(counted))


def _counted(number: int, unit: str) -> str:
    return f"{number} {unit}{'' if number == 1 else 's'}"
