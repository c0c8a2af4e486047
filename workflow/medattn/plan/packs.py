"""Packing runs into jobs."""

from collections.abc import Mapping

from medattn.files import sha256_of_value
from medattn.plan.model import Cell, Pack, Run


def pack_runs(cells: Mapping[str, Cell], runs: Mapping[str, Run], size: int, across_cells: bool) -> dict[str, Pack]:
    """Pack the runs of cells that can be run into jobs of at most `size` runs of one stage.

    A pack holds runs of one cell or, with `across_cells`, of several cells of one paper on one data set. Its name
    ends with a hash of its runs, so a pack of the same name is always the same work.
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
