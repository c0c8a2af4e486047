"""The table of rankings, rankings.csv: arms ranked over the data sets of an experiment, and of a whole paper.

A row is an arm. Rows that share paper, experiment, metric, class, family and backbone are one critical-difference
diagram: they repeat what belongs to it as a whole.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isnan
from typing import Any

import numpy as np
import pandas as pd

from medattn.compare.friedman import Ranking, cliques, p_against_control, rank
from medattn.compare.holm import holm
from medattn.compare.measured import Measure, Measured, Numbers, Place
from medattn.compare.pairs import families_of
from medattn.config.models.paper import Family
from medattn.config.resolved import Configuration, ResolvedPaper
from medattn.metrics.registry import METRICS

COLUMNS = [
    "paper", "experiment", "metric", "class_name", "family", "arm", "backbone", "datasets", "mean_rank",
    "critical_difference", "statistic", "p", "p_iman_davenport", "p_holm", "clique", "control", "stand_in", "left_out",
    "note",
]  # fmt: skip
"""The columns.

- paper, experiment, metric, class_name, family, backbone: which ranking; `experiment` is `all` where the data sets of
  all experiments of the paper are taken together.
- arm: the arm; its rank on a data set is that of its mean over seeds, 1 being best.
- datasets: the data sets over which it is ranked, joined by ;.
- mean_rank: mean of the arm's ranks over them; empty with fewer than two data sets, which rank nothing.
- critical_difference: Nemenyi's, at 0.05.
- statistic, p: Friedman's chi-square and its p; p_iman_davenport: that of Iman and Davenport's F.
- p_holm: p of the arm against `control`, Holm-adjusted over the arms; empty for the control.
- clique: numbers, joined by ;, of the groups that Nemenyi's test can't tell apart and to which the arm belongs (the
  bars of the diagram, 1 being the one of the best arms); empty where it is in none.
- control: the arm that the others are held against (vanilla, or what the family says).
- stand_in: whether one of the data sets is a stand-in.
- left_out: data sets without a number of every arm, and which arm lacks it; joined by ;.
- note: what a reader must know, such as why there is no test.
"""
ALL = "all"
FEW = 6
"""Data sets below which a test over data sets finds little."""


def rankings(measured: Measured, configuration: Configuration) -> pd.DataFrame:
    """Rank the arms of every family over the data sets of each experiment, and of all experiments of a paper.

    A paper's experiments are taken together where none of them shares a data set with another.
    """
    rows = [row for papers in _groups(configuration) for row in _of_papers(papers, measured)]
    return pd.DataFrame(rows, columns=COLUMNS)


def _groups(configuration: Configuration) -> Iterator[list[ResolvedPaper]]:
    by_name: dict[str, list[ResolvedPaper]] = {}
    for paper in configuration.papers:
        yield [paper]
        by_name.setdefault(paper.name, []).append(paper)
    for experiments in by_name.values():
        datasets = [dataset for paper in experiments for dataset in paper.datasets]
        if len(experiments) > 1 and len(set(datasets)) == len(datasets):
            yield experiments


@dataclass(frozen=True, eq=False)  # a paper has lists, which have no hash; a block is itself
class _Block:
    """One data set of one experiment, on which arms are ranked."""

    paper: str
    experiment: str
    dataset: str

    def place(self, backbone: str, arm: str) -> Place:
        return Place(self.paper, self.experiment, self.dataset, backbone, arm)


def _of_papers(papers: Sequence[ResolvedPaper], measured: Measured) -> Iterator[dict[str, Any]]:
    """Yield the rows of one experiment, or of several that are taken together."""
    blocks = [_Block(paper.name, paper.experiment, dataset) for paper in papers for dataset in paper.datasets]
    experiment = papers[0].experiment if len(papers) == 1 else ALL
    for name, family in families_of(papers[0]).items():
        for backbone in papers[0].backbones:
            arms = _arms(papers, family, backbone)
            if len(arms) < 2:
                continue
            places = [block.place(backbone, arm) for block in blocks for arm in arms]
            for measure in measured.measures(places):
                common = {
                    "paper": papers[0].name,
                    "experiment": experiment,
                    **measure._asdict(),
                    "family": name,
                    "backbone": backbone,
                    "control": family.against if family.against in arms else "",
                }
                yield from _ranked(common, blocks, arms, measure, measured)


def _arms(papers: Sequence[ResolvedPaper], family: Family, backbone: str) -> list[str]:
    """Return the arms of a family that every experiment trains with a backbone on one of its data sets, in order."""
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
    common: dict[str, Any], blocks: Sequence[_Block], declared: Sequence[str], measure: Measure, measured: Measured
) -> Iterator[dict[str, Any]]:
    """Yield the rows of one ranking; none where fewer than two arms have a number."""
    backbone = common["backbone"]
    numbers = {
        (block, arm): measured.numbers(block.place(backbone, arm), measure) for block in blocks for arm in declared
    }
    arms = [arm for arm in declared if any(_has_number(numbers[block, arm]) for block in blocks)]
    if len(arms) < 2:
        return
    skipped = {block: [arm for arm in arms if not _has_number(numbers[block, arm])] for block in blocks}
    whole = [block for block in blocks if not skipped[block]]
    common = {
        **common,
        "datasets": ";".join(block.dataset for block in whole),
        "stand_in": any(numbers[block, arm].stand_in for block in whole for arm in arms),
        "left_out": ";".join(
            f"{block.dataset} (no number of {', '.join(skipped[block])})" for block in blocks if skipped[block]
        ),
        "note": _note(len(whole), [arm for arm in declared if arm not in arms]),
    }
    if len(whole) < 2:
        yield from ({**common, "arm": arm} for arm in arms)
        return
    values = np.array([[numbers[block, arm].mean for arm in arms] for block in whole])
    ranking = rank(values, METRICS[measure.metric].higher_is_better)
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
        own = [str(number) for number, group in enumerate(groups, start=1) if position in group]
        yield {
            **common,
            "arm": arm,
            "mean_rank": float(ranking.mean_ranks[position]),
            "p_holm": float(against[position]),
            "clique": ";".join(own),
        }


def _has_number(numbers: Numbers) -> bool:
    return not isnan(numbers.mean)


def _note(datasets: int, absent: Sequence[str]) -> str:
    notes = [f"no number on any data set: {', '.join(absent)}"] if absent else []
    if datasets < 2:
        notes.append(f"{'one data set has' if datasets else 'no data set has'} a number of every arm: nothing to rank")
    elif datasets < FEW:
        notes.append(f"{datasets} data sets: only large differences can be found")
    return "; ".join(notes)
