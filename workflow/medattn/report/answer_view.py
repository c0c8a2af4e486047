"""The answer on the first screen: what each mechanism does, in words and as a forest plot."""

from collections.abc import Iterable, Mapping, Sequence
from math import isnan
from typing import Any

import pandas as pd

from medattn.answer.contrasts import SELECTION
from medattn.answer.sentences import signed
from medattn.render.answer_lines import counted_verdicts, rests_on
from medattn.render.forest_range import ENDS, forest_reach
from medattn.render.inputs import Inputs
from medattn.report.page_model import AnswerView, ForestMarks, MechanismView

_PLOT_WIDTH = 240.0
_CENTER = _PLOT_WIDTH / 2
_EDGE = 8.0
_METRIC = "accuracy"


def answer_view(inputs: Inputs) -> AnswerView | None:
    """Return the answer for accuracy over the whole selection; None if no mechanism was measured next to vanilla."""
    rows = inputs.answer
    rows = rows[(rows["scope"] == SELECTION) & (rows["metric"] == _METRIC)]
    pooled = rows[(rows["level"] == "pooled") & (rows["placebo"] == "")]
    if pooled.empty:
        return None
    reach = forest_reach(rows[rows["placebo"] == ""])
    # The rows are in the order of the answer.
    views = [_mechanism(row, rows, reach) for row in pooled.to_dict("records")]
    main = [view for view in views if not view.is_variant] or views
    return AnswerView(
        headline=counted_verdicts(inputs, pooled),
        mechanisms=main,
        variants=[view for view in views if view not in main],
        axis=(signed(-reach), "0", signed(reach)),
        is_cut=any(side for view in views for side in view.marks.beyond),
        rests_on=rests_on(inputs, pooled),
    )


def _mechanism(row: Mapping[Any, Any], rows: pd.DataFrame, reach: float) -> MechanismView:
    of_arm = rows[rows["arm"] == row["arm"]]
    on_datasets = of_arm[(of_arm["level"] == "dataset") & (of_arm["placebo"] == "")]
    placebos = of_arm[(of_arm["level"] == "pooled") & (of_arm["placebo"] != "")]
    return MechanismView(
        title=row["title"],
        verdict=row["verdict"],
        sentence=row["sentence"],
        against_placebos=[text.partition(":")[0] for text in placebos["sentence"]],
        facts=[*_facts(row), *placebos["sentence"]],
        is_variant=bool(row["is_variant"]),
        marks=_marks(row, on_datasets["difference"], reach),
    )


def _facts(row: Mapping[Any, Any]) -> Iterable[str]:
    """Yield further facts: a further data set, heterogeneity, cost, and remarks."""
    if not isnan(row["prediction_low"]):
        yield (
            f"On a further data set, {signed(row['prediction_low'])} to {signed(row['prediction_high'])} points are to "
            f"be expected; I² is {row['i2']:.0f}%."
        )
    if not isnan(row["extra_params"]):
        time = "" if isnan(row["extra_time_percent"]) else f" and {row['extra_time_percent']:+z.0f}% time per step"
        yield f"Cost: {row['extra_params']:+,.0f} parameters ({row['extra_params_percent']:+z.2g}%){time}."
    yield f"Rests on {row['runs']:.0f} runs with {row['seeds']:.0f} seeds{_p(row)}."
    if row["note"]:
        yield f"{row['note'][0].upper()}{row['note'][1:]}."


def _p(row: Mapping[Any, Any]) -> str:
    """Return the p that the verdict rests on; nothing without one."""
    if isnan(row["p_adjusted"]):
        return ""
    average = " for the average over data sets" if row["datasets"] > 1 else ""
    return f"; p = {row['p_adjusted']:.2g}{average}, corrected for the number of mechanisms (Holm)"


def _marks(row: Mapping[Any, Any], differences: Sequence[float] | pd.Series, reach: float) -> ForestMarks:
    def x(value: float) -> float:
        share = max(-1.0, min(1.0, value / reach))
        return round(_CENTER + share * (_CENTER - _EDGE), 1)

    def pair(low: float, high: float) -> tuple[float, float] | None:
        return None if isnan(low) or isnan(high) else (x(low), x(high))

    return ForestMarks(
        width=_PLOT_WIDTH,
        zero=_CENTER,
        margin=(x(-row["margin"]), x(row["margin"])),
        mean=x(row["difference"]),
        interval=pair(row["low"], row["high"]),
        prediction=pair(row["prediction_low"], row["prediction_high"]),
        datasets=[x(float(value)) for value in differences],
        # A missing interval is NaN, which is neither.
        beyond=(any(row[end] < -reach for end in ENDS), any(row[end] > reach for end in ENDS)),
    )
