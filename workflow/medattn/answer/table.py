"""answer.csv and tables/answer.md: the effect of every mechanism, on each data set and pooled."""

from collections.abc import Iterator
from math import nan
from typing import Any

import pandas as pd

from medattn.answer.contrasts import Contrast, contrasts
from medattn.answer.costs import CountedCosts
from medattn.answer.dataset_effects import DatasetEffect
from medattn.answer.estimate import Estimate, estimate
from medattn.answer.markdown import answer_markdown
from medattn.answer.order import places
from medattn.answer.sentences import DatasetVerdict, sentence
from medattn.answer.verdict import AnswerVerdict, answer_verdict
from medattn.compare.holm import holm
from medattn.compare.looks import seeds_of_pair, undeclared_look
from medattn.compare.skewness import FEW_PAIRS, SKEWNESS_FROM
from medattn.config.resolved import Configuration
from medattn.files import write_text
from medattn.layout import ResultPaths
from medattn.measure.measured_cells import MeasuredCells, MetricKey
from medattn.metrics.metric import MEAN
from medattn.metrics.registry import METRICS
from medattn.plan.kept_rows import write_keeping_values
from medattn.result_tables import ANSWER, COMPLEXITY, MEASUREMENTS, read_table
from medattn.text_formats import csv_of

POOLED, ONE_DATASET = "pooled", "dataset"
"""Values of the column `level`."""
_ROW = ("scope", "level", "arm", "against", "metric", "class_name", "dataset")


def write_answer(results: ResultPaths, configuration: Configuration, *, allow_fewer: bool = False) -> pd.DataFrame:
    """Write answer.csv and tables/answer.md, and return the rows of the former.

    Raises:
        UserError: a file of an earlier stage is missing or damaged or, without `allow_fewer`, values of the present
            file would get lost.
    """
    measured = MeasuredCells(read_table(results.measurements, MEASUREMENTS))
    costs = read_table(results.complexity, COMPLEXITY, optional=True)
    table = answer(configuration, measured, costs)
    values = ("difference", "extra_params")
    write_keeping_values(results.answer, csv_of(table), _ROW, values, allow_fewer=allow_fewer)
    titles = {name: entry.marked_title for name, entry in configuration.datasets.items()}
    write_text(results.tables / "answer.md", answer_markdown(table, titles))
    return table


def answer(configuration: Configuration, measured: MeasuredCells, costs: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of answer.csv: for each contrast and metric the pooled effect, then that on each data set.

    The mechanisms are in the order in which the answer tells them: by their verdict on accuracy, the largest first.
    """
    rows = _Rows(configuration, measured, CountedCosts(costs))
    found = [row for estimates in rows.families() for row in rows.of_family(estimates)]
    place = places(found)
    declared = {(one.scope, one.arm, one.against): number for number, one in enumerate(rows.contrasts)}
    scopes = [*dict.fromkeys(one.scope for one in rows.contrasts)]

    def order(row: dict[str, Any]) -> tuple[int, int, int]:
        scope, arm = row["scope"], row["arm"]
        # What has no accuracy comes last.
        return scopes.index(scope), place.get((scope, arm), len(place)), declared[scope, arm, row["against"]]

    found.sort(key=order)
    return pd.DataFrame(found, columns=[*ANSWER.columns])


def judged_estimates(
    configuration: Configuration, measured: MeasuredCells, metric: str
) -> Iterator[tuple[Estimate, dict[str, AnswerVerdict]]]:
    """Yield each estimate for a metric with its verdicts by data set, the one on the average under an empty name."""
    rows = _Rows(configuration, measured, CountedCosts(pd.DataFrame(columns=[*COMPLEXITY.columns])))
    for estimates in rows.families(metric):
        corrected = holm([one.pooled.p for one in estimates])
        for one, p in zip(estimates, corrected, strict=True):
            found = rows.of_estimate(one, float(p))
            yield one, {row["dataset"] if row["level"] == ONE_DATASET else "": row["verdict"] for row in found}


class _Rows:
    """The rows of answer.csv for a configuration and its measurements."""

    def __init__(self, configuration: Configuration, measured: MeasuredCells, costs: CountedCosts) -> None:
        self.contrasts = contrasts(configuration)
        self._titles = {name: entry.marked_title for name, entry in configuration.datasets.items()}
        self._synthetic = {name for name, entry in configuration.datasets.items() if entry.is_synthetic}
        selection = configuration.selection
        self._rule, self._margin, self._looks = selection.rule_at_a_look, selection.equivalence_margin, selection.looks
        self._confidence = selection.confidence_at_a_look
        self._measured, self._costs = measured, costs

    def families(self, metric: str = "") -> Iterator[list[Estimate]]:
        """Yield the estimates whose p values are corrected together: same scope, metric, other arm and kind.

        Args:
            metric: the only metric; empty for all.
        """
        families: dict[tuple[object, ...], list[Estimate]] = {}
        for contrast in self.contrasts:
            for key in self._keys(contrast):
                if metric and key.metric != metric:
                    continue
                one = estimate(contrast, key, self._measured, self._confidence, self._rule.min_runs)
                if one is not None:
                    family = (contrast.scope, key, contrast.placebo, contrast.is_variant, one.stand_in)
                    families.setdefault(family, []).append(one)
        yield from families.values()

    def of_family(self, estimates: list[Estimate]) -> Iterator[dict[str, Any]]:
        """Yield the rows of estimates that are corrected together."""
        corrected = holm([one.pooled.p for one in estimates])
        for one, p in zip(estimates, corrected, strict=True):
            yield from self.of_estimate(one, float(p))

    def _keys(self, contrast: Contrast) -> list[MetricKey]:
        """Return the metrics of a contrast: those with a single value, and means over classes."""
        keys = self._measured.metric_keys(cell for pair in contrast.pairs for cell in pair)
        return [key for key in keys if key.class_name in ("", MEAN)]

    def of_estimate(self, one: Estimate, p: float) -> Iterator[dict[str, Any]]:
        """Yield the row of the pooled effect, whose corrected p is given, then those of the effects on data sets."""
        margin = self._margin / (1 if METRICS[one.key.metric].unit == "percent" else 100)
        corrected = holm([effect.p for effect in one.effects])
        of_datasets = [
            self._on_dataset(one, effect, float(adjusted), margin)
            for effect, adjusted in zip(one.effects, corrected, strict=True)
        ]
        verdict = self._verdict(one, one.pooled.difference, (one.pooled.low, one.pooled.high), p, margin)
        cost = self._costs.added_by(one.contrast)
        yield {
            **self._common(one, margin),
            "level": POOLED,
            **vars(one.pooled),
            "p_adjusted": p,
            "datasets": len(one.effects),
            "dataset": ";".join(effect.dataset for effect in one.effects),
            "seeds": one.seeds,
            "runs": one.runs,
            "backbones": one.backbones,
            "extra_params": cost.params,
            "extra_params_percent": cost.params_percent,
            "extra_time_percent": cost.time_percent,
            "verdict": verdict,
            "sentence": sentence(one, verdict, margin, self._confidence, [shown for _, shown in of_datasets]),
            "note": self._note(one, [shown.verdict for _, shown in of_datasets]),
        }
        yield from (row for row, _ in of_datasets)

    def _on_dataset(
        self, one: Estimate, effect: DatasetEffect, p: float, margin: float
    ) -> tuple[dict[str, Any], DatasetVerdict]:
        low, high = effect.interval(self._confidence)
        verdict = self._verdict(one, effect.mean, (low, high), p, margin)
        row = {
            **self._common(one, margin),
            "level": ONE_DATASET,
            "difference": effect.mean,
            "low": low,
            "high": high,
            "p": effect.p,
            "p_adjusted": p,
            "datasets": 1,
            "dataset": effect.dataset,
            "seeds": effect.n,
            "runs": len(effect.runs),
            "backbones": effect.pairs,
            "verdict": verdict,
            "sentence": "",
            "note": FEW_PAIRS if effect.n < SKEWNESS_FROM else "",
        }
        title = self._titles[effect.dataset] + (" (stand-in)" if effect.stand_in else "")
        synthetic = effect.dataset in self._synthetic
        return row, DatasetVerdict(title, synthetic, verdict, effect.mean, low, high)

    def _verdict(
        self, one: Estimate, difference: float, interval: tuple[float, float], p: float, margin: float
    ) -> AnswerVerdict:
        if one.stand_in or not one.is_reliable or self._undeclared(one):
            return "open"
        higher_is_better = METRICS[one.key.metric].higher_is_better
        return answer_verdict(difference, interval, p, margin, self._rule.alpha, higher_is_better)

    def _common(self, one: Estimate, margin: float) -> dict[str, Any]:
        contrast = one.contrast
        return {
            "scope": contrast.scope,
            "arm": contrast.arm,
            "mechanism": contrast.mechanism,
            "title": contrast.title,
            "against": contrast.against,
            "placebo": contrast.placebo,
            "is_variant": contrast.is_variant,
            **one.key._asdict(),
            "unit": METRICS[one.key.metric].unit,
            "margin": margin,
            "stand_in": one.stand_in,
            "leak": one.leak,
            **dict.fromkeys(["prediction_low", "prediction_high", "tau2", "i2", "q", "q_p"], nan),
        }

    def _undeclared(self, one: Estimate) -> str:
        """Return why the seeds of a cell are no declared look; empty if all are, or if no looks are declared."""
        used = {effect.dataset for effect in one.effects}
        pairs = [pair for pair in one.contrast.pairs if pair[0].dataset in used]
        both = ((self._measured.of(arm, one.key), self._measured.of(other, one.key)) for arm, other in pairs)
        reasons = (undeclared_look(seeds, self._looks) for arm, other in both if (seeds := seeds_of_pair(arm, other)))
        return next((reason for reason in reasons if reason), "")

    def _note(self, one: Estimate, verdicts: list[AnswerVerdict]) -> str:
        """Return remarks: what is not pooled, what is left out, what verdicts assume, and why there is none."""
        notes = []
        undeclared = self._undeclared(one)
        if undeclared:
            notes.append(f"{undeclared}, so there is no verdict")
        few = [effect.n < SKEWNESS_FROM for effect in one.effects]
        if any(verdict != "open" and is_few for verdict, is_few in zip(verdicts, few, strict=True)):
            notes.append(f"on single data sets, {FEW_PAIRS}" if len(one.effects) > 1 else FEW_PAIRS)
        synthetic = [self._titles[effect.dataset] for effect in one.effects if effect.dataset in self._synthetic]
        if synthetic:
            notes.append(f"the images of {', '.join(synthetic)} are drawn by the software and are no medical images")
        if len(one.effects) == 1:
            notes.append("one data set, so the interval is over its seeds and nothing is pooled")
        if not one.is_reliable:
            notes.append(f"fewer than {self._rule.min_runs} seeds on a data set, so there is no verdict")
        if one.left_out:
            names = ", ".join(self._titles[name] for name in one.left_out)
            notes.append(f"left out: {names} (stand-in images next to real ones, or a single seed)")
        return "; ".join(notes)
