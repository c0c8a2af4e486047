"""The procedures that turn the runs of a cell into measurements.

- `epochs`: one run; mean and sample standard deviation (ddof = 1) over its measured epochs, most often one.
- `fold`: one run of a cross-validation, on its fold.
- `folds`: mean and sample standard deviation over the folds of one cross-validation.
- `pooled`: the concatenated test images of all folds of one cross-validation.
- `runs`: mean and sample standard deviation over seeds of the means by `epochs`, or by `folds` for cross-validations.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isnan, nan

import numpy as np

from medattn.measure.measured_run import MeasuredRun
from medattn.metrics.evaluate import Value, measure
from medattn.metrics.scored import Scored


@dataclass(frozen=True)
class Measurement:
    """A value of a metric with its spread, by one procedure.

    Attributes:
        metric: name of the metric.
        class_name: the class, `mean` for the mean over classes, empty for all classes together.
        procedure: the procedure.
        seed: seed of the run or cross-validation; None over seeds.
        fold: fold of the run; None over folds or without folds.
        value: the value; NaN if undefined or not measured.
        spread: sample standard deviation; None for a single value.
        n: number of averaged values.
        n_test: number of test images.
        reason: why the value is undefined or not measured, or what it leaves out.
        runs: ids of the runs.
    """

    metric: str
    procedure: str
    seed: int | None
    fold: int | None
    runs: tuple[str, ...]
    class_name: str = ""
    value: float = nan
    spread: float | None = None
    n: int = 0
    n_test: int = 0
    reason: str = ""


def measurements(metric: str, runs: Sequence[MeasuredRun]) -> Iterator[Measurement]:
    """Yield the measurements of a metric by every procedure, from the runs of a cell."""
    by_seed: dict[int, list[MeasuredRun]] = {}
    for run in runs:
        by_seed.setdefault(run.run.seed, []).append(run)
    per_seed = []
    for seed, members in by_seed.items():
        if members[0].run.fold is None:
            found = list(_of_run(metric, members[0], "epochs"))
        else:
            each = [list(_of_run(metric, member, "fold")) for member in members]
            for of_fold in each:
                yield from of_fold
            yield from _pooled(metric, seed, members)
            found = list(_over(each, "folds", seed))
        yield from found
        per_seed.append(found)
    yield from _over(per_seed, "runs", None)


def _of_run(metric: str, run: MeasuredRun, procedure: str) -> Iterator[Measurement]:
    place = Measurement(metric, procedure, run.run.seed, run.run.fold, (run.run.id,))
    if not run.images:
        yield _with(place, reason=run.reason)
        return
    for values in zip(*run.values[metric], strict=True):
        yield _with(place, **_summary(values, "epochs"), n_test=run.images)


def _pooled(metric: str, seed: int, members: Sequence[MeasuredRun]) -> Iterator[Measurement]:
    place = Measurement(metric, "pooled", seed, None, tuple(member.run.id for member in members))
    reason = _unmeasured_fold(members)
    if reason:
        yield _with(place, reason=reason)
        return
    parts = [member.last for member in members if member.last is not None]
    scored = Scored(
        np.concatenate([part.scores for part in parts]),
        np.concatenate([part.labels for part in parts]),
        parts[0].classes,
    )
    for value in measure(metric, scored):
        yield _with(place, **_summary([value], "epochs"), n_test=len(scored.labels))


def _over(each: Sequence[Sequence[Measurement]], procedure: str, seed: int | None) -> Iterator[Measurement]:
    """Yield mean and spread over folds or over seeds.

    If a fold is not measured, there is no mean over folds, because it would cover other images. A seed that is not
    measured is left out, and the reason names it.
    """
    measured = [found for found in each if found[0].n_test]
    unmeasured = [found[0] for found in each if not found[0].n_test]
    if not measured or (unmeasured and procedure == "folds"):
        if each:
            first, ids = each[0][0], tuple(run for found in each for run in found[0].runs)
            reason = (
                f"fold {unmeasured[0].fold}: {unmeasured[0].reason}" if procedure == "folds" else unmeasured[0].reason
            )
            yield Measurement(first.metric, procedure, seed, None, ids, reason=reason)
        return
    left_out = _left_out(unmeasured)
    for same in zip(*measured, strict=True):
        summary = _summary([Value(m.value, m.class_name, m.reason) for m in same], procedure)
        summary["reason"] = "; ".join(part for part in (left_out, str(summary["reason"])) if part)
        ids = tuple(run for m in same for run in m.runs)
        images = sum(m.n_test for m in same) if procedure == "folds" else same[0].n_test
        yield _with(Measurement(same[0].metric, procedure, seed, None, ids), **summary, n_test=images)


def _left_out(unmeasured: Sequence[Measurement]) -> str:
    """Name the seeds that a mean leaves out, with their reasons; empty if it leaves out none."""
    by_reason: dict[str, list[str]] = {}
    for found in unmeasured:
        by_reason.setdefault(found.reason, []).append(str(found.seed))
    return "; ".join(f"seed{'s' * (len(of) > 1)} {', '.join(of)}: {reason}" for reason, of in by_reason.items())


def _unmeasured_fold(members: Sequence[MeasuredRun]) -> str:
    return next((f"fold {member.run.fold}: {member.reason}" for member in members if not member.images), "")


def _summary(values: Sequence[Value], over: str) -> dict[str, object]:
    """Return mean, spread and number of the defined values, and the notes on the undefined ones."""
    defined = [value.value for value in values if not isnan(value.value)]
    notes = list(dict.fromkeys(value.note for value in values if value.note))
    if defined and len(defined) < len(values):
        notes = [f"{len(values) - len(defined)} of {len(values)} {over} left out ({'; '.join(notes)})"]
    return {
        "class_name": values[0].class_name,
        "value": float(np.mean(defined)) if defined else nan,
        "spread": float(np.std(defined, ddof=1)) if len(defined) > 1 else None,
        "n": len(defined),
        "reason": "; ".join(notes),
    }


def _with(place: Measurement, **facts: object) -> Measurement:
    return Measurement(**{**place.__dict__, **facts})
