"""Read the facts and the exact counts that the checks use besides the published values."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import BaseModel

from medattn.config.models.facts import Facts, NetworkCount
from medattn.config.models.row_filter import RowFilter
from medattn.config.resolved import Configuration
from medattn.config.validation import below, validated
from medattn.config.yaml_files import read_yaml
from medattn.consistency.published import IDENTITY, MAX_TABLE, PublishedRow, read_published
from medattn.errors import UserError
from medattn.own_code import own_name
from medattn.reading import read_csv
from medattn.shipped import paper_folder
from medattn.suggestions import unknown_name

# Columns of `medattn complexity --format csv` -> metric of the published values, and how many units they count in.
# The file has the exact counts and those of counters that a paper may have used, which leave some operations out.
_COUNTED = {
    "params": ("params_m", 1),
    "counter_c1_params": ("params_m", 1),
    "gmacs": ("gflops", 10**9),
    "counter_c1_gflops": ("gflops", 10**9),
    "counter_c2_gflops": ("gflops", 10**9),
    "counter_c3_gflops": ("gflops", 10**9),
}
_MOST_COUNTED = 10**15
_NEEDED = ("table", "dataset", "backbone", "arm", "params", "gmacs")


def read_facts(path: Path) -> Facts:
    """Read a file of facts.

    Raises:
        UserError: one line for the first thing that is wrong.
    """
    return validated(Facts, read_yaml(path), str(path))


def check_rows(facts: Facts, rows: Sequence[PublishedRow], where: str) -> None:
    """Refuse facts about rows that do not exist, because these would silently check nothing.

    Args:
        facts: the facts.
        rows: all published values of the paper.
        where: the file of the facts, for the message.

    Raises:
        UserError: no row has a value; the message names the nearest.
    """
    present = {column: {getattr(row, column) for row in rows} for column in IDENTITY}
    for place, wanted in _rows_in(facts, where):
        for column, values in present.items():
            for value in getattr(wanted, column):
                if value not in values:
                    raise UserError(f"{below(place, column)}: {unknown_name(column, value, values)}")


def read_paper(folder: Path) -> tuple[list[PublishedRow], Facts]:
    """Read the published values and the facts in the folder of a paper; a file that is not there has none.

    Raises:
        UserError: a file is damaged, values are those of another paper, or facts are about rows that do not exist.
    """
    values, known = folder / "published.csv", folder / "facts.yaml"
    rows = read_published(values) if values.is_file() else []
    for other in sorted({row.paper for row in rows} - {folder.name}):
        raise UserError(f"{values}: the column 'paper' names '{other}', but the folder of the paper is {folder.name}")
    facts = read_facts(known) if known.is_file() else Facts()
    if values.is_file():
        check_rows(facts, rows, str(known))
    return rows, facts


def read_papers(configuration: Configuration, root: Path) -> dict[str, tuple[list[PublishedRow], Facts]]:
    """Read the published values and the facts of the papers of a selection, by paper.

    Args:
        configuration: the selection.
        root: the folder that contains papers/.

    Raises:
        UserError: as `read_paper`; or a value has a metric `module:function` that its paper does not measure. Such a
            name would make Python search for the module.
    """
    papers = {}
    for name in dict.fromkeys(paper.name for paper in configuration.papers):
        folder = paper_folder(root, name)
        papers[name] = read_paper(folder)
        declared = {
            metric
            for paper in configuration.papers
            if paper.name == name
            for metrics in (paper.metrics, *(table.metrics for table in paper.paper.tables.values()))
            for metric in metrics
        }
        for row in papers[name][0]:
            if own_name(row.metric) and row.metric not in declared:
                where = folder / "published.csv"
                raise UserError(
                    f"{where}: the metric '{row.metric}' is not among the metrics of the paper or its tables"
                )
    return papers


def _rows_in(value: object, place: str) -> Iterator[tuple[str, RowFilter]]:
    """Yield every choice of rows in facts with its place."""
    if isinstance(value, RowFilter):
        yield place, value
    elif isinstance(value, BaseModel):
        for key in type(value).model_fields:
            yield from _rows_in(getattr(value, key), below(place, key))
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from _rows_in(each, below(place, str(key)))
    elif isinstance(value, list):
        for i, each in enumerate(value):
            yield from _rows_in(each, below(place, str(i)))


def read_counts(path: Path) -> dict[str, list[NetworkCount]]:
    """Read what `medattn complexity --format csv` prints: exact counts by paper.

    Raises:
        UserError: the file can't be read, a column is missing, or a value is not a number.
    """
    rows = read_csv(path, _NEEDED, "`medattn complexity --format csv` prints such a file", MAX_TABLE)
    counts: dict[str, list[NetworkCount]] = {}
    for number, row in enumerate(rows, start=2):
        try:
            counts.setdefault(row.get("paper") or "", []).extend(_counts(row))
        except ValueError as error:
            raise UserError(f"{path}: line {number}: {error}") from error
    return counts


def _counts(row: dict[str, str]) -> Iterator[NetworkCount]:
    for column, (metric, scale) in _COUNTED.items():
        if not row.get(column):
            continue
        try:
            count = round(float(row[column]) * scale)
        except (ValueError, OverflowError) as error:
            raise ValueError(f"{column} is '{row[column]}', not a number") from error
        if not 0 <= count <= _MOST_COUNTED:
            raise ValueError(f"{column} is '{row[column]}', not between 0 and {_MOST_COUNTED / scale:g}")
        for table in dict.fromkeys(row["table"].split(";")):
            rows = RowFilter(
                table=[table],
                dataset=[row["dataset"]],
                backbone=[row["backbone"]],
                arm=[row["arm"]],
                metric=[metric],
            )
            yield NetworkCount(rows=rows, count=count, source=f"{column} of medattn complexity")
