"""The experiments of a paper: as declared in its file, and as chosen and overridden by a selection."""

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TypeVar

from medattn.config.arms import check_arm, check_varied
from medattn.config.cross_references import check_copied_classes, check_extra_figures, check_name
from medattn.config.models.dataset import DatasetEntry
from medattn.config.models.paper import Arm, Backbone, Experiment, Paper
from medattn.config.models.recipe import Recipe
from medattn.config.models.selection import PaperSelection
from medattn.config.networks.catalog import check_backbone
from medattn.config.networks.small_stems import no_small_stem, small_stem_paths
from medattn.config.overrides import override_keys, override_protocol_keys
from medattn.config.placebos import with_placebos
from medattn.config.resolved import ResolvedPaper
from medattn.config.validation import below
from medattn.errors import UserError
from medattn.protocols.base import MeasurementProtocol

T = TypeVar("T")


def _declared(paper: Paper) -> list[tuple[str, Experiment]]:
    """Return the experiments by name; a paper without experiments is one experiment with an empty name."""
    return list(paper.experiments.items()) or [("", Experiment(datasets=paper.datasets))]


def _experiment(name: str, paper: Paper, experiment: str, declared: Experiment, path: str) -> ResolvedPaper:
    """Return an experiment as declared by the paper, without a selection."""
    change, where = declared.override, below(path, "experiments", experiment, "override") if experiment else path
    recipe = override_keys(paper.recipe, change.recipe, below(where, "recipe"))
    protocol = override_protocol_keys(paper.protocol, change.protocol, below(where, "protocol"))
    _check_epochs(recipe, protocol, where)
    backbones = {
        key: override_keys(paper.backbones[key], change.backbones.get(key, {}), below(where, "backbones", key))
        for key in declared.backbones or paper.backbones
    }
    arms = {
        key: override_keys(paper.arms[key], change.arms.get(key, {}), below(where, "arms", key))
        for key in declared.arms or paper.arms
    }
    arms = with_placebos(arms, [], below(path, "arms"))
    for key, backbone in backbones.items():
        _check_backbone(backbone, below(where if key in change.backbones else path, "backbones", key))
    for key, arm in arms.items():
        check_arm(arm, recipe, protocol, below(path, "arms", key))
    figures = {key: figure for key, figure in paper.figures.items() if (figure.experiment or "") == experiment}
    for key, figure in figures.items():
        check_varied(figure, arms, recipe, below(path, "figures", key))
    return ResolvedPaper(
        name,
        experiment,
        paper,
        tuple(declared.datasets),
        backbones,
        arms,
        recipe,
        protocol,
        {key: table for key, table in paper.tables.items() if (table.experiment or "") == experiment},
        {key: table for key, table in paper.statistics.items() if (table.experiment or "") == experiment},
        figures,
        tuple(paper.metrics),
    )


def check_experiments(name: str, paper: Paper, path: str) -> None:
    """Check that every experiment that a paper declares in the file at `path` can be trained and measured.

    Raises:
        UserError: a key of an experiment is invalid.
    """
    for experiment, declared in _declared(paper):
        _experiment(name, paper, experiment, declared, path)


def selected_experiments(
    name: str, paper: Paper, path: str, selected: PaperSelection, datasets: Mapping[str, DatasetEntry], where: str
) -> Iterator[ResolvedPaper]:
    """Yield the experiments of a paper that a selection contains, with its overrides.

    Args:
        name: name of the paper.
        paper: the paper, read from the file at `path`.
        path: path of the paper's file.
        selected: choices and overrides of the selection.
        datasets: all data sets by name.
        where: file and path of `selected`.

    Raises:
        UserError: a name or an overridden key of the selection is invalid.
    """
    for experiment in selected.experiments or []:
        check_name("experiment", experiment, paper.experiments, below(where, "experiments"))
    declared = [(key, value) for key, value in _declared(paper) if key in (selected.experiments or [key])]
    everywhere = dict.fromkeys(dataset for _, value in declared for dataset in value.datasets)
    for dataset in selected.datasets or []:
        check_name("data set", dataset, datasets, below(where, "datasets"))
        if dataset not in everywhere and len(declared) > 1:
            raise UserError(
                f"{below(where, 'datasets')}: no experiment of the paper has '{dataset}'; choose the one to run on it "
                f"under 'experiments': {', '.join(key for key, _ in declared)}"
            )
    _check_picked(
        "backbone", {**paper.backbones, **selected.extra_backbones}, selected.backbones, below(where, "backbones")
    )
    arms = with_placebos({**paper.arms, **selected.extra_arms}, selected.placebos, below(where, "arms"))
    _check_picked("arm", arms, selected.arms, below(where, "arms"))
    for key, arm in selected.extra_arms.items():
        if arm.placebo_of is not None:
            check_name("arm", arm.placebo_of, arms, below(where, "extra_arms", key, "placebo_of"))
    valid: dict[str, Iterable[str]] = {"experiment": paper.experiments, "arm": arms, "data set": datasets}
    valid["backbone"] = {**paper.backbones, **selected.extra_backbones}
    check_extra_figures(selected.extra_figures, valid, below(where, "extra_figures"))
    for key, value in declared:
        resolved = _selected(_experiment(name, paper, key, value, path), selected, datasets, len(declared) == 1, where)
        if resolved.datasets and resolved.arms:
            yield resolved


def _selected(
    whole: ResolvedPaper,
    selected: PaperSelection,
    datasets: Mapping[str, DatasetEntry],
    only_one: bool,
    where: str,
) -> ResolvedPaper:
    """Return an experiment with the choices and overrides of a selection."""
    recipe = override_keys(whole.recipe, selected.recipe, below(where, "recipe"))
    protocol = override_protocol_keys(whole.protocol, selected.protocol, below(where, "protocol"))
    _check_epochs(recipe, protocol, where)
    for name, backbone in selected.extra_backbones.items():
        _check_backbone(backbone, below(where, "extra_backbones", name))
        for arm_name in backbone.arms or []:
            place = below(where, "extra_backbones", name, "arms")
            check_name("arm", arm_name, {**whole.arms, **whole.paper.arms, **selected.extra_arms}, place)
    backbones = _picked(whole.backbones, selected.extra_backbones, selected.backbones, whole.paper.backbones)
    arms = _picked_arms(whole, selected, below(where, "arms"))
    for name, arm in arms.items():
        key = "extra_arms" if name in selected.extra_arms else "arms"
        check_arm(arm, recipe, protocol, below(where, key, name))
    extra_figures = {
        name: figure for name, figure in selected.extra_figures.items() if (figure.experiment or "") == whole.experiment
    }
    for name, figure in extra_figures.items():
        check_varied(figure, arms, recipe, below(where, "extra_figures", name))
    names = whole.datasets
    if selected.datasets is not None:
        names = tuple(name for name in selected.datasets if only_one or name in whole.datasets)
    check_copied_classes(recipe, {name: datasets[name] for name in names}, below(where, "recipe"))
    return replace(
        whole,
        datasets=names,
        backbones=backbones,
        arms=arms,
        recipe=recipe,
        protocol=protocol,
        figures={**whole.figures, **extra_figures},
        metrics=(*whole.metrics, *selected.extra_metrics),
    )


def _picked(
    own: Mapping[str, T], extra: Mapping[str, T], names: list[str] | None, of_paper: Container[str]
) -> dict[str, T]:
    """Return the chosen backbones or arms of an experiment; extra ones replace those of the same name.

    An extra one with a name that the paper uses belongs to the experiments with that name; others belong to all.
    """
    both = {**own, **{name: value for name, value in extra.items() if name in own or name not in of_paper}}
    return {name: value for name, value in both.items() if names is None or name in names or name in extra}


def _picked_arms(whole: ResolvedPaper, selected: PaperSelection, where: str) -> dict[str, Arm]:
    """Return the chosen arms of an experiment, each followed by its placebos."""
    own = {name: arm for name, arm in whole.arms.items() if name in whole.paper.arms}
    arms = with_placebos(_picked(own, selected.extra_arms, None, whole.paper.arms), selected.placebos, where)
    if selected.arms is None:
        return arms
    chosen = {*selected.arms, *selected.extra_arms}
    return {name: arm for name, arm in arms.items() if name in chosen or arm.placebo_of in chosen}


def _check_picked(kind: str, valid: Mapping[str, object], names: list[str] | None, where: str) -> None:
    for name in names or []:
        check_name(kind, name, valid, where)


def _check_epochs(recipe: Recipe, protocol: MeasurementProtocol, where: str) -> None:
    if protocol.needed_epochs > recipe.epochs:
        raise UserError(
            f"{below(where, 'protocol', 'measured_epochs')}: measures {protocol.needed_epochs} epochs, "
            f"but recipe.epochs trains only {recipe.epochs}"
        )


def _check_backbone(backbone: Backbone, where: str) -> None:
    size = backbone.input_size if backbone.stem == "imagenet" else None
    check_backbone(backbone.model, backbone.options, backbone.weights, size, where)
    if backbone.stem == "small" and small_stem_paths(backbone.model) is None:
        raise UserError(f"{below(where, 'stem')}: {no_small_stem(backbone.model)}")
