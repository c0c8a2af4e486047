"""The questions of the answer as claims that seeds decide: each mechanism against vanilla and against its placebos.

They need no published values: a selection with a new method has them from the first run on.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import sqrt

from medattn.answer.contrasts import SELECTION, Contrast, contrasts
from medattn.answer.dataset_effects import DatasetEffect
from medattn.answer.estimate import Estimate
from medattn.answer.table import judged_estimates
from medattn.answer.verdict import AnswerVerdict
from medattn.config.resolved import Configuration
from medattn.judge.claim import Claim
from medattn.judge.values import STAND_IN
from medattn.measure.measured_cells import MeasuredCells
from medattn.plan.model import Cell, Plan
from medattn.power.planned_claims import PlannedClaim

METRIC = "accuracy"
"""The metric on which the answer's first lines rest."""


@dataclass(frozen=True)
class _Planned:
    """A contrast with the cells of the plan.

    Attributes:
        contrast: the contrast.
        cells: the cells of both arms on each data set that seeds can measure or, if there is none, on all data sets.
        obstacle: why seeds cannot measure it on any data set; empty if they can.
    """

    contrast: Contrast
    cells: dict[str, tuple[Cell, ...]]
    obstacle: str

    @property
    def family(self) -> tuple[str, bool, bool]:
        """What contrasts whose p values are corrected together have in common."""
        return self.contrast.placebo, self.contrast.is_variant, bool(self.obstacle)


def answer_questions(configuration: Configuration, plan: Plan, measured: MeasuredCells) -> list[PlannedClaim]:
    """Return the questions of the answer on accuracy, over all papers of the selection.

    With several data sets, a contrast has a question on the average and one on each data set, as the answer has
    verdicts on both. Once the average has a verdict, the data sets are not open.

    Args:
        configuration: the selection.
        plan: its plan.
        measured: what is measured so far.
    """
    judged = {one.contrast: (one, verdicts) for one, verdicts in judged_estimates(configuration, measured, METRIC)}
    planned = [
        found
        for contrast in contrasts(configuration)
        if contrast.scope == SELECTION and (found := _planned(contrast, plan)) is not None
    ]
    families = Counter(one.family for one in planned)
    alpha = configuration.selection.rule_at_a_look.alpha
    questions: list[PlannedClaim] = []
    for one in planned:
        estimate, verdicts = judged.get(one.contrast, (None, {}))
        questions += _questions(one, estimate, verdicts, alpha, families[one.family])
    return questions


def _planned(contrast: Contrast, plan: Plan) -> _Planned | None:
    """Return the contrast with its cells; None if the plan has none of them."""
    everywhere: dict[str, tuple[Cell, ...]] = {}
    usable: dict[str, tuple[Cell, ...]] = {}
    for dataset in contrast.datasets:
        pairs = [
            (plan.cells[arm.id], plan.cells[other.id])
            for arm, other in contrast.on(dataset)
            if arm.id in plan.cells and other.id in plan.cells
        ]
        if pairs:
            everywhere[dataset] = _distinct(pairs)
        if runnable := [pair for pair in pairs if not any(map(_obstacle, pair))]:
            usable[dataset] = _distinct(runnable)
    if not everywhere:
        return None
    obstacles = (_obstacle(cell) for cells in everywhere.values() for cell in cells)
    return _Planned(contrast, usable or everywhere, "" if usable else next(filter(None, obstacles)))


def _distinct(pairs: Sequence[tuple[Cell, Cell]]) -> tuple[Cell, ...]:
    return tuple({cell.id: cell for pair in pairs for cell in pair}.values())


def _obstacle(cell: Cell) -> str:
    return cell.missing or (STAND_IN if cell.stand_in else "")


def _questions(
    one: _Planned, estimate: Estimate | None, verdicts: dict[str, AnswerVerdict], alpha: float, family: int
) -> Iterator[PlannedClaim]:
    """Yield the question on the average over data sets, if there are several, then that on each data set.

    Args:
        one: the contrast.
        estimate: its estimate; None if nothing is measured.
        verdicts: the answer's verdicts by data set, the one on the average under an empty name.
        alpha: significance level of a single question.
        family: number of contrasts whose p values are corrected together.
    """
    effects = {effect.dataset: effect for effect in estimate.effects} if estimate else {}
    names = [*one.cells]
    average = verdicts.get("", "open")
    if len(names) > 1:
        every_cell = tuple(cell for cells in one.cells.values() for cell in cells)
        asked = _claim(one.contrast, names, every_cell)
        question = PlannedClaim(asked, every_cell, one.obstacle, alpha=alpha / family, datasets=len(names))
        if estimate is not None and {*names} == {*effects}:
            question = _with_average(question, estimate)
        yield replace(question, answer=average)
    for name in names:
        asked = _claim(one.contrast, [name], one.cells[name])
        level = alpha / (len(names) if len(names) > 1 else family)
        question = PlannedClaim(asked, one.cells[name], one.obstacle, alpha=level)
        if name in effects:
            question = _with_effect(question, effects[name])
        own = verdicts.get(name, "open") if len(names) > 1 else average
        yield replace(question, answer=own if own != "open" or average == "open" else f"{average} on average")


def _claim(contrast: Contrast, datasets: Sequence[str], cells: Sequence[Cell]) -> Claim:
    papers, backbones = (dict.fromkeys(getattr(cell, name) for cell in cells) for name in ("paper", "backbone"))
    start = ".".join(filter(None, (cells[0].key.paper, cells[0].key.experiment)))
    parts = ["answer", start, contrast.arm, contrast.against, *(datasets if len(datasets) == 1 else ["average"])]
    return Claim(
        claim=".".join(parts),
        paper=";".join(papers),
        table="answer",
        kind="comparison",
        dataset=";".join(datasets),
        backbone=";".join(backbones),
        arm=contrast.arm,
        against=contrast.against,
        metric=METRIC,
        unit="percent",
    )


def _with_average(question: PlannedClaim, estimate: Estimate) -> PlannedClaim:
    pooled, counts = estimate.pooled, [effect.n for effect in estimate.effects]
    variance = sum(effect.variance for effect in estimate.effects) / len(estimate.effects)
    claim = replace(
        question.claim,
        measured=pooled.difference,
        spread=sqrt(variance),
        low=pooled.low,
        high=pooled.high,
        n=min(counts),
        p=pooled.p,
        stand_in=estimate.stand_in,
        verdict="inconclusive",
    )
    return replace(question, claim=claim, tau=sqrt(max(0.0, pooled.tau2)), degrees=sum(counts) - len(counts))


def _with_effect(question: PlannedClaim, effect: DatasetEffect) -> PlannedClaim:
    claim = replace(
        question.claim,
        measured=effect.mean,
        spread=sqrt(effect.variance),
        n=effect.n,
        p=effect.p,
        stand_in=effect.stand_in,
        verdict="inconclusive",
    )
    return replace(question, claim=claim)
