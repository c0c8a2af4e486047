"""Deviations of a selection from the paper's procedure. A verdict is only given on the paper's procedure."""

from collections.abc import Iterator, Mapping, Sequence

from medattn.config.load import registered_datasets
from medattn.config.models.facts import Facts
from medattn.config.resolved import Configuration, ResolvedPaper
from medattn.judge.subject import Subject

_NOT_PROCEDURE = {"path", "stand_in", "ordinal"}
"""Keys of a data set that locate its images, that another check covers, or that add a metric."""
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
    selection = configuration.selection
    taken = selection.papers[paper.name]
    yield from (f"recipe.{key}" for key in taken.recipe)
    yield from (f"protocol.{key}" for key in taken.protocol)
    if subject.arm in taken.extra_arms:
        yield f"arms.{subject.arm}"
    if subject.backbone in taken.extra_backbones:
        yield f"backbones.{subject.backbone}"
    changed = selection.datasets.get(subject.dataset, {})
    for key in sorted(set(changed) - _NOT_PROCEDURE):
        if key == "source":
            yield from _source_changes(subject.dataset, changed[key])
        else:
            yield f"datasets.{subject.dataset}.{key}"


def _source_changes(dataset: str, options: Mapping[str, object]) -> Iterator[str]:
    """Yield the options of a data set's source that differ from the registry."""
    registered = registered_datasets().get(dataset)
    before = registered.source.model_dump(mode="json") if registered else {}
    yield from (f"datasets.{dataset}.source.{key}" for key in sorted(options) if options[key] != before.get(key))


def _is_among(key: str, free: Sequence[str]) -> bool:
    """Return whether a key is one of the free keys, or a part of one."""
    return any(key == name or key.startswith(f"{name}.") for name in free)
