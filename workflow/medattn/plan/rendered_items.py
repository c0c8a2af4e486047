"""The tables and figures of a selection, each with the hash of everything declared that decides it."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from medattn.config.figure_kinds import figure_kind
from medattn.config.models.paper import shows_costs
from medattn.config.resolved import Configuration, ResolvedPaper
from medattn.files import json_text, sha256_of_value
from medattn.layout import complexity_table
from medattn.own_code import own_name
from medattn.plan.model import Plan
from medattn.provenance.code import own_code_sha256

_COSTS, _ANSWER = "complexity.csv", "answer.csv"
_OF_OTHERS = {"papers", "datasets"}
"""Keys of a selection that can speak of other papers; the resolved papers and data sets hold their values."""


@dataclass(frozen=True)
class RenderedItem:
    """A table or figure of a paper.

    Attributes:
        folder: `tables` or `figures`.
        name: its name.
        paper: name of its paper.
        declared_sha256: hash of its declaration, and of the parts of configuration and plan that can show in it.
        reads: names of files in the results folder that only some tables and figures read.
        kind: kind of a figure; empty for tables.
    """

    folder: str
    name: str
    paper: str
    declared_sha256: str
    reads: tuple[str, ...] = ()
    kind: str = ""

    @property
    def id(self) -> str:
        """Folder and name."""
        return f"{self.folder}/{self.name}"

    @property
    def files(self) -> tuple[str, ...]:
        """Names of its files in the results folder, the one for Snakemake's report first, the caption last."""
        formats = ("html", "csv", "md", "tex") if self.folder == "tables" else ("svg", "png", "csv")
        return *(f"{self.id}.{ending}" for ending in formats), f"captions/{self.name}.rst"


def rendered_items(plan: Plan, configuration: Configuration) -> list[RenderedItem]:
    """Return all tables and figures of a selection, by paper; tables of costs follow the other tables."""
    cells = _cells(plan)
    facts = {paper: _facts(configuration, paper, cells) for paper in map(_key, configuration.papers)}
    whole = _sha256([facts[key] for key in facts])
    items: list[RenderedItem] = []
    for name in dict.fromkeys(paper.name for paper in configuration.papers):
        experiments = [paper for paper in configuration.papers if paper.name == name]
        of_paper = [facts[_key(paper)] for paper in experiments]
        for paper in experiments:
            items += _tables(paper, facts[_key(paper)])
        items.append(RenderedItem("tables", complexity_table(name), name, _sha256(of_paper), (_COSTS,)))
        for paper in experiments:
            items += _figures(paper, of_paper, whole)
    return items


def _key(paper: ResolvedPaper) -> tuple[str, str]:
    return paper.name, paper.experiment


def _tables(paper: ResolvedPaper, facts: str) -> Iterator[RenderedItem]:
    for name, table in paper.tables.items():
        declared = _sha256([facts, name, table.model_dump(mode="json")])
        yield RenderedItem("tables", name, paper.name, declared, (_COSTS,) if shows_costs(table) else ())
    for name, statistics in paper.statistics.items():
        declared = _sha256([facts, name, statistics.model_dump(mode="json")])
        yield RenderedItem("tables", name, paper.name, declared)


def _figures(paper: ResolvedPaper, of_paper: list[str], whole: str) -> Iterator[RenderedItem]:
    # A figure can show other experiments of its paper, and published values of the tables that its paper has.
    for name, figure in paper.figures.items():
        reads = figure_kind(figure.kind).reads
        facts = [whole if _ANSWER in reads else of_paper, sorted(paper.tables)]
        own = [own_code_sha256(figure.kind)] if own_name(figure.kind) else []
        declared = _sha256([facts, paper.experiment, name, figure.model_dump(mode="json"), *own])
        yield RenderedItem("figures", name, paper.name, declared, reads, figure.kind)


def _cells(plan: Plan) -> list[dict[str, Any]]:
    """Return every cell as plain values, with its runs and without the tables that show it."""
    found = []
    for cell in plan.cells.values():
        runs = [run.id for run in plan.runs_of(cell.id, "train")]
        facts = cell.to_json()
        # Options in another order, as in a plan that was read from its file, are the same settings.
        facts["settings"] = sha256_of_value(facts["settings"])
        found.append({**facts, "tables": [], "runs": runs})
    return found


def _facts(configuration: Configuration, key: tuple[str, str], cells: list[dict[str, Any]]) -> str:
    """Return the hash of an experiment, without its tables and figures."""
    paper = next(paper for paper in configuration.papers if _key(paper) == key)
    shown = {name for other in configuration.papers if other.name == paper.name for name in other.datasets}
    facts = {
        "paper": key,
        "datasets": {name: configuration.datasets[name].model_dump(mode="json") for name in sorted(shown)},
        "backbones": {name: backbone.model_dump(mode="json") for name, backbone in paper.backbones.items()},
        "arms": {name: arm.model_dump(mode="json") for name, arm in paper.arms.items()},
        "shown": paper.datasets,
        "recipe": paper.recipe.model_dump(mode="json"),
        "protocol": paper.protocol.model_dump(mode="json"),
        "metrics": paper.metrics,
        # Title, words and unit of a metric of the user are in its file.
        "own": {name: own_code_sha256(name) for name in sorted(_own_metrics(paper.name, cells))},
        "selection": configuration.selection.model_dump(mode="json", exclude=_OF_OTHERS),
        # Images of a data set are marked as stand-ins if a cell of any paper uses such.
        # The keys of a cell have another order where it is read from plan.json.
        "cells": json.dumps(
            [cell for cell in cells if cell["paper"] == paper.name or cell["dataset"] in shown], sort_keys=True
        ),
    }
    return _sha256(facts)


def _own_metrics(paper: str, cells: list[dict[str, Any]]) -> set[str]:
    return {name for cell in cells if cell["paper"] == paper for name in cell["metrics"] if own_name(name)}


def _sha256(value: object) -> str:
    """Return the SHA-256 of a JSON value; the order of keys counts, because it is that of rows and columns."""
    return hashlib.sha256(json_text(value).encode()).hexdigest()
