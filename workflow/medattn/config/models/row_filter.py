"""The rows of published.csv that a fact is about."""

from typing import Literal

from pydantic import Field

from medattn.closed_model import Closed

Column = Literal["table", "dataset", "backbone", "arm", "split", "metric", "class_name"]


class RowFilter(Closed):
    """Filter of published values: a row passes if it has one of the given values in each given column."""

    table: list[str] = Field([], description="tables; default: all")
    dataset: list[str] = Field([], description="data sets; default: all")
    backbone: list[str] = Field([], description="backbones; default: all")
    arm: list[str] = Field([], description="arms; default: all")
    split: list[str] = Field([], description="splits; default: all")
    metric: list[str] = Field([], description="metrics; default: all")
    class_name: list[str] = Field([], description="classes; default: all")
