"""Expansion of a configuration into cells, runs and packs."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from medattn.config.models.dataset import DatasetEntry
from medattn.config.models.paper import Arm, Backbone
from medattn.config.models.seeds import SeedLooks
from medattn.config.resolved import NO_BACKBONE, Configuration, ResolvedPaper
from medattn.errors import UserError
from medattn.files import sha256_of_value
from medattn.layout import prepared_dataset
from medattn.metrics.registry import METRICS
from medattn.plan.availability import entry_identity
from medattn.plan.model import Cell, CellSettings, Pack, Plan, Run
from medattn.plan.runs import runs_of_cell
from medattn.plan.skip_reasons import network_skip_reason, unavailable_reason
from medattn.plan.stand_ins import taken_entries
from medattn.provenance.code import PackageSources, code_digest
from medattn.suggestions import unknown_name


def make_plan(configuration: Configuration, *, as_if_available: bool = False) -> Plan:
    """Expand a configuration into its plan.

    Args:
        configuration: the configuration.
        as_if_available: plan as if all images and weights were available.
    """
    selection, entries = configuration.selection, taken_entries(configuration)
    data = Path(selection.data)
    sources = PackageSources()
    cells = {
        cell.id: cell
        for paper in configuration.papers
        for cell in _cells(paper, entries, data, as_if_available, sources)
    }
    _check_cells_with_looks(configuration, cells)
    runs = {run.id: run for cell in cells.values() for run in runs_of_cell(cell, selection.seeds_of(cell.id))}
    packs = _packs(cells, runs, selection.pack, selection.pack_across_cells)
    return Plan(selection.selection, configuration.selection.model_dump(mode="json"), cells, runs, packs)


def _check_cells_with_looks(configuration: Configuration, cells: Mapping[str, Cell]) -> None:
    """Check that every cell that `seeds.cells` names is in the plan.

    Raises:
        UserError: a cell is not; the message suggests the nearest.
    """
    seeds = configuration.selection.seeds
    for name in seeds.cells if isinstance(seeds, SeedLooks) else ():
        if name not in cells:
            raise UserError(f"seeds.cells: {unknown_name('cell', name, cells)}")


def _cells(
    paper: ResolvedPaper,
    entries: Mapping[str, DatasetEntry],
    data: Path,
    as_if_available: bool,
    sources: PackageSources,
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
                missing=_skip_reason(paper, backbone, arm, entry)
                or (None if as_if_available else unavailable_reason(dataset, entry, backbone, data)),
                prepared=str(prepared_dataset(data, dataset, entry_identity(dataset, entry))),
                tables=tables,
                settings=_settings(paper, backbone, arm, dataset, entry, sources),
                metrics=_metrics(paper, tables, entry.ordinal),
                classes=tuple(entry.classes),
            )


def _skip_reason(paper: ResolvedPaper, backbone: Backbone | None, arm: Arm, entry: DatasetEntry) -> str | None:
    """Say why a cell can't be run even with all files available, or return None if it can."""
    reason = network_skip_reason(backbone, arm, paper.recipe, entry) if backbone else None
    # What only the images tell is found when a run starts.
    if reason or entry.counts is None or entry.source.draws_splits:
        return reason
    return paper.protocol.skip_reason(bool(arm.grid), entry.classes, entry.counts)


def _pairs(paper: ResolvedPaper, dataset: str) -> Iterator[tuple[str, Backbone | None, str, Arm]]:
    """Yield backbones with their arms in the order of a table: classifiers first, then network by network."""
    for arm_name, arm in paper.arms.items():
        if paper.trains(dataset, NO_BACKBONE, arm_name):
            yield NO_BACKBONE, None, arm_name, arm
    for backbone_name, backbone in paper.backbones.items():
        for arm_name, arm in paper.arms.items():
            if paper.trains(dataset, backbone_name, arm_name):
                yield backbone_name, backbone, arm_name, arm


def _tables(paper: ResolvedPaper, dataset: str, backbone: str, arm: str) -> tuple[str, ...]:
    return tuple(name for name, table in paper.tables.items() if paper.shows(table, dataset, backbone, arm))


def _metrics(paper: ResolvedPaper, tables: tuple[str, ...], ordinal: bool) -> tuple[str, ...]:
    """Return accuracy, the metrics of the tables, extra metrics and, for ordinal classes, kappa, each once."""
    shown = [metric for name in tables for metric in paper.tables[name].metrics if METRICS[metric].measured]
    return tuple(dict.fromkeys(["accuracy", *shown, *paper.metrics, *(["kappa_quadratic"] if ordinal else [])]))


def _settings(
    paper: ResolvedPaper,
    backbone: Backbone | None,
    arm: Arm,
    dataset: str,
    entry: DatasetEntry,
    sources: PackageSources,
) -> CellSettings:
    normalization = backbone.normalization if backbone else None
    return CellSettings(
        backbone=backbone.model_copy(update={"label": "", "arms": None, "normalization": None}) if backbone else None,
        arm=arm.model_copy(update={"label": "", "datasets": None, "backbones": None, "placebos": []}),
        recipe=paper.recipe.model_copy(update={"normalization": normalization}) if normalization else paper.recipe,
        protocol=paper.protocol,
        entry_sha256=entry_identity(dataset, entry),
        code_digest=code_digest(
            None if arm.classifier else arm.mechanism,
            backbone.model if backbone else None,
            paper.protocol.kind,
            arm.placebo,
            entry.source.kind,
            None,
            sources,
        ),
        source=entry.source.kind,
    )


def _packs(cells: Mapping[str, Cell], runs: Mapping[str, Run], size: int, across_cells: bool) -> dict[str, Pack]:
    """Pack the runs of cells that can be run into jobs of at most `size` runs of one stage.

    A pack holds runs of one cell or, with `across_cells`, of several cells of one paper on one data set. Its name
    ends with a hash of its runs, and packs of the same name always have the same runs.
    """
    together: dict[tuple[str, ...], list[Run]] = {}
    for run in runs.values():
        cell = cells[run.cell]
        if cell.missing is None:
            key = (run.stage, cell.paper, cell.dataset) if across_cells else (run.stage, cell.id)
            together.setdefault(key, []).append(run)
    packs = {}
    for members in together.values():
        for start in range(0, len(members), size):
            pack = _pack(cells, members[start : start + size])
            packs[pack.id] = pack
    return packs


def _pack(cells: Mapping[str, Cell], members: list[Run]) -> Pack:
    ids = tuple(run.id for run in members)
    cell = cells[members[0].cell]
    prefix = f"{members[0].stage}.{cell.paper}.{cell.dataset}"
    return Pack(f"{prefix}.{sha256_of_value(ids)[:10]}", members[0].stage, cell.dataset, ids)
