"""The epochs at which a finished run is measured."""

from medattn.layout import ResultPaths
from medattn.plan.model import Cell, Run
from medattn.tuning.epoch_results import RecordedEpochs


def measured_epochs(run: Run, cell: Cell, results: ResultPaths) -> tuple[int, ...]:
    """Return the epochs (from 1, ascending) at which a finished run of the stage `train` is measured.

    Test images choose none of them, except under the reading `best_on_test` of a cross-validation, which is marked.

    Raises:
        UserError: the choice of the stage `tune`, or a file of the run, is missing or damaged.
    """
    if cell.is_classifier:
        return (1,)
    return cell.settings.protocol.epochs_to_measure(RecordedEpochs(run, cell, results))


def model_epoch(run: Run, cell: Cell, results: ResultPaths) -> int:
    """Return the one epoch whose scores represent a run where images are compared; raises as `measured_epochs`."""
    if cell.is_classifier:
        return 1
    return cell.settings.protocol.model_epoch(RecordedEpochs(run, cell, results))
