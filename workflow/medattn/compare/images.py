"""The procedure `images`: two given models on the same test images.

What it finds holds for these two models, not for the arms: another training may give another answer.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from medattn.compare.delong import TEST as DELONG
from medattn.compare.delong import Components, components, delong
from medattn.compare.image_bootstrap import TEST as BOOTSTRAP
from medattn.compare.image_bootstrap import Floats, bootstrap, resample
from medattn.compare.mcnemar import TEST as MCNEMAR
from medattn.compare.mcnemar import mcnemar
from medattn.compare.measured import Measure
from medattn.compare.models import Model, Models
from medattn.compare.test_result import TestResult
from medattn.config.models.dataset import DatasetEntry
from medattn.datasets.store import read_store
from medattn.errors import UserError
from medattn.metrics.evaluate import measure_resamples
from medattn.plan.model import Cell

_BY_PATIENTS = "whole patients are drawn"
_NO_PATIENTS = "images are drawn one by one, as the data set that knows the patients is not at hand"


class ImagesOfDataset:
    """Compares the models of cells on one data set; each model, and each resample of a metric, is made once."""

    def __init__(self, models: Models, dataset: str, entry: DatasetEntry) -> None:
        self._models, self._dataset = models, dataset
        self._has_patients = entry.source.has_patients
        self._read: dict[str, Model | str] = {}
        self._components: dict[str, Components] = {}
        self._values: dict[tuple[str, str], dict[str, Floats]] = {}
        self._weights: dict[bytes, tuple[Floats, str]] = {}

    def compare(self, cell: Cell, against: Cell, measure: Measure) -> list[TestResult]:
        """Return McNemar's test of accuracies, DeLong's of AUCs, and the paired bootstrap of any metric."""
        first, second = self._model(cell), self._model(against)
        own = {"accuracy": MCNEMAR, "auc": DELONG}.get(measure.metric)
        tests = [own, BOOTSTRAP] if own else [BOOTSTRAP]
        for model, arm in ((first, cell.arm), (second, against.arm)):
            if isinstance(model, str):
                return [TestResult(test, 0, note=f"{arm}: {model}") for test in tests]
        assert isinstance(first, Model)
        assert isinstance(second, Model)
        if not np.array_equal(first.positions, second.positions):
            return [TestResult(test, 0, note="the models were scored on different test images") for test in tests]
        resamples = self._bootstrap(cell, against, measure)
        if own == MCNEMAR:
            return [mcnemar(_right(first), _right(second)), resamples]
        if own == DELONG:
            parts, other_parts = self._components_of(first, cell), self._components_of(second, against)
            return [delong(parts, other_parts, first.scored.labels), resamples]
        return [resamples]

    def _components_of(self, model: Model, cell: Cell) -> Components:
        if cell.id not in self._components:
            self._components[cell.id] = components(model.scored.scores, model.scored.labels)
        return self._components[cell.id]

    def _model(self, cell: Cell) -> Model | str:
        if cell.id not in self._read:
            self._read[cell.id] = self._models.read(cell)
        return self._read[cell.id]

    def _bootstrap(self, cell: Cell, against: Cell, measure: Measure) -> TestResult:
        values, others = (self._resampled(each, measure.metric) for each in (cell, against))
        name, model = measure.class_name, self._model(cell)
        assert isinstance(model, Model)
        if name not in values or name not in others:
            return TestResult(BOOTSTRAP, 0, note=f"the test images have no class '{name}'")
        return bootstrap(values[name], others[name], len(model.positions), self._resamples(model)[1])

    def _resampled(self, cell: Cell, metric: str) -> dict[str, Floats]:
        """Return a metric of a cell's model on the test images and on every resample of them."""
        key = (cell.id, metric)
        if key not in self._values:
            model = self._model(cell)
            assert isinstance(model, Model)
            self._values[key] = measure_resamples(metric, model.scored, self._resamples(model)[0])
        return self._values[key]

    def _resamples(self, model: Model) -> tuple[Floats, str]:
        """Return the resamples of a model's test images, the same for all models, and what is drawn."""
        key = model.positions.tobytes()
        if key not in self._weights:
            patients, note = self._patients(model)
            self._weights[key] = resample(model.scored.labels, patients, self._dataset), note
        return self._weights[key]

    def _patients(self, model: Model) -> tuple[Sequence[str] | None, str]:
        if not self._has_patients:
            return None, ""
        try:
            splits = read_store(Path(self._models.prepared(self._dataset)), verify=False).splits.values()
        except UserError:
            return None, _NO_PATIENTS
        names = [name for split in splits for name in split.groups or [""] * len(split.labels)]
        if int(model.positions.max()) >= len(names):  # copies of images that were made before they were divided
            return None, _NO_PATIENTS
        found = [names[position] for position in model.positions]
        return (found, _BY_PATIENTS) if all(found) else (None, _NO_PATIENTS)


def _right(model: Model) -> NDArray[np.bool_]:
    right: NDArray[np.bool_] = model.scored.scores.argmax(axis=1) == model.scored.labels
    return right
