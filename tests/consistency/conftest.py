"""Fixtures: check results of the four papers, and of small tables."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from medattn.config.models.facts import Facts
from medattn.config.validation import validated
from medattn.consistency.check_paper import check_paper
from medattn.consistency.inputs import read_facts
from medattn.consistency.published import read_published
from medattn.consistency.show import records

PAPERS = Path(__file__).parents[2] / "papers"
HEADER = "paper,table,dataset,backbone,arm,split,metric,class_name,mean,std,unit,n_test,flags"

Records = list[dict[str, str]]


@pytest.fixture(scope="session")
def in_paper() -> Callable[..., Records]:
    """Return a function that selects the check results of a paper by the values of columns and a part of the cell."""
    in_lines = {
        path.parent.name: records(
            check_paper(path.parent.name, read_published(path), read_facts(path.with_name("facts.yaml")))
        )
        for path in PAPERS.glob("*/published.csv")
    }

    def pick(paper: str, cell: str = "", **columns: str) -> Records:
        return [
            row
            for row in in_lines[paper]
            if cell in row["cell"] and all(row[column] == value for column, value in columns.items())
        ]

    return pick


@pytest.fixture
def in_lines(tmp_path: Path) -> Callable[..., Records]:
    """Return a function that checks the lines of a table, with facts as in a file."""

    def run(lines: list[str], facts: dict[str, Any] | None = None, **options: Any) -> Records:
        path = tmp_path / "published.csv"
        path.write_text("\n".join([HEADER, *lines]) + "\n")
        known = validated(Facts, facts or {}, "facts")
        return records(check_paper("p", read_published(path), known, **options))

    return run


def line(metric: str, mean: str, **columns: str) -> str:
    """Return a line of a table in percent; columns that are not given are the same for all."""
    row = dict.fromkeys(HEADER.split(","), "")
    row.update(paper="p", table="t", dataset="d", backbone="b", arm="a", split="test", unit="percent")
    row.update(metric=metric, mean=mean, **columns)
    return ",".join(row.values())
