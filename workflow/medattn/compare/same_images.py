"""The procedure `images`: two trained models on the same test images.

The result holds for these two models, not for the arms: after another training it may differ.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from medattn.compare.delong import TEST as DELONG
from medattn.compare.delong import AucComponents, auc_components, delong
from medattn.compare.image_bootstrap import TEST as BOOTSTRAP
from medattn.compare.image_bootstrap import Floats, bootstrap, resample
from medattn.compare.mcnemar import TEST as MCNEMAR
from medattn.compare.mcnemar import mcnemar
from medattn.compare.test_result import TestResult
from medattn.compare.trained_model import TrainedModel, TrainedModels
from medattn.config.models.dataset import DatasetEntry
from medattn.datasets.store import read_store
from medattn.errors import UserError
from medattn.measure.measured_cells import MetricKey
from medattn.metrics.evaluate import measure_resamples
from medattn.plan.model import Cell

_BY_PATIENTS = "whole patients are drawn"
_NO_PATIENTS = "images are drawn one by one, as the data set that knows the patients is not available"
# Tests for one metric only; the bootstrap serves every metric.
_SPECIFIC_TESTS = {"accuracy": MCNEMAR, "auc": DELONG}


class SameImageComparison:
    """Comparison of trained models on the test images of one data set; caches models and resampled metrics."""

    def __init__(self, models: TrainedModels, dataset: str, entry: DatasetEntry) -> None:
        self._models, self._dataset = models, dataset
        self._has_patients = entry.source.has_patients
        self._read: dict[str, TrainedModel | str] = {}
        self._components: dict[str, AucComponents] = {}
        self._values: dict[tuple[str, str], dict[str, Floats]] = {}
        self._weights: dict[bytes, tuple[Floats, str]] = {}

    def compare(self, cell: Cell, against: Cell, key: MetricKey) -> list[TestResult]:
        """Run McNemar's test for accuracy, DeLong's test for AUC, and the paired bootstrap for every metric."""
        first, second = self._model(cell), self._model(against)
        specific = _SPECIFIC_TESTS.get(key.metric)
        tests = [specific, BOOTSTRAP] if specific else [BOOTSTRAP]
        for model, arm in ((first, cell.arm), (second, against.arm)):
            if isinstance(model, str):
                return [TestResult(test, 0, note=f"{arm}: {model}") for test in tests]
        assert isinstance(first, TrainedModel)
        assert isinstance(second, TrainedModel)
        if not np.array_equal(first.positions, second.positions):
            return [TestResult(test, 0, note="the models were scored on different test images") for test in tests]
        resampled = self._bootstrap(cell, against, key)
        if specific == MCNEMAR:
            return [mcnemar(_is_right(first), _is_right(second)), resampled]
        if specific == DELONG:
            components, other_components = self._auc_components(first, cell), self._auc_components(second, against)
            return [delong(components, other_components, first.scored.labels), resampled]
        return [resampled]

    def _auc_components(self, model: TrainedModel, cell: Cell) -> AucComponents:
        if cell.id not in self._components:
            self._components[cell.id] = auc_components(model.scored.scores, model.scored.labels)
        return self._components[cell.id]

    def _model(self, cell: Cell) -> TrainedModel | str:
        if cell.id not in self._read:
            self._read[cell.id] = self._models.read(cell)
        return self._read[cell.id]

    def _bootstrap(self, cell: Cell, against: Cell, key: MetricKey) -> TestResult:
        values, others = (self._resampled(each, key.metric) for each in (cell, against))
        name, model = key.class_name, self._model(cell)
        assert isinstance(model, TrainedModel)
        if name not in values or name not in others:
            return TestResult(BOOTSTRAP, 0, note=f"the test images have no class '{name}'")
        return bootstrap(values[name], others[name], len(model.positions), self._resamples(model)[1])

    def _resampled(self, cell: Cell, metric: str) -> dict[str, Floats]:
        """Return a metric of a cell's model on the test images and on every resample of them, by class name."""
        key = (cell.id, metric)
        if key not in self._values:
            model = self._model(cell)
            assert isinstance(model, TrainedModel)
            self._values[key] = measure_resamples(metric, model.scored, self._resamples(model)[0])
        return self._values[key]

    def _resamples(self, model: TrainedModel) -> tuple[Floats, str]:
        """Return the resamples of a model's test images, which all models share, and a note on what is drawn."""
        key = model.positions.tobytes()
        if key not in self._weights:
            patients, note = self._patients(model)
            self._weights[key] = resample(model.scored.labels, patients, self._dataset), note
        return self._weights[key]

    def _patients(self, model: TrainedModel) -> tuple[Sequence[str] | None, str]:
        """Return the patient of each test image, or None if unknown, with a note on what is drawn."""
        if not self._has_patients:
            return None, ""
        try:
            splits = read_store(Path(self._models.prepared(self._dataset)), verify=False).splits.values()
        except UserError:
            return None, _NO_PATIENTS
        names = [name for split in splits for name in split.groups or [""] * len(split.labels)]
        if int(model.positions.max()) >= len(names):  # oversampled images have positions beyond the data set
            return None, _NO_PATIENTS
        found = [names[position] for position in model.positions]
        return (found, _BY_PATIENTS) if all(found) else (None, _NO_PATIENTS)


def _is_right(model: TrainedModel) -> NDArray[np.bool_]:
    """Return whether the model predicts the class of each image."""
    is_right: NDArray[np.bool_] = model.scored.scores.argmax(axis=1) == model.scored.labels
    return is_right
