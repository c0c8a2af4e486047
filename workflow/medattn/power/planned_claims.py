"""The claims of a selection with the facts that planning their runs needs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import nan
from pathlib import Path

from medattn.config.models.facts import Facts
from medattn.config.resolved import Configuration
from medattn.consistency.inputs import read_paper
from medattn.judge.claim import Claim, in_points
from medattn.judge.comparisons import published_statements
from medattn.judge.protocol_deviations import deviation
from medattn.judge.subject import NOT_SELECTED, Subject, SubjectResult, Subjects
from medattn.judge.table import judged_claims
from medattn.judge.values import STAND_IN
from medattn.layout import ResultPaths
from medattn.measure.measured_cells import MeasuredCells
from medattn.plan.model import Cell, Plan
from medattn.result_tables import COMPLEXITY, read_table
from medattn.shipped import paper_folder

ONE_RUN = "a classifier on pixels has the same result with every seed"


@dataclass(frozen=True)
class PlannedClaim:
    """A claim of a metric with its verdict so far. Numbers are in percentage points.

    Attributes:
        claim: the claim with its verdict.
        cells: the cells that decide it: one for a published value, two for a comparison.
        obstacle: why more seeds cannot give a verdict; empty if they can.
        same: whether the claim is that two arms do not differ.
        alpha: significance level that the comparison must reach if no other one of its statement is significant.
        answer: verdict of the answer, if this is one of its questions; empty for a claim of a paper.
        datasets: number of data sets over which the comparison averages.
        tau: standard deviation of the difference between these data sets.
        degrees: degrees of freedom of `spread`, if they are not the number of pairs less one.
    """

    claim: Claim
    cells: tuple[Cell, ...]
    obstacle: str = ""
    same: bool = False
    alpha: float = nan
    answer: str = ""
    datasets: int = 1
    tau: float = 0.0
    degrees: int | None = None

    @property
    def is_comparison(self) -> bool:
        """Whether two arms are compared."""
        return self.claim.kind == "comparison"

    @property
    def is_open(self) -> bool:
        """Whether seeds can give the claim a verdict that it does not have yet."""
        undecided = self.answer == "open" if self.answer else self.claim.verdict in ("inconclusive", "not measured")
        return undecided and not self.obstacle

    @property
    def verdict(self) -> str:
        """The verdict so far: that of the answer on its questions, that on a published claim otherwise."""
        return self.answer or self.claim.verdict

    @property
    def published(self) -> float:
        """The published value, or the difference of two published values; NaN if none is published."""
        return float(self.claim.published) * self._points if self.claim.published else nan

    @property
    def measured(self) -> float:
        """The measured value or mean difference; NaN if not measured."""
        return self.claim.measured * self._points

    @property
    def spread(self) -> float:
        """Sample standard deviation over runs, or of the differences over pairs of runs; NaN without two."""
        return self.claim.spread * self._points

    @property
    def half_width(self) -> float:
        """Half-width of the interval that the verdict is based on; NaN if there is none."""
        return (self.claim.high - self.claim.low) / 2 * self._points

    @property
    def title(self) -> str:
        """Data set, backbone, arms and metric in words."""
        claim = self.claim
        over = f" over {claim.against}" if claim.against else ""
        metric = f"{claim.metric} of {claim.class_name}" if claim.class_name else claim.metric
        backbones = claim.backbone.split(";")
        backbone = claim.backbone if len(backbones) == 1 else f"{len(backbones)} backbones"
        dataset = claim.dataset if self.datasets == 1 else f"average of {self.datasets} data sets,"
        return f"{dataset} {backbone}: {claim.arm}{over}, {metric}"

    @property
    def _points(self) -> float:
        return in_points(self.claim.unit)


def planned_claims(
    results: ResultPaths, configuration: Configuration, plan: Plan, root: Path, measured: MeasuredCells
) -> list[PlannedClaim]:
    """Return the claims of metrics whose cells are in the plan, in the order of claims.csv.

    Args:
        results: the folder of results.
        configuration: the selection.
        plan: its plan.
        root: the folder that contains papers/.
        measured: what is measured so far.

    Raises:
        UserError: a file is damaged.
    """
    subjects = Subjects(configuration, plan, measured)
    costs = read_table(results.complexity, COMPLEXITY, optional=True)
    judged = {claim.claim: claim for claim in judged_claims(results, plan, subjects, costs, configuration, root)}
    found: list[PlannedClaim] = []
    for paper in dict.fromkeys(paper.name for paper in configuration.papers):
        folder = paper_folder(root, paper)
        if (folder / "published.csv").is_file():
            found += _of_paper(paper, folder, subjects, configuration, judged)
    return found


def _of_paper(
    paper: str, folder: Path, subjects: Subjects, configuration: Configuration, judged: dict[str, Claim]
) -> Iterator[PlannedClaim]:
    rows, facts = read_paper(folder)
    for row in rows:
        claim = judged[f"{row.table}.{row.cell}"]
        if claim.procedure != "count":
            subject = subjects.of_row(row)
            result = subjects.result(paper, subject)
            if result.cell is not None:
                obstacle = _obstacle(paper, [subject], [result], subjects, facts, configuration)
                yield PlannedClaim(claim, (result.cell,), obstacle)
    alpha = configuration.selection.rule_at_a_look.alpha
    for statement in published_statements(paper, rows, facts, subjects):
        inside = [pair for pair in statement.pairs if all(result.cell is not None for result in pair.results)]
        # Pairs without images never have a p. Before any images are available, plan for all pairs.
        tested = [pair for pair in inside if all(_runnable(result) for result in pair.results)] or inside
        for pair in inside:
            cells = tuple(result.cell for result in pair.results if result.cell is not None)
            obstacle = _obstacle(paper, pair.subjects, pair.results, subjects, facts, configuration)
            if not obstacle and any(cell.is_classifier for cell in cells):
                obstacle = ONE_RUN
            level = alpha / len(tested) if statement.correct else alpha
            yield PlannedClaim(judged[pair.claim.claim], cells, obstacle, pair.direction == "same", level)


def _runnable(result: SubjectResult) -> bool:
    return result.cell is not None and result.cell.missing is None


def _obstacle(
    paper: str,
    compared: Sequence[Subject],
    results: Sequence[SubjectResult],
    subjects: Subjects,
    facts: Facts,
    configuration: Configuration,
) -> str:
    """Return why more seeds cannot give a verdict on a claim; empty if they can."""
    for subject, result in zip(compared, results, strict=True):
        if result.cell is None:
            return NOT_SELECTED
        if result.cell.missing:
            return result.cell.missing
        if result.stand_in:
            return STAND_IN
        resolved = subjects.paper_of(paper, subject.table)
        changed = deviation(configuration, resolved, subject, facts) if resolved else NOT_SELECTED
        if changed:
            return changed
    return ""
