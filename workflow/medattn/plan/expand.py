"""Expansion of a configuration into cells, runs and packs."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from medattn.config.models.dataset import DatasetEntry
from medattn.config.models.paper import Arm, Backbone
from medattn.config.models.seeds import SeedLooks
from medattn.config.resolved import NO_BACKBONE, Configuration, ResolvedPaper
from medattn.errors import UserError
from medattn.files import sha256_of_value
from medattn.layout import ResultPaths, prepared_dataset
from medattn.metrics.registry import METRICS
from medattn.plan.availability import KnownOriginal, identity_of_prepared, known_original, missing_reason
from medattn.plan.model import Cell, CellSettings, Pack, Plan, Run
from medattn.plan.recalled_identity import recalled_identity
from medattn.plan.run_folders import RunFolders
from medattn.plan.runs import planned_runs, runs_of_cell
from medattn.plan.skip_reasons import missing_weights_reason, network_skip_reason
from medattn.plan.stand_ins import planned_entries, taken_entries
from medattn.provenance.code import code_digest, current_sources
from medattn.provenance.package_sources import PackageSources
from medattn.suggestions import unknown_name


def make_plan(
    configuration: Configuration,
    *,
    as_if_available: bool = False,
    results: ResultPaths | None = None,
    available_as: Plan | None = None,
) -> Plan:
    """Expand a configuration into its plan.

    Finished runs are looked up in the results folder: an equal run may have finished in the folder of another cell.

    Args:
        configuration: the configuration.
        as_if_available: plan as if all images and weights were available.
        results: the results folder; None for that of the configuration.
        available_as: the plan in the results folder, to take availability, stand-ins and the identity of images of the
            user's own from, instead of this machine.
    """
    selection = configuration.selection
    results = results or results_of(configuration)
    folders = RunFolders(results)
    if available_as is None:
        cells = _all_cells(configuration, _entries(configuration, folders, results), results, as_if_available)
    else:
        planned_as = available_as.cells
        entries = planned_entries(available_as, configuration)
        cells = _all_cells(configuration, entries, results, as_if_available=True, as_planned=True)
        cells = {name: _available_as(cell, planned_as.get(name)) for name, cell in cells.items()}
    _check_cells_with_looks(configuration, cells)
    planned = map(folders.located, planned_runs(cells, selection.seeds_of))
    runs = {run.id: run for run in planned}
    packs = _packs(cells, runs, selection.pack, selection.pack_across_cells)
    return Plan(selection.selection, configuration.selection.model_dump(mode="json"), cells, runs, packs)


def _available_as(cell: Cell, planned: Cell | None) -> Cell:
    """Return a cell that is as available as in another plan."""
    is_absent = cell.missing is None and planned is not None and planned.missing is not None
    return replace(cell, missing=planned.missing) if is_absent and planned else cell


def results_of(configuration: Configuration) -> ResultPaths:
    """Return the paths of the results of a configuration."""
    return ResultPaths(Path(configuration.selection.results) / configuration.selection.selection)


def _entries(configuration: Configuration, folders: RunFolders, results: ResultPaths) -> dict[str, DatasetEntry]:
    """Return the entries of all data sets, with stand-ins where images are not available.

    A data set with finished runs keeps its entry: its numbers stay when its images are moved away.
    """
    entries = taken_entries(configuration)
    used = {name for paper in configuration.papers for name in paper.datasets}
    for name, real in configuration.datasets.items():
        if name in used and entries[name].stand_in and not real.stand_in:
            cells = _all_cells(configuration, {**entries, name: real}, results).values()
            runs = (
                run
                for cell in cells
                if cell.dataset == name
                for run in runs_of_cell(cell, configuration.selection.seeds_of(cell.id))
            )
            if any(folders.has_finished_anywhere(run) for run in runs):
                entries[name] = real
    return entries


def _all_cells(
    configuration: Configuration,
    entries: Mapping[str, DatasetEntry],
    results: ResultPaths,
    as_if_available: bool = False,
    as_planned: bool = False,
) -> dict[str, Cell]:
    data = Path(configuration.selection.data)
    sources = current_sources()
    originals = {
        name: _original(name, entries[name], data, results.plan, as_planned)
        for name in dict.fromkeys(name for paper in configuration.papers for name in paper.datasets)
    }
    cells = (_cells(paper, entries, data, originals, as_if_available, sources) for paper in configuration.papers)
    return {cell.id: cell for of_paper in cells for cell in of_paper}


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
    originals: Mapping[str, KnownOriginal],
    as_if_available: bool,
    sources: PackageSources,
) -> Iterator[Cell]:
    for dataset in paper.datasets:
        entry = entries[dataset]
        original = originals[dataset]
        identity = original.identity or identity_of_prepared(dataset, entry, data)
        prepared = prepared_dataset(data, dataset, identity)
        no_images = missing_reason(dataset, entry, data, prepared) or original.problem
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
                or (None if as_if_available else no_images or missing_weights_reason(backbone, data)),
                prepared=str(prepared),
                tables=tables,
                settings=_settings(paper, backbone, arm, entry, identity, sources),
                metrics=_metrics(paper, tables, entry.ordinal),
                classes=tuple(entry.classes),
            )


def _original(name: str, entry: DatasetEntry, data: Path, frozen: Path, as_planned: bool) -> KnownOriginal:
    """Return the identity of a data set by its original, else by the frozen plan, and what is wrong with the original.

    The frozen plan goes first where the original is gone: what else is prepared may be other images of the same name.
    With `as_planned`, it goes before an original that can change, too.
    """
    if as_planned and entry.source.can_change and (recalled := recalled_identity(name, entry, frozen)):
        return KnownOriginal(recalled)
    known = known_original(name, entry, data)
    return known if known.identity else replace(known, identity=recalled_identity(name, entry, frozen))


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
    entry: DatasetEntry,
    identity: str,
    sources: PackageSources,
) -> CellSettings:
    normalization = backbone.normalization if backbone else None
    return CellSettings(
        backbone=backbone.model_copy(update={"label": "", "arms": None, "normalization": None}) if backbone else None,
        arm=arm.model_copy(update={"label": "", "datasets": None, "backbones": None, "placebos": []}),
        recipe=paper.recipe.model_copy(update={"normalization": normalization}) if normalization else paper.recipe,
        protocol=paper.protocol,
        entry_sha256=identity,
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
