"""The metrics that the files of this folder declare, and those of the user.

To add a metric, add a file with a dictionary `METRICS` from names to `Metric`. The file is imported when a command
plans, so it imports numpy inside its functions only.
"""

import importlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from medattn.metrics.metric import Metric
from medattn.metrics.own_metric import own_metric
from medattn.own_code import own_name

_FOLDER = Path(__file__).parent
_WITHOUT_METRICS = ("__init__", "evaluate", "metric", "own_metric", "own_values", "registry", "scored")


def _declared_metrics() -> dict[str, Metric]:
    metrics: dict[str, Metric] = {}
    for path in sorted(_FOLDER.glob("*.py")):
        if path.stem in _WITHOUT_METRICS:
            continue
        declared: dict[str, Metric] = importlib.import_module(f"medattn.metrics.{path.stem}").METRICS
        twice = declared.keys() & metrics.keys()
        if twice:
            raise ValueError(f"{path}: another file declares the metric '{min(twice)}' too")
        metrics |= declared
    return metrics


class _Metrics(Mapping[str, Metric]):
    """Metrics by name: those of the package, which iteration yields, and any `module:function` of the user."""

    def __init__(self, declared: Mapping[str, Metric]) -> None:
        self._declared = declared

    def __getitem__(self, name: str) -> Metric:
        return own_metric(name) if own_name(name) else self._declared[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._declared)

    def __len__(self) -> int:
        return len(self._declared)


METRICS: Mapping[str, Metric] = _Metrics(_declared_metrics())
"""Every metric and cost by name, in the order of the files; a metric of the user by `module:function`."""
