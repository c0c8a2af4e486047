"""Reading a selection with the papers and data sets that it names, resolved and checked across files."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

from medattn.config.classifiers import CLASSIFIER_OPTIONS
from medattn.config.dataset import DatasetEntry
from medattn.config.mechanisms import mechanism_options
from medattn.config.networks import check_backbone
from medattn.config.paper import Arm, Backbone, Paper, Unrun
from medattn.config.protocol import Protocol
from medattn.config.recipe import Recipe
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
    """A paper as a selection takes it: names picked, keys changed, everything checked.

    Attributes:
        name: name of the paper's folder.
        paper: the paper as its folder says.
        datasets: names of the data sets.
        backbones: networks by name, without `none`.
        arms: arms by name.
        unrun: rows that the paper prints and nobody can run; none where the selection picks backbones or arms.
        recipe: recipe with the selection's changes.
        protocol: protocol with the selection's changes.
    """

    name: str
    paper: Paper
    datasets: tuple[str, ...]
    backbones: Mapping[str, Backbone]
    arms: Mapping[str, Arm]
    unrun: tuple[Unrun, ...]
    recipe: Recipe
    protocol: Protocol


@dataclass(frozen=True)
class Configuration:
    """A whole resolved configuration."""

    selection: Selection
    papers: tuple[ResolvedPaper, ...]
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
        _paper(name, changes, root / "papers", datasets, below(where, "papers"))
        for name, changes in selection.papers.items()
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
    for dataset in paper.datasets:
        _check_name("data set", dataset, registered_datasets(), below(str(path), "datasets"))
    _check_epochs(paper.recipe, paper.protocol, str(path))
    for backbone_name, backbone in paper.backbones.items():
        _check_backbone(backbone, below(str(path), "backbones", backbone_name))
    for arm_name, arm in paper.arms.items():
        _check_arm(arm, paper.recipe, paper.protocol, below(str(path), "arms", arm_name))
    _check_references(paper, str(path))
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


def _paper(
    name: str, taken: PaperSelection, papers: Path, datasets: Mapping[str, DatasetEntry], above: str
) -> ResolvedPaper:
    paper = read_paper(name, papers, above)
    where = below(above, name)
    recipe = _changed(paper.recipe, taken.recipe, below(where, "recipe"))
    protocol = _changed(paper.protocol, taken.protocol, below(where, "protocol"))
    _check_epochs(recipe, protocol, where)
    for backbone_name, backbone in taken.extra_backbones.items():
        _check_backbone(backbone, below(where, "extra_backbones", backbone_name))
        for arm_name in backbone.arms or []:
            place = below(where, "extra_backbones", backbone_name, "arms")
            _check_name("arm", arm_name, {**paper.arms, **taken.extra_arms}, place)
    backbones = _picked("backbone", paper.backbones, taken.extra_backbones, taken.backbones, below(where, "backbones"))
    arms = _picked("arm", paper.arms, taken.extra_arms, taken.arms, below(where, "arms"))
    for arm_name, arm in arms.items():
        key = "extra_arms" if arm_name in taken.extra_arms else "arms"
        _check_arm(arm, recipe, protocol, below(where, key, arm_name))
    names = tuple(taken.datasets or paper.datasets)
    for dataset in names:
        _check_name("data set", dataset, datasets, below(where, "datasets"))
    unrun = tuple(paper.unrun) if taken.backbones is None and taken.arms is None else ()
    return ResolvedPaper(name, paper, names, backbones, arms, unrun, recipe, protocol)


def _changed(model: M, changes: Mapping[str, Any], where: str) -> M:
    return validated(type(model), _merged(model.model_dump(exclude_unset=True), changes), where)


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


def _picked(
    kind: str, own: Mapping[str, T], extra: Mapping[str, T], names: list[str] | None, where: str
) -> dict[str, T]:
    both = {**own, **extra}
    if names is None:
        return both
    for name in names:
        _check_name(kind, name, both, where)
    return {name: value for name, value in both.items() if name in names or name in extra}


def _check_name(kind: str, name: str, valid: Mapping[str, object], where: str) -> None:
    if name not in valid:
        raise UserError(f"{where}: {unknown_name(kind, name, valid)}")


def _check_epochs(recipe: Recipe, protocol: Protocol, where: str) -> None:
    if protocol.measured_epochs > recipe.epochs:
        raise UserError(
            f"{below(where, 'protocol', 'measured_epochs')}: measures {protocol.measured_epochs} epochs, "
            f"but recipe.epochs trains only {recipe.epochs}"
        )


def _check_backbone(backbone: Backbone, where: str) -> None:
    size = backbone.input_size if backbone.stem == "imagenet" else None
    check_backbone(backbone.model, backbone.options, backbone.weights, size, where)


def _check_arm(arm: Arm, recipe: Recipe, protocol: Protocol, where: str) -> None:
    for grid_point in _corners(arm):
        changed, _ = arm_settings(arm, recipe, grid_point, where)
        if protocol.measured_epochs > changed.epochs:
            raise UserError(
                f"{below(where, 'grid', 'recipe.epochs')}: trains only {changed.epochs} epochs, "
                f"but protocol.measured_epochs measures {protocol.measured_epochs}"
            )


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


def _check_references(paper: Paper, where: str) -> None:
    backbones = {*paper.backbones, NO_BACKBONE, *(row.backbone for row in paper.unrun)}
    for name, backbone in paper.backbones.items():
        for arm in backbone.arms or []:
            _check_name("arm", arm, paper.arms, below(where, "backbones", name, "arms"))
    for name, table in paper.tables.items():
        for position, mark in enumerate(table.marks):
            for key, arm in (("arm", mark.arm), ("against", mark.against)):
                _check_name("arm", arm, paper.arms, below(where, "tables", name, "marks", str(position), key))
    for name, figure in paper.figures.items():
        if figure.arm is not None:
            _check_name("arm", figure.arm, paper.arms, below(where, "figures", name, "arm"))
        if figure.backbone is not None:
            _check_name(
                "backbone",
                figure.backbone,
                dict.fromkeys(backbones),
                below(where, "figures", name, "backbone"),
            )
