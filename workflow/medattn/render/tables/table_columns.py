"""The columns of a paper's table: metrics by data set, then costs of the network."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from medattn.config.models.paper import Table
from medattn.metrics.metric import MEAN
from medattn.metrics.registry import METRICS


@dataclass(frozen=True)
class Column:
    """A metric on a data set; the formatted table shows its published and its reproduced values side by side.

    Attributes:
        dataset: name of the data set; empty for a cost of the network, which belongs to no data set.
        metric: name of the metric.
        class_name: the class, `mean` for the mean over classes, empty if the metric has no classes.
    """

    dataset: str
    metric: str
    class_name: str = ""


def columns_of(table: Table, datasets: Sequence[str], classes: Mapping[str, Sequence[str]]) -> list[Column]:
    """Return the columns of a table: its metrics for each data set, then the costs of the network.

    Args:
        table: the table.
        datasets: names of its data sets, in order.
        classes: class names of each data set.
    """
    measured = [metric for metric in table.metrics if METRICS[metric].measured]
    costs = [metric for metric in table.metrics if not METRICS[metric].measured]
    return [
        *(
            Column(dataset, metric, class_name)
            for dataset in datasets
            for metric in measured
            for class_name in _class_names(table, metric, classes[dataset])
        ),
        *(Column("", metric) for metric in costs),
    ]


def _class_names(table: Table, metric: str, classes: Sequence[str]) -> Iterator[str]:
    kind = METRICS[metric].classes
    if kind == "none":
        yield ""
    elif kind == "positive":
        yield table.positive_class or ""
    else:
        yield MEAN
        yield from classes if table.class_columns else ()


def column_title(table: Table, column: Column) -> str:
    """Return the heading of a column, shown below the name of the data set."""
    facts = METRICS[column.metric]
    if facts.classes != "each" or not table.class_columns:
        return facts.title
    return column.class_name if len(table.metrics) == 1 else f"{facts.title} {column.class_name}"
