"""The columns of a table: what is shown of which data set, in the paper's order."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from medattn.config.models.paper import Table
from medattn.metrics.metric import MEAN
from medattn.metrics.registry import METRICS


@dataclass(frozen=True)
class Column:
    """A column of a table, before it is divided into published and measured numbers.

    Attributes:
        dataset: name of the data set; empty for what a network costs, which belongs to none.
        metric: name of the metric.
        class_name: the class, `mean` for the mean over classes, empty where the metric has none.
    """

    dataset: str
    metric: str
    class_name: str = ""


def columns_of(table: Table, datasets: Sequence[str], classes: Mapping[str, Sequence[str]]) -> list[Column]:
    """Return the columns of a table: its metrics below each data set, then the costs of the network.

    Args:
        table: the table.
        datasets: names of its data sets, in order.
        classes: class names of each data set.
    """
    shares = [metric for metric in table.metrics if METRICS[metric].measured]
    costs = [metric for metric in table.metrics if not METRICS[metric].measured]
    return [
        *(
            Column(dataset, metric, class_name)
            for dataset in datasets
            for metric in shares
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
    """Return what stands above a column, below the name of the data set."""
    facts = METRICS[column.metric]
    if facts.classes != "each" or not table.class_columns:
        return facts.title
    return column.class_name if len(table.metrics) == 1 else f"{facts.title} {column.class_name}"
