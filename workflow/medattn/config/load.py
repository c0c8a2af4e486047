"""Reading a selection with the papers and data sets that it names, resolved and checked across files."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

from medattn.config.classifiers import CLASSIFIER_OPTIONS
from medattn.config.dataset import DatasetEntry
from medattn.config.mechanisms import is_block_mechanism, mechanism_options
from medattn.config.networks import check_backbone
from medattn.config.paper import Arm, Backbone, Experiment, Figure, Paper, Table, Unrun
from medattn.config.placement import EVERYWHERE
from medattn.config.protocol import PROTOCOLS, AnyProtocol
from medattn.config.recipe import Recipe
from medattn.config.references import check_name, check_references
from medattn.config.selection import PaperSelection, Selection
from medattn.config.validation import below, validated
from medattn.config.yaml_files import read_yaml
from medattn.errors import UserError
from medattn.nearest import unknown_name

M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")

REGISTRY = Path(__file__).parent.parent / "datasets" / "registry.yaml"
NO_BACKBONE = "none"


@dataclass(frozen=True)
class ResolvedPaper:
    """A paper, or one experiment of it, as a selection takes it: names picked, keys changed, everything checked.

    Attributes:
        name: name of the paper's folder.
        experiment: name of the experiment; empty where the paper is one.
        paper: the paper as its folder says.
        datasets: names of the data sets.
        backbones: networks by name, without `none`.
        arms: arms by name.
        unrun: rows that the paper prints and nobody can run; none where the selection picks backbones or arms.
        recipe: recipe with the changes of experiment and selection.
        protocol: protocol with the changes of experiment and selection.
        tables: the tables that show it, by name.
        figures: the figures that show it, by name.
    """

    name: str
    experiment: str
    paper: Paper
    datasets: tuple[str, ...]
    backbones: Mapping[str, Backbone]
    arms: Mapping[str, Arm]
    unrun: tuple[Unrun, ...]
    recipe: Recipe
    protocol: AnyProtocol
    tables: Mapping[str, Table]
    figures: Mapping[str, Figure]

    def trains(self, dataset: str, backbone: str, arm: str) -> bool:
        """Return whether an arm is trained with a backbone (`none` for classifiers on pixels) on a data set."""
        declared = self.arms[arm]
        if dataset not in (declared.datasets or self.datasets):
            return False
        if backbone == NO_BACKBONE or declared.classifier:
            return backbone == NO_BACKBONE and declared.classifier is not None
        return arm in (self.backbones[backbone].arms or self.arms) and backbone in (
            declared.backbones or self.backbones
        )


@dataclass(frozen=True)
class Configuration:
    """A whole resolved configuration."""

    selection: Selection
    papers: tuple[ResolvedPaper, ...]  # an entry for each experiment of each paper
    datasets: Mapping[str, DatasetEntry]


def read_configuration(path: Path, root: Path) -> Configuration:
    """Read the selection at `path` with its papers from `root`/papers.

    Raises:
        UserError: one line for the first thing that is wrong in any of the files.
    """
    return resolve(read_yaml(path), root, str(path))


def resolve(raw: Mapping[str, Any], root: Path, where: str) -> Configuration:
    """Resolve a selection that was read from `where` with its papers from `root`/papers.

    Raises:
        UserError: one line for the first thing that is wrong in any of the files.
    """
    selection = validated(Selection, raw, where)
    datasets = _datasets(selection, where)
    papers = tuple(
        resolved
        for name, changes in selection.papers.items()
        for resolved in _experiments(name, changes, root / "papers", datasets, below(where, "papers"))
    )
    return Configuration(selection, papers, datasets)


@cache
def registered_datasets() -> Mapping[str, DatasetEntry]:
    """Return the entries of the data set registry by name."""
    return {name: validated(DatasetEntry, raw, f"{REGISTRY.name}: {name}") for name, raw in read_yaml(REGISTRY).items()}


def read_paper(name: str, papers: Path, where: str) -> Paper:
    """Read papers/<name>/paper.yaml.

    Raises:
        UserError: there is no such paper, or its file is wrong; names the nearest paper.
    """
    known = [path.parent.name for path in papers.glob("*/paper.yaml")]
    if name not in known:
        raise UserError(f"{where}: {unknown_name('paper', name, known)}")
    path = papers / name / "paper.yaml"
    paper = validated(Paper, read_yaml(path), str(path))
    check_references(paper, registered_datasets(), str(path))
    for experiment, declared in _declared(paper):
        _experiment(name, paper, experiment, declared, str(path))
    return paper


def _datasets(selection: Selection, where: str) -> dict[str, DatasetEntry]:
    entries = dict(registered_datasets())
    for name, changes in selection.datasets.items():
        place = below(where, "datasets", name)
        if name in entries:
            entries[name] = _changed(entries[name], changes, place)
        elif "source" in changes:
            entries[name] = validated(DatasetEntry, changes, place)
        else:
            sentence = unknown_name("data set", name, entries)
            raise UserError(f"{below(where, 'datasets')}: {sentence} (your own needs the key 'source')")
    return entries


def _declared(paper: Paper) -> list[tuple[str, Experiment]]:
    """Return the experiments by name; a paper without any is one experiment without a name."""
    return list(paper.experiments.items()) or [("", Experiment(datasets=paper.datasets))]


def _experiment(name: str, paper: Paper, experiment: str, declared: Experiment, path: str) -> ResolvedPaper:
    """Return an experiment as the paper's file says, without a selection."""
    change, where = declared.change, below(path, "experiments", experiment, "change") if experiment else path
    recipe = _changed(paper.recipe, change.recipe, below(where, "recipe"))
    protocol = _changed_protocol(paper.protocol, change.protocol, below(where, "protocol"))
    _check_epochs(recipe, protocol, where)
    backbones = {
        key: _changed(paper.backbones[key], change.backbones.get(key, {}), below(where, "backbones", key))
        for key in declared.backbones or paper.backbones
    }
    arms = {
        key: _changed(paper.arms[key], change.arms.get(key, {}), below(where, "arms", key))
        for key in declared.arms or paper.arms
    }
    for key, backbone in backbones.items():
        _check_backbone(backbone, below(where if key in change.backbones else path, "backbones", key))
    for key, arm in arms.items():
        _check_arm(arm, recipe, protocol, below(path, "arms", key))
    return ResolvedPaper(
        name,
        experiment,
        paper,
        tuple(declared.datasets),
        backbones,
        arms,
        tuple(paper.unrun),
        recipe,
        protocol,
        {key: table for key, table in paper.tables.items() if (table.experiment or "") == experiment},
        {key: figure for key, figure in paper.figures.items() if (figure.experiment or "") == experiment},
    )


def _experiments(
    name: str, taken: PaperSelection, papers: Path, datasets: Mapping[str, DatasetEntry], above: str
) -> Iterator[ResolvedPaper]:
    """Yield the experiments of a paper that the selection takes, with its changes."""
    paper, where = read_paper(name, papers, above), below(above, name)
    for experiment in taken.experiments or []:
        check_name("experiment", experiment, paper.experiments, below(where, "experiments"))
    declared = [(key, value) for key, value in _declared(paper) if key in (taken.experiments or [key])]
    everywhere = dict.fromkeys(dataset for _, value in declared for dataset in value.datasets)
    for dataset in taken.datasets or []:
        check_name("data set", dataset, datasets, below(where, "datasets"))
        if dataset not in everywhere and len(declared) > 1:
            raise UserError(
                f"{below(where, 'datasets')}: no experiment of the paper has '{dataset}'; name under 'experiments' "
                f"the one that shall take it: {', '.join(key for key, _ in declared)}"
            )
    _check_picked("backbone", {**paper.backbones, **taken.extra_backbones}, taken.backbones, below(where, "backbones"))
    _check_picked("arm", {**paper.arms, **taken.extra_arms}, taken.arms, below(where, "arms"))
    path = str(papers / name / "paper.yaml")
    for key, value in declared:
        resolved = _taken(_experiment(name, paper, key, value, path), taken, len(declared) == 1, where)
        if resolved.datasets and resolved.arms:
            yield resolved


def _taken(whole: ResolvedPaper, taken: PaperSelection, only_one: bool, where: str) -> ResolvedPaper:
    """Return what a selection takes of an experiment, with its changes."""
    recipe = _changed(whole.recipe, taken.recipe, below(where, "recipe"))
    protocol = _changed_protocol(whole.protocol, taken.protocol, below(where, "protocol"))
    _check_epochs(recipe, protocol, where)
    for name, backbone in taken.extra_backbones.items():
        _check_backbone(backbone, below(where, "extra_backbones", name))
        for arm_name in backbone.arms or []:
            place = below(where, "extra_backbones", name, "arms")
            check_name("arm", arm_name, {**whole.paper.arms, **taken.extra_arms}, place)
    backbones = _picked(whole.backbones, taken.extra_backbones, taken.backbones)
    arms = _picked(whole.arms, taken.extra_arms, taken.arms)
    for name, arm in arms.items():
        key = "extra_arms" if name in taken.extra_arms else "arms"
        _check_arm(arm, recipe, protocol, below(where, key, name))
    names = whole.datasets
    if taken.datasets is not None:
        names = tuple(name for name in taken.datasets if only_one or name in whole.datasets)
    all_rows = taken.backbones is None and taken.arms is None
    return replace(
        whole,
        datasets=names,
        backbones=backbones,
        arms=arms,
        unrun=whole.unrun if all_rows else (),
        recipe=recipe,
        protocol=protocol,
    )


def _changed(model: M, changes: Mapping[str, Any], where: str) -> M:
    return validated(type(model), _merged(model.model_dump(exclude_unset=True), changes), where)


def _changed_protocol(old: AnyProtocol, changes: Mapping[str, Any], where: str) -> AnyProtocol:
    """Return a protocol with some keys changed; another `kind` replaces it as a whole."""
    kind = changes.get("kind", old.kind)
    if kind == old.kind:
        return _changed(old, changes, where)
    if kind not in PROTOCOLS:
        raise UserError(f"{below(where, 'kind')}: {unknown_name('kind', str(kind), PROTOCOLS)}")
    return validated(PROTOCOLS[kind], changes, where)


def _merged(old: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(old)
    for key, value in changes.items():
        before = merged.get(key)
        if isinstance(value, Mapping) and isinstance(before, Mapping):
            same = value.get("kind", before.get("kind")) == before.get("kind")
            merged[key] = _merged(before, value) if same else value
        else:
            merged[key] = value
    return merged


def _picked(own: Mapping[str, T], extra: Mapping[str, T], names: list[str] | None) -> dict[str, T]:
    both = {**own, **extra}
    return {name: value for name, value in both.items() if names is None or name in names or name in extra}


def _check_picked(kind: str, valid: Mapping[str, object], names: list[str] | None, where: str) -> None:
    for name in names or []:
        check_name(kind, name, valid, where)


def _check_epochs(recipe: Recipe, protocol: AnyProtocol, where: str) -> None:
    if protocol.needed_epochs > recipe.epochs:
        raise UserError(
            f"{below(where, 'protocol', 'measured_epochs')}: measures {protocol.needed_epochs} epochs, "
            f"but recipe.epochs trains only {recipe.epochs}"
        )


def _check_backbone(backbone: Backbone, where: str) -> None:
    size = backbone.input_size if backbone.stem == "imagenet" else None
    check_backbone(backbone.model, backbone.options, backbone.weights, size, where)


def _check_arm(arm: Arm, recipe: Recipe, protocol: AnyProtocol, where: str) -> None:
    for grid_point in _corners(arm):
        changed, _ = arm_settings(arm, recipe, grid_point, where)
        if protocol.needed_epochs > changed.epochs:
            raise UserError(
                f"{below(where, 'grid', 'recipe.epochs')}: trains only {changed.epochs} epochs, "
                f"but protocol.measured_epochs measures {protocol.needed_epochs}"
            )
    _check_placement(arm, where)


def _check_placement(arm: Arm, where: str) -> None:
    if arm.placement == EVERYWHERE or is_block_mechanism(arm.mechanism):
        return
    what = "the arm has no mechanism" if arm.mechanism == "none" else f"'{arm.mechanism}' works on the images"
    raise UserError(f"{below(where, 'placement')}: {what}, so nothing is placed in the network; remove the key")


def _corners(arm: Arm) -> list[dict[str, Any]]:
    """Return grid points that together hold every value of the arm's grid at least once."""
    longest = max((len(values) for values in arm.grid.values()), default=1)
    return [{key: values[min(i, len(values) - 1)] for key, values in arm.grid.items()} for i in range(longest)]


def arm_settings(arm: Arm, recipe: Recipe, grid_point: Mapping[str, Any], where: str) -> tuple[Recipe, dict[str, Any]]:
    """Return the recipe and the full options (defaults filled in) of an arm at one point of its grid.

    Raises:
        UserError: a key or value of the options or of the grid is wrong.
    """
    model = _options_model(arm, where)
    valid = [f"recipe.{key}" for key in Recipe.model_fields]
    valid += [f"options.{key}" for key in model.model_fields] if model else []
    parts: dict[str, dict[str, Any]] = {"recipe": {}, "options": {}}
    for key, value in grid_point.items():
        if key not in valid:
            raise UserError(f"{below(where, 'grid')}: {unknown_name('key', key, valid)}")
        head, _, tail = key.partition(".")
        parts[head][tail] = value
    changed = _changed(recipe, parts["recipe"], below(where, "grid", "recipe"))
    if model is None:
        if arm.options:
            raise UserError(f"{below(where, 'options')}: the mechanism 'none' has no options")
        return changed, {}
    in_grid = {key: below(where, "grid", f"options.{key}") for key in parts["options"]}
    options = validated(model, {**arm.options, **parts["options"]}, below(where, "options"), in_grid)
    return changed, options.model_dump()


def _options_model(arm: Arm, where: str) -> type[BaseModel] | None:
    if arm.classifier:
        return CLASSIFIER_OPTIONS[arm.classifier]
    if arm.mechanism == "none":
        return None
    try:
        return mechanism_options(arm.mechanism)
    except UserError as error:
        raise UserError(f"{below(where, 'mechanism')}: {error}") from error
