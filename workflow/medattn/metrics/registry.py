"""The metrics that the files of this folder declare.

To add a metric, add a file with a dictionary `METRICS` from names to `Metric`. The file is imported when a command
plans, so it imports numpy inside its functions only.
"""

import importlib
from pathlib import Path

from medattn.metrics.metric import Metric

_FOLDER = Path(__file__).parent
_WITHOUT_METRICS = ("__init__", "evaluate", "metric", "registry", "scored")


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


METRICS = _declared_metrics()
"""Every metric and cost by name, in the order of the files."""
