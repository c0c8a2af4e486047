"""The epochs at which a finished run is measured."""

from medattn.layout import ResultPaths
from medattn.plan.model import Cell, Run
from medattn.tuning.epoch_results import RecordedEpochs


def measured_epochs(cell: Cell, recorded: RecordedEpochs) -> tuple[int, ...]:
    """Return the epochs (from 1, ascending) at which a finished run of the stage `train` is measured.

    Test images choose none of them, except under a reading that leaks, which is marked.

    Raises:
        UserError: the choice of the stage `tune`, or a file of the run, is missing or damaged.
    """
    return (1,) if cell.is_classifier else cell.settings.protocol.epochs_to_measure(recorded)


def epochs_by_reading(cell: Cell, recorded: RecordedEpochs) -> dict[str, tuple[int, ...]]:
    """Return the epochs that each reading averages, none where the run lacks what it needs; raises as above."""
    protocol = cell.settings.protocol
    if cell.is_classifier:
        return {reading.name: (1,) for reading in protocol.readings()}
    return protocol.epochs_by_reading(recorded)


def model_epoch(run: Run, cell: Cell, results: ResultPaths) -> int:
    """Return the one epoch whose scores represent a run where images are compared; raises as `measured_epochs`."""
    if cell.is_classifier:
        return 1
    return cell.settings.protocol.model_epoch(RecordedEpochs(run, cell, results))
