"""Names of metrics and costs, as configuration takes them: those of the package, and `module:function` of the user."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator

from medattn.errors import UserError
from medattn.metrics.registry import METRICS
from medattn.own_code import OWN_NAME, own_name
from medattn.suggestions import unknown_name

_MEASURED = tuple(name for name, metric in METRICS.items() if metric.measured)
_COUNTED = tuple(name for name, metric in METRICS.items() if not metric.measured)


class _MetricSchema:
    """JSON schema of the name of a metric."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = names

    def __get_pydantic_json_schema__(self, *_: Any) -> dict[str, Any]:
        return {"type": "string", "anyOf": [{"enum": list(self._names)}, {"pattern": f"^{OWN_NAME}$"}]}


def _known(names: tuple[str, ...]) -> Callable[[str], str]:
    def check(name: str) -> str:
        if own_name(name) is not None:
            try:
                METRICS[name]
            except UserError as error:
                raise ValueError(str(error)) from error
        elif name not in names:
            own = " (write your own as module:function)" if ":" in name else ""
            raise ValueError(unknown_name("value", name, names) + own)
        return name

    return check


if TYPE_CHECKING:
    MetricName = str
    ColumnName = str
else:
    MetricName = Annotated[str, AfterValidator(_known(_MEASURED)), _MetricSchema(_MEASURED)]
    """A metric that is measured from scores."""
    ColumnName = Annotated[str, AfterValidator(_known(_MEASURED + _COUNTED)), _MetricSchema(_MEASURED + _COUNTED)]
    """A metric or a cost, as a table shows it."""
