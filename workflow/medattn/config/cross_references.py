"""Checks of names that refer to data sets of the registry or to other parts of a paper."""

from collections.abc import Iterable, Iterator, Mapping

from medattn.config.models.dataset import DatasetEntry
from medattn.config.models.figure import Figure
from medattn.config.models.paper import Paper, Table
from medattn.config.models.recipe import Recipe
from medattn.config.models.statistics import Statistics
from medattn.config.placebos import with_placebos
from medattn.config.validation import below
from medattn.errors import UserError
from medattn.suggestions import unknown_name


def check_name(kind: str, name: str, valid: Iterable[str], where: str) -> None:
    """Check that `name` is one of the valid names of its kind.

    Raises:
        UserError: the name is unknown; the message suggests the nearest.
    """
    names = list(valid)
    if name not in names:
        raise UserError(f"{where}: {unknown_name(kind, name, names)}")


def check_references(paper: Paper, datasets: Mapping[str, object], where: str) -> None:
    """Check every name in a paper that must name a data set of the registry or another part of the paper.

    Raises:
        UserError: a name is unknown (the message gives its place and the nearest valid name), or a table or figure of a
            paper with experiments names no experiment.
    """
    for kind, name, place in _names(paper):
        check_name(kind, name, _valid(kind, paper, datasets, where), below(where, *place))
    for place, shown in _shown(paper):
        if paper.experiments and shown.experiment is None:
            experiments = ", ".join(paper.experiments)
            raise UserError(f"{below(where, *place)}: the key 'experiment' is required, one of: {experiments}")


def check_extra_figures(figures: Mapping[str, Figure], valid: Mapping[str, Iterable[str]], where: str) -> None:
    """Check every name in the figures that a selection adds to a paper.

    Args:
        figures: the figures by name.
        valid: the valid names of each kind: experiment, arm, data set, backbone.
        where: file and path of the figures.

    Raises:
        UserError: a name is unknown, or a figure of a paper with experiments names none.
    """
    for name, figure in figures.items():
        for kind, used, place in _names_in_figure(figure, name):
            check_name(kind, used, valid[kind], below(where, *place))
        experiments = ", ".join(valid["experiment"])
        if experiments and figure.experiment is None:
            raise UserError(f"{below(where, name)}: the key 'experiment' is required, one of: {experiments}")


def check_copied_classes(recipe: Recipe, datasets: Mapping[str, DatasetEntry], where: str) -> None:
    """Check that every data set has the classes that a recipe oversamples.

    Raises:
        UserError: a data set lacks a class; the message suggests the nearest.
    """
    for name in recipe.oversampling.classes if recipe.oversampling else []:
        for dataset, entry in datasets.items():
            place = f"{below(where, 'oversampling', 'classes')}: data set '{dataset}'"
            check_name("class", name, entry.classes, place)


def _valid(kind: str, paper: Paper, datasets: Mapping[str, object], where: str) -> Iterable[str]:
    return {
        "data set": [*datasets],
        "experiment": [*paper.experiments],
        "backbone": [*paper.backbones],
        "arm": [*with_placebos(paper.arms, [], below(where, "arms"))],
        "declared arm": [*paper.arms],
    }[kind]


def _shown(paper: Paper) -> Iterator[tuple[tuple[str, str], Table | Statistics | Figure]]:
    for name, table in paper.tables.items():
        yield ("tables", name), table
    for name, statistics in paper.statistics.items():
        yield ("statistics", name), statistics
    for name, figure in paper.figures.items():
        yield ("figures", name), figure


def _names(paper: Paper) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yield kind, name and path of every reference in a paper."""
    yield from _listed("data set", paper.datasets, "datasets")
    for name, experiment in paper.experiments.items():
        place = ("experiments", name)
        yield from _listed("data set", experiment.datasets, *place, "datasets")
        yield from _listed("backbone", experiment.backbones, *place, "backbones")
        yield from _listed("declared arm", experiment.arms, *place, "arms")
        yield from _listed("backbone", experiment.override.backbones, *place, "override", "backbones")
        yield from _listed("declared arm", experiment.override.arms, *place, "override", "arms")
    for name, backbone in paper.backbones.items():
        yield from _listed("arm", backbone.arms, "backbones", name, "arms")
    for name, arm in paper.arms.items():
        yield from _listed("data set", arm.datasets, "arms", name, "datasets")
        yield from _listed("backbone", arm.backbones, "arms", name, "backbones")
        yield from _listed("declared arm", [arm.placebo_of], "arms", name, "placebo_of")
    for name, family in paper.families.items():
        place = ("families", name)
        yield from _listed("arm", family.arms, *place, "arms")
        yield from _listed("arm", [family.against], *place, "against")
        yield from _listed("backbone", [family.against_backbone], *place, "against_backbone")
    for name, table in paper.tables.items():
        place = ("tables", name)
        yield from _listed("experiment", [table.experiment], *place, "experiment")
        yield from _listed("data set", table.datasets, *place, "datasets")
        yield from _listed("backbone", table.backbones, *place, "backbones")
        yield from _listed("arm", table.arms, *place, "arms")
        for position, mark in enumerate(table.marks):
            yield from _listed("arm", [mark.arm], *place, "marks", str(position), "arm")
            yield from _listed("arm", [mark.against], *place, "marks", str(position), "against")
    for name, statistics in paper.statistics.items():
        yield from _listed("experiment", [statistics.experiment], "statistics", name, "experiment")
        yield from _listed("data set", statistics.datasets, "statistics", name, "datasets")
    for name, figure in paper.figures.items():
        yield from _names_in_figure(figure, "figures", name)


def _names_in_figure(figure: Figure, *place: str) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    yield from _listed("experiment", [figure.experiment], *place, "experiment")
    yield from _listed("arm", [figure.arm], *place, "arm")
    yield from _listed("arm", figure.arms, *place, "arms")
    yield from _listed("data set", figure.datasets, *place, "datasets")
    yield from _listed("backbone", [figure.backbone], *place, "backbone")
    yield from _listed("backbone", figure.backbones, *place, "backbones")


def _listed(kind: str, names: Iterable[str | None] | None, *place: str) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    for name in names or []:
        if name is not None:
            yield kind, name, place
