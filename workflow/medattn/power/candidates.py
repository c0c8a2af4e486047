"""Everything that the seeds of a selection can decide: the claims of its papers, then the questions of the answer."""

from pathlib import Path

from medattn.config.resolved import Configuration
from medattn.layout import ResultPaths
from medattn.measure.measured_cells import MeasuredCells
from medattn.plan.model import Plan
from medattn.power.answer_questions import answer_questions
from medattn.power.planned_claims import PlannedClaim, planned_claims
from medattn.result_tables import MEASUREMENTS, read_table


def candidates(results: ResultPaths, configuration: Configuration, plan: Plan, root: Path) -> list[PlannedClaim]:
    """Return the claims of metrics whose cells are in the plan, and the questions of the answer.

    Args:
        results: the folder of results; without measurements.csv, nothing is measured.
        configuration: the selection.
        plan: its plan.
        root: the folder that contains papers/.

    Raises:
        UserError: a file is damaged.
    """
    measured = MeasuredCells(read_table(results.measurements, MEASUREMENTS, optional=True))
    return [
        *planned_claims(results, configuration, plan, root, measured),
        *answer_questions(configuration, plan, measured),
    ]
