"""Refusal of an unknown key, with the new name of a key that was renamed or the nearest valid key."""

from collections.abc import Collection, Mapping

from medattn.suggestions import unknown_name

RENAMED_KEYS: Mapping[str, str] = {
    # selection
    "pack_cells": "pack_across_cells",
    "least_runs": "min_runs",
    "widest": "max_half_width",
    "level": "alpha",
    "checkpoint_seconds": "checkpoint",
    # paper
    "change": "override",
    "optimiser": "optimizer",
    "batch": "batch_size",
    "normalise": "normalization",
    "normalisation": "normalization",
    "class_copies": "oversampling",
    "copies": "oversampling",
    "resized_crop": "random_resized_crop",
    "smallest": "scale",
    "largest": "scale",
    "aspect": "ratio",
    "mirror": "horizontal_flip",
    # data set
    "graded": "ordinal",
    "licence": "license",
    "mirror_right_eyes": "flip_right_eyes",
    # facts
    "printed": "published",
    "unprinted": "unpublished",
}
"""New names of renamed keys of the configuration."""

RENAMED_METHODS: Mapping[str, str] = {"unfit": "skip_reason"}
"""New names of renamed methods of a mechanism."""

_NEW_VALUES = {
    "checkpoint_seconds": "a number of epochs or `auto`, which saves as often as costs at most 4%",
    "smallest": "the list [smallest, largest]",
    "largest": "the list [smallest, largest]",
    "aspect": "the list [1 / aspect, aspect]",
}


def unknown_key(name: str, valid: Collection[str]) -> str:
    """Return the sentence that refuses the key `name`.

    Args:
        name: the key; of a grid, with its prefix: `recipe.batch`.
        valid: the valid keys, among which a renamed key has its new name.
    """
    prefix, dot, key = name.rpartition(".")
    new = f"{prefix}{dot}{RENAMED_KEYS.get(key, '')}"
    if key in RENAMED_KEYS and new in valid:
        value = f" and takes {_NEW_VALUES[key]}" if key in _NEW_VALUES else ""
        return f"unknown key '{name}'; its new name is '{new}'{value}"
    return unknown_name("key", name, valid)
