"""At which epochs a finished run is measured, one function for each kind of protocol."""

from collections.abc import Callable
from typing import Any

from medattn.config.models.protocol import (
    AnyProtocol,
    BestValidationEpoch,
    CrossValidatedEpochs,
    CrossValidation,
    FixedEpoch,
)
from medattn.layout import ResultPaths
from medattn.plan.model import Cell, Run
from medattn.plan.tuning_result import read_choice
from medattn.provenance.records import check_output, read_record
from medattn.training.history import read_history
from medattn.tuning.best_epoch import best_epoch


def measured_epochs(run: Run, cell: Cell, results: ResultPaths) -> tuple[int, ...]:
    """Return the epochs (from 1) at which a run that ended well is measured, in order.

    Test images choose none of them, except under the reading `best_on_test` of a cross-validation, which says so.

    Raises:
        UserError: what was chosen, or the run's own files, are missing or damaged.
    """
    if cell.is_classifier:
        return (1,)
    protocol = cell.settings.protocol
    return _EPOCHS[type(protocol)](run, cell, results, protocol)


def _cross_validated_epochs(run: Run, cell: Cell, results: ResultPaths, _: CrossValidatedEpochs) -> tuple[int, ...]:
    return tuple(sorted(read_choice(results, cell, run.seed)["epochs"]))


def _best_validation_epoch(run: Run, _: Cell, results: ResultPaths, protocol: BestValidationEpoch) -> tuple[int, ...]:
    return (best_epoch(results.run(run.cell, run.name), protocol)[0],)


def _last_epoch(run: Run, _: Cell, results: ResultPaths, __: AnyProtocol) -> tuple[int, ...]:
    return (int(read_record(results.run(run.cell, run.name).record)["epochs"]),)


def _cross_validation(run: Run, cell: Cell, results: ResultPaths, protocol: CrossValidation) -> tuple[int, ...]:
    if protocol.epoch == "last":
        return _last_epoch(run, cell, results, protocol)
    files = results.run(run.cell, run.name)
    check_output(read_record(files.record), files.history)
    history = read_history(files.history)
    highest = max(row.correct for row in history)
    return (next(row.epoch for row in history if row.correct == highest),)


_EPOCHS: dict[type[AnyProtocol], Callable[[Run, Cell, ResultPaths, Any], tuple[int, ...]]] = {
    CrossValidatedEpochs: _cross_validated_epochs,
    BestValidationEpoch: _best_validation_epoch,
    FixedEpoch: _last_epoch,
    CrossValidation: _cross_validation,
}
