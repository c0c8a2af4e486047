"""Whether a selection still follows a paper: a verdict is about the paper's procedure, not about another one."""

from collections.abc import Iterator, Mapping, Sequence

from medattn.config.load import registered_datasets
from medattn.config.models.facts import Facts
from medattn.config.resolved import Configuration, ResolvedPaper
from medattn.judge.measured import Place

_NOT_OF_THE_PROCEDURE = {"path", "stand_in", "ordinal"}
"""Keys of a data set that say where its images lie, that are judged elsewhere, or that add a metric."""
_OPEN_EVERYWHERE = ("recipe.precision", "recipe.threads", "protocol.split_seed", "protocol.tune")
"""Keys of which no paper speaks."""


def deviation(configuration: Configuration, paper: ResolvedPaper, place: Place, facts: Facts) -> str:
    """Return what a selection does otherwise than the paper at a place, as a reason; empty where nothing."""
    free = (*facts.left_open, *_OPEN_EVERYWHERE)
    keys = [key for key in _changes(configuration, paper, place) if not _is_among(key, free)]
    return f"the selection changes {', '.join(keys)}, so this is not the paper's procedure" if keys else ""


def readings(configuration: Configuration, paper: ResolvedPaper, place: Place, facts: Facts) -> str:
    """Return which of the keys that the paper leaves open a selection changes, as a reason; empty where none."""
    keys = [key for key in _changes(configuration, paper, place) if _is_among(key, facts.left_open)]
    return f"another reading of what the paper leaves open: {', '.join(keys)}" if keys else ""


def _changes(configuration: Configuration, paper: ResolvedPaper, place: Place) -> Iterator[str]:
    selection = configuration.selection
    taken = selection.papers[paper.name]
    yield from (f"recipe.{key}" for key in taken.recipe)
    yield from (f"protocol.{key}" for key in taken.protocol)
    if place.arm in taken.extra_arms:
        yield f"arms.{place.arm}"
    if place.backbone in taken.extra_backbones:
        yield f"backbones.{place.backbone}"
    changed = selection.datasets.get(place.dataset, {})
    for key in sorted(set(changed) - _NOT_OF_THE_PROCEDURE):
        if key == "source":
            yield from _source_changes(place.dataset, changed[key])
        else:
            yield f"datasets.{place.dataset}.{key}"


def _source_changes(dataset: str, options: Mapping[str, object]) -> Iterator[str]:
    """Yield the options of a data set's source that are other than the registry's."""
    registered = registered_datasets().get(dataset)
    before = registered.source.model_dump(mode="json") if registered else {}
    yield from (f"datasets.{dataset}.source.{key}" for key in sorted(options) if options[key] != before.get(key))


def _is_among(key: str, free: Sequence[str]) -> bool:
    """Return whether a key is one of the free ones, or stands below one of them."""
    return any(key == name or key.startswith(f"{name}.") for name in free)
