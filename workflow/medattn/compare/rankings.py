"""rankings.csv: arms ranked over the data sets of an experiment, and over those of a whole paper."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from medattn.compare.friedman import Ranking, cliques, p_against_control, rank
from medattn.compare.holm import holm
from medattn.compare.pairs import families_of
from medattn.config.models.paper import Family
from medattn.config.resolved import Configuration, ResolvedPaper
from medattn.measure.measured_cells import MeasuredCells, MetricKey
from medattn.metrics.registry import METRICS
from medattn.plan.model import CellKey
from medattn.result_tables import RANKINGS

ALL = "all"
"""Experiment of a ranking over the data sets of all experiments of a paper."""
FEW = 6
"""A test over fewer data sets than this finds large differences only."""


def rankings(measured: MeasuredCells, configuration: Configuration) -> pd.DataFrame:
    """Rank the arms of every family over the data sets of each experiment, and of all experiments of a paper.

    The experiments of a paper are ranked together if no two of them share a data set.
    """
    rows = [row for papers in _groups(configuration) for row in _rows_of_papers(papers, measured)]
    return pd.DataFrame(rows, columns=[*RANKINGS.columns])


def _groups(configuration: Configuration) -> Iterator[list[ResolvedPaper]]:
    """Yield each experiment alone, then the experiments of each paper that are ranked together."""
    by_name: dict[str, list[ResolvedPaper]] = {}
    for paper in configuration.papers:
        yield [paper]
        by_name.setdefault(paper.name, []).append(paper)
    for experiments in by_name.values():
        datasets = [dataset for paper in experiments for dataset in paper.datasets]
        if len(experiments) > 1 and len(set(datasets)) == len(datasets):
            yield experiments


@dataclass(frozen=True)
class _Block:
    """One data set of one experiment, on which arms are ranked."""

    paper: str
    experiment: str
    dataset: str

    def cell(self, backbone: str, arm: str) -> CellKey:
        return CellKey(self.paper, self.experiment, self.dataset, backbone, arm)


def _rows_of_papers(papers: Sequence[ResolvedPaper], measured: MeasuredCells) -> Iterator[dict[str, Any]]:
    """Yield the rows of one experiment, or of several that are ranked together."""
    blocks = [_Block(paper.name, paper.experiment, dataset) for paper in papers for dataset in paper.datasets]
    experiment = papers[0].experiment if len(papers) == 1 else ALL
    for name, family in families_of(papers[0]).items():
        for backbone in papers[0].backbones:
            arms = _arms(papers, family, backbone)
            if len(arms) < 2:
                continue
            cells = [block.cell(backbone, arm) for block in blocks for arm in arms]
            for key in measured.metric_keys(cells):
                common = {
                    "paper": papers[0].name,
                    "experiment": experiment,
                    **key._asdict(),
                    "family": name,
                    "backbone": backbone,
                    "control": family.against if family.against in arms else "",
                }
                yield from _ranked(common, blocks, arms, key, measured)


def _arms(papers: Sequence[ResolvedPaper], family: Family, backbone: str) -> list[str]:
    """Return the arms of a family that every experiment trains with the backbone, in the paper's order."""
    control = [family.against] if family.against_backbone in (None, backbone) else []
    wanted = {*family.arms, *control}
    return [
        arm
        for arm in papers[0].arms
        if arm in wanted
        and all(
            arm in paper.arms
            and backbone in paper.backbones
            and any(paper.trains(dataset, backbone, arm) for dataset in paper.datasets)
            for paper in papers
        )
    ]


def _ranked(
    common: dict[str, Any], blocks: Sequence[_Block], declared: Sequence[str], key: MetricKey, measured: MeasuredCells
) -> Iterator[dict[str, Any]]:
    """Yield the rows of one ranking; none if fewer than two arms have a value."""
    backbone = common["backbone"]
    found = {(block, arm): measured.of(block.cell(backbone, arm), key) for block in blocks for arm in declared}
    arms = [arm for arm in declared if any(found[block, arm].is_measured for block in blocks)]
    if len(arms) < 2:
        return
    unmeasured = {block: [arm for arm in arms if not found[block, arm].is_measured] for block in blocks}
    complete = [block for block in blocks if not unmeasured[block]]
    common = {
        **common,
        "datasets": ";".join(block.dataset for block in complete),
        "stand_in": any(found[block, arm].stand_in for block in complete for arm in arms),
        "left_out": ";".join(
            f"{block.dataset} (no value of {', '.join(unmeasured[block])})" for block in blocks if unmeasured[block]
        ),
        "note": _note(len(complete), [arm for arm in declared if arm not in arms]),
    }
    if len(complete) < 2:
        yield from ({**common, "arm": arm} for arm in arms)
        return
    values = np.array([[found[block, arm].mean for arm in arms] for block in complete])
    ranking = rank(values, METRICS[key.metric].higher_is_better)
    common |= {
        "critical_difference": ranking.critical_difference,
        "statistic": ranking.statistic,
        "p": ranking.p,
        "p_iman_davenport": ranking.p_iman_davenport,
    }
    yield from _rows(common, arms, ranking)


def _rows(common: dict[str, Any], arms: Sequence[str], ranking: Ranking) -> Iterator[dict[str, Any]]:
    against = np.full(len(arms), np.nan)
    if common["control"] in arms:
        against = holm(p_against_control(ranking, arms.index(common["control"])))
    groups = cliques(ranking)
    for position, arm in enumerate(arms):
        joined = [str(number) for number, group in enumerate(groups, start=1) if position in group]
        yield {
            **common,
            "arm": arm,
            "mean_rank": float(ranking.mean_ranks[position]),
            "p_holm": float(against[position]),
            "clique": ";".join(joined),
        }


def _note(datasets: int, absent: Sequence[str]) -> str:
    notes = [f"no value on any data set: {', '.join(absent)}"] if absent else []
    if datasets < 2:
        notes.append(f"{'one data set has' if datasets else 'no data set has'} a value of every arm: no ranking")
    elif datasets < FEW:
        notes.append(f"{datasets} data sets: the test finds large differences only")
    return "; ".join(notes)
