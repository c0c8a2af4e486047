"""Expansion of a configuration into cells and runs."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from medattn.config.models.dataset import DatasetEntry
from medattn.config.models.metrics import METRICS
from medattn.config.models.paper import Arm, Backbone, shows
from medattn.config.networks.options import weights_model
from medattn.config.resolved import NO_BACKBONE, Configuration, ResolvedPaper
from medattn.layout import prepared_dataset, weights_file
from medattn.plan.availability import entry_identity, missing_reason
from medattn.plan.fitting import network_skip_reason
from medattn.plan.model import Cell, Plan
from medattn.plan.packs import pack_runs
from medattn.plan.runs import runs_of_cell
from medattn.plan.stand_ins import taken_entries
from medattn.provenance.code import code_digest


def make_plan(configuration: Configuration, *, as_if_at_hand: bool = False) -> Plan:
    """Expand `configuration` into the plan of all cells, runs and packs.

    Args:
        configuration: the papers and the selection.
        as_if_at_hand: plan as if all images and weights were available, to estimate the cost.
    """
    selection, entries = configuration.selection, taken_entries(configuration)
    data = Path(selection.data)
    cells = {cell.id: cell for paper in configuration.papers for cell in _cells(paper, entries, data, as_if_at_hand)}
    seeds = tuple(selection.seeds)
    runs = {run.id: run for cell in cells.values() for run in runs_of_cell(cell, seeds)}
    packs = pack_runs(cells, runs, selection.pack, selection.pack_across_cells)
    return Plan(selection.selection, configuration.selection.model_dump(mode="json"), cells, runs, packs)


def _cells(
    paper: ResolvedPaper, entries: Mapping[str, DatasetEntry], data: Path, as_if_at_hand: bool
) -> Iterator[Cell]:
    for dataset in paper.datasets:
        entry = entries[dataset]
        for backbone_name, backbone, arm_name, arm in _pairs(paper, dataset):
            tables = _tables(paper, dataset, backbone_name, arm_name)
            yield Cell(
                paper=paper.name,
                experiment=paper.experiment,
                dataset=dataset,
                backbone=backbone_name,
                arm=arm_name,
                dataset_title=entry.title,
                backbone_label=(backbone.label or backbone_name) if backbone else "",
                arm_label=arm.label,
                stand_in=bool(entry.stand_in),
                missing=_network_skip_reason(paper, backbone, arm, entry)
                or _split_skip_reason(paper, arm, entry)
                or (None if as_if_at_hand else _unavailable_reason(dataset, entry, backbone, data)),
                prepared=str(prepared_dataset(data, dataset, entry_identity(dataset, entry))),
                tables=tables,
                settings=_settings(paper, backbone, arm, entry_identity(dataset, entry)),
                metrics=_metrics(paper, tables, entry.ordinal),
                classes=tuple(entry.classes),
            )


def _pairs(paper: ResolvedPaper, dataset: str) -> Iterator[tuple[str, Backbone | None, str, Arm]]:
    """Yield the pairs of backbone and arm in the order of a table: classifiers first, then network by network."""
    for arm_name, arm in paper.arms.items():
        if paper.trains(dataset, NO_BACKBONE, arm_name):
            yield NO_BACKBONE, None, arm_name, arm
    for backbone_name, backbone in paper.backbones.items():
        for arm_name, arm in paper.arms.items():
            if paper.trains(dataset, backbone_name, arm_name):
                yield backbone_name, backbone, arm_name, arm


def _tables(paper: ResolvedPaper, dataset: str, backbone: str, arm: str) -> tuple[str, ...]:
    return tuple(name for name, table in paper.tables.items() if shows(table, dataset, backbone, arm))


def _metrics(paper: ResolvedPaper, tables: tuple[str, ...], ordinal: bool) -> tuple[str, ...]:
    """Return accuracy, the metrics of the tables and of the paper, and that of ordinal classes, each once."""
    shown = [metric for name in tables for metric in paper.tables[name].metrics if METRICS[metric].measured]
    return tuple(dict.fromkeys(["accuracy", *shown, *paper.metrics, *(["kappa_quadratic"] if ordinal else [])]))


def _settings(paper: ResolvedPaper, backbone: Backbone | None, arm: Arm, dataset: str) -> dict[str, Any]:
    return {
        "backbone": backbone.model_dump(mode="json", exclude={"label", "arms", "normalization"}) if backbone else None,
        "arm": arm.model_dump(mode="json", exclude={"label", "datasets", "backbones"}),
        "recipe": paper.recipe.model_dump(mode="json") | _input_normalization(backbone),
        "protocol": paper.protocol.model_dump(mode="json"),
        "dataset": dataset,
        "code": code_digest(
            None if arm.classifier else arm.mechanism, backbone.model if backbone else None, paper.protocol.kind
        ),
    }


def _input_normalization(backbone: Backbone | None) -> dict[str, Any]:
    """Return the key of the recipe that a backbone has otherwise."""
    return {"normalization": backbone.normalization} if backbone and backbone.normalization else {}


def _network_skip_reason(paper: ResolvedPaper, backbone: Backbone | None, arm: Arm, entry: DatasetEntry) -> str | None:
    return None if backbone is None else network_skip_reason(backbone, arm, paper.recipe, entry)


def _split_skip_reason(paper: ResolvedPaper, arm: Arm, entry: DatasetEntry) -> str | None:
    """Say why the protocol can't divide the data set; what only the images tell is found when a run starts."""
    if entry.counts is None or entry.source.draws_splits:
        return None
    return paper.protocol.skip_reason(bool(arm.grid), entry.classes, entry.counts)


def _unavailable_reason(dataset: str, entry: DatasetEntry, backbone: Backbone | None, data: Path) -> str | None:
    """Say which images or weights are not available and what to do; None if all are."""
    reason = missing_reason(dataset, entry, data)
    source = weights_model(backbone.model) if backbone and backbone.weights == "imagenet" else None
    if reason or source is None or weights_file(data, source).exists():
        return reason
    return f"ImageNet weights not available: run `medattn fetch --weights {source}`"
