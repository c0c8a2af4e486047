"""The subject of a published value (table, cell, metric and class), and what was measured of it."""

from dataclasses import dataclass, field, replace

from medattn.config.models.paper import Table
from medattn.config.resolved import Configuration, ResolvedPaper
from medattn.consistency.published import PublishedRow
from medattn.judge.claim import State
from medattn.measure.measured_cells import MeasuredCells, MeasuredMetric, MetricKey
from medattn.metrics.registry import METRICS
from medattn.plan.model import Cell, CellKey, Plan
from medattn.provenance.records import NOT_TRAINED

NOT_SELECTED = "not in this selection"
NOT_MEASURED = "not measured yet"
_METRIC_OF = {metric.published: name for name, metric in METRICS.items() if metric.published}


@dataclass(frozen=True)
class Subject:
    """Table, cell, metric and class of a published value, named as in measurements.csv."""

    table: str
    dataset: str
    backbone: str
    arm: str
    metric: str
    class_name: str = ""


@dataclass(frozen=True)
class SubjectResult:
    """The measured value of a subject, or the reason why it has none.

    Attributes:
        cell: the cell; None if the plan has no such cell.
        measured: the measured values, in percentage points.
        reason: why there is no value, or what the value leaves out.
    """

    cell: Cell | None = None
    measured: MeasuredMetric = field(default_factory=MeasuredMetric)
    reason: str = ""

    @property
    def state(self) -> State:
        """Whether the subject can have a verdict (`judged`), or why not."""
        if self.cell is None:
            return "outside this selection"
        if self.cell.missing and not self.measured.is_measured:
            return "unavailable"
        if self.stand_in:
            return "stand-in images"
        if self.measured.is_measured:
            return "judged"
        return "waiting" if NOT_TRAINED in self.reason or self.reason == NOT_MEASURED else "failed"

    @property
    def stand_in(self) -> bool:
        """Whether the images are stand-ins for those of the paper."""
        return self.cell is not None and self.cell.stand_in


class Subjects:
    """Look-up of the subjects of published values and of their measured values."""

    def __init__(self, configuration: Configuration, plan: Plan, measured: MeasuredCells) -> None:
        self._papers = {(paper.name, table): paper for paper in configuration.papers for table in paper.tables}
        self._classes = {name: entry.classes for name, entry in configuration.datasets.items()}
        self._networks = {(cell.paper, cell.experiment, cell.backbone, cell.arm) for cell in plan.cells.values()}
        self._configuration, self._plan, self.measured = configuration, plan, measured

    def with_measured(self, measured: MeasuredCells) -> "Subjects":
        """Return the same subjects with other measured values."""
        return Subjects(self._configuration, self._plan, measured)

    def paper_of(self, paper: str, table: str) -> ResolvedPaper | None:
        """Return the paper in the experiment that a table shows; None if the selection has no such table."""
        return self._papers.get((paper, table))

    def has_network(self, paper: str, experiment: str, backbone: str, arm: str) -> bool:
        """Return whether the plan has an arm on a backbone, on any data set."""
        return (paper, experiment, backbone, arm) in self._networks

    def of_row(self, row: PublishedRow) -> Subject:
        """Return the subject of a published value."""
        paper = self.paper_of(row.paper, row.table)
        metric = _METRIC_OF.get(row.metric, row.metric)
        declared = paper.tables[row.table] if paper else None
        return Subject(row.table, row.dataset, row.backbone, row.arm, metric, self._class_name(row, metric, declared))

    def _class_name(self, row: PublishedRow, metric: str, table: Table | None) -> str:
        classes = METRICS[metric].classes if metric in METRICS else "none"
        if classes == "positive":
            return (table.positive_class if table else None) or row.class_name
        known = self._classes.get(row.dataset, ())
        return next((name for name in known if name.lower() == row.class_name.lower()), row.class_name)

    def result(self, paper_name: str, subject: Subject) -> SubjectResult:
        """Return what was measured of a subject of a paper, or why nothing was."""
        paper = self.paper_of(paper_name, subject.table)
        if paper is None:
            return SubjectResult(reason=NOT_SELECTED)
        key = CellKey(paper.name, paper.experiment, subject.dataset, subject.backbone, subject.arm)
        cell = self._plan.cells.get(key.id)
        if cell is None:
            return SubjectResult(reason=NOT_SELECTED)
        measured = _in_points(self.measured.of(key, MetricKey(subject.metric, subject.class_name)), subject.metric)
        if not measured.is_measured:
            return SubjectResult(cell, reason=cell.missing or measured.note or NOT_MEASURED)
        return SubjectResult(cell, measured, measured.note)


def least_points(metric: str) -> float:
    """Return the least possible value of a metric in percentage points; 0 for metrics that are not registered."""
    if metric not in METRICS:
        return 0.0
    return METRICS[metric].least * (100 if METRICS[metric].unit == "fraction" else 1)


def _in_points(measured: MeasuredMetric, metric: str) -> MeasuredMetric:
    """Return the values of a metric that measurements.csv has as fractions in percentage points."""
    if metric not in METRICS or METRICS[metric].unit != "fraction":
        return measured
    by_seed = {seed: 100 * value for seed, value in measured.by_seed.items()}
    return replace(measured, mean=100 * measured.mean, spread=100 * measured.spread, by_seed=by_seed)
