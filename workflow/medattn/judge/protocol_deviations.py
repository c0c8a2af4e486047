"""Deviations of a selection from the paper's procedure. A verdict is only given on the paper's procedure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from medattn.config.arms import arm_settings
from medattn.config.models.facts import Facts
from medattn.config.models.paper import Arm, Backbone
from medattn.config.models.recipe import Recipe
from medattn.config.networks.catalog import network_options
from medattn.config.overrides import differing_keys, override_keys
from medattn.config.resolved import Configuration, ResolvedPaper
from medattn.judge.subject import Subject

_NOT_PROCEDURE = {"path", "stand_in", "ordinal"}
"""Keys of a data set that locate its images, that another check covers, or that add a metric."""
_NOT_TRAINING = {"label", "arms", "backbones", "datasets"}
"""Keys of an arm or backbone that name it or select its combinations."""
_OPEN_IN_EVERY_PAPER = ("recipe.precision", "recipe.threads", "protocol.split_seed", "protocol.tune")
"""Keys that no paper specifies."""


def deviation(configuration: Configuration, paper: ResolvedPaper, subject: Subject, facts: Facts) -> str:
    """Return the keys of a subject that deviate from the paper's procedure, as a reason; empty if none does."""
    free = (*facts.left_open, *_OPEN_IN_EVERY_PAPER)
    keys = [key for key in _changes(configuration, paper, subject) if not _is_among(key, free)]
    return f"the selection changes {', '.join(keys)}, so this is not the paper's procedure" if keys else ""


def reading(configuration: Configuration, paper: ResolvedPaper, subject: Subject, facts: Facts) -> str:
    """Return the changed keys that the paper leaves open, as a remark; empty if none is changed."""
    keys = [key for key in _changes(configuration, paper, subject) if _is_among(key, facts.left_open)]
    return f"another reading of choices that the paper leaves open: {', '.join(keys)}" if keys else ""


def _changes(configuration: Configuration, paper: ResolvedPaper, subject: Subject) -> Iterator[str]:
    """Yield every key of a subject whose value differs from the one in paper.yaml or in the declared data set."""
    selection, whole = configuration.selection, paper.paper
    taken = selection.papers[paper.name]
    declared = paper.declared_override
    yield from paper.changed_procedure
    for kind, name, extra, own, changes in (
        ("arms", subject.arm, taken.extra_arms, whole.arms, declared.arms),
        ("backbones", subject.backbone, taken.extra_backbones, whole.backbones, declared.backbones),
    ):
        if name not in extra:
            continue
        where = f"{kind}.{name}"
        if name not in own:
            yield where
            continue
        before = override_keys(own[name], changes.get(name, {}), where)
        recipe = paper.declared_recipe
        yield from differing_keys(where, _training_keys(before, recipe), _training_keys(extra[name], recipe))
    changed = selection.datasets.get(subject.dataset, {})
    for key in sorted(set(changed) - _NOT_PROCEDURE):
        if key == "source":
            yield from _source_changes(configuration, subject.dataset, changed[key])
        else:
            yield f"datasets.{subject.dataset}.{key}"


def _training_keys(part: Arm | Backbone, recipe: Recipe) -> dict[str, Any]:
    """Return the keys of an arm or backbone that decide its training, its options with their defaults filled in."""
    keys = part.model_dump(mode="json", exclude=_NOT_TRAINING)
    if isinstance(part, Arm):
        return {**keys, "options": arm_settings(part, recipe, {}, "arms")[1]}
    return {**keys, "options": network_options(part.model, part.options, "backbones")}


def _source_changes(configuration: Configuration, dataset: str, options: Mapping[str, object]) -> Iterator[str]:
    """Yield the options of a data set's source that differ from the registry, or from the paper's declaration."""
    declared = configuration.declared_datasets.get(dataset)
    before = declared.source.model_dump(mode="json") if declared else {}
    yield from (f"datasets.{dataset}.source.{key}" for key in sorted(options) if options[key] != before.get(key))


def _is_among(key: str, free: Sequence[str]) -> bool:
    """Return whether a key is one of the free keys, or a part of one."""
    parts = key.split(".")
    return any(_matches(parts, name.split(".")) for name in free)


def _matches(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    return len(pattern) <= len(parts) and all(
        wanted in ("*", part) for part, wanted in zip(parts, pattern, strict=False)
    )
