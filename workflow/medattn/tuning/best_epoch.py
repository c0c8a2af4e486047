"""The epoch of a run that does best on its validation images."""

from collections.abc import Sequence
from fractions import Fraction
from math import isnan, nan

import numpy as np
from safetensors import safe_open

from medattn.config.models.protocol import AnyProtocol, BestValidationEpoch
from medattn.layout import RunPaths
from medattn.metrics.evaluate import measure
from medattn.metrics.scored import Scored
from medattn.provenance.records import check_output, read_record
from medattn.training.history import read_history

Number = Fraction | float


def validation_metric(protocol: AnyProtocol) -> str:
    """Return the metric on the validation images by which a protocol chooses."""
    return protocol.chosen_by if isinstance(protocol, BestValidationEpoch) else "accuracy"


def best_epoch(files: RunPaths, protocol: BestValidationEpoch) -> tuple[int, Number]:
    """Return the epoch (from 1) of a finished run that does best on the validation images, and how well.

    Only validation images are read: those beside the test images in `train`, the evaluated ones in `tune`.

    Raises:
        UserError: the files are not those that the record names.
    """
    record = read_record(files.record)
    if protocol.chosen_by == "accuracy":
        check_output(record, files.history)
        values: list[Number] = [
            Fraction(row.validation_correct, row.validation_images)
            if row.validation_images
            else Fraction(row.correct, row.images)
            for row in read_history(files.history)
        ]
    else:
        check_output(record, files.scores)
        values = _validation_values(files, protocol.chosen_by)
    return _best(values, protocol.ties)


def _validation_values(files: RunPaths, metric: str) -> list[Number]:
    with safe_open(files.scores, "numpy") as arrays:
        beside = "validation_scores" in arrays.keys()  # noqa: SIM118 (not a mapping)
        scores = arrays.get_tensor("validation_scores" if beside else "scores")
        labels = arrays.get_tensor("validation_labels" if beside else "labels")
    classes = [str(label) for label in range(scores.shape[2])]
    return [-1.0 if isnan(value := _value(metric, Scored(epoch, labels, classes))) else value / 100 for epoch in scores]


def _value(metric: str, scored: Scored) -> float:
    return nan if np.isnan(scored.scores).any() else measure(metric, scored)[0].value


def _best(values: Sequence[Number], ties: str) -> tuple[int, Number]:
    highest = max(values)
    epochs = [epoch for epoch, value in enumerate(values, start=1) if value == highest]
    return epochs[0 if ties == "earliest" else -1], highest
