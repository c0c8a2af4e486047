"""Names of metrics and costs, as configuration takes them."""

from typing import TYPE_CHECKING, Literal

from medattn.metrics.registry import METRICS

_MEASURED = tuple(name for name, metric in METRICS.items() if metric.measured)
_COUNTED = tuple(name for name, metric in METRICS.items() if not metric.measured)

if TYPE_CHECKING:
    MetricName = str
    ColumnName = str
else:
    MetricName = Literal[_MEASURED]
    """A metric that is measured from scores."""
    ColumnName = Literal[_MEASURED + _COUNTED]
    """A metric or a cost, as a table shows it."""
