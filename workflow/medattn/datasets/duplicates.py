"""Images that stand more than once in a data set, found by the hash of their pixels.

Official data sets do hold them. They are counted and named, never removed: the published numbers include
them.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

from medattn.datasets.source import Split


def find_duplicates(splits: Mapping[str, Split]) -> dict[str, Any]:
    """Find the images with equal pixels.

    Args:
        splits: splits by name, in the order train, val, test.

    Returns:
        A JSON value: `sets` (a list of sets of equal images, each a list of members with split, index and
        label) and
        counts: `repeated_images` (images that repeat one before them), `two_labels` (sets under more than
        one label), `within` (repetitions inside each split), `between` (for "train/test" and so on: images
        of the second split whose pixels stand in the first one as well, and how many of these under another
        label).
    """
    sets = [members for members in _by_pixels(splits).values() if len(members) > 1]
    names = list(splits)
    return {
        "repeated_images": sum(len(members) - 1 for members in sets),
        "two_labels": sum(len({m["label"] for m in members}) > 1 for members in sets),
        "within": {name: sum(_repetitions(members, name) for members in sets) for name in names},
        "between": {
            f"{first}/{second}": _shared(sets, first, second)
            for position, first in enumerate(names)
            for second in names[position + 1 :]
        },
        "sets": sets,
    }


def duplicate_sentences(duplicates: Mapping[str, Any], splits: Mapping[str, int]) -> list[str]:
    """Say in a sentence each what `find_duplicates` found; nothing where no image stands twice.

    Args:
        duplicates: what `find_duplicates` returned.
        splits: number of images of each split.
    """
    sentences = []
    for pair, shared in duplicates["between"].items():
        first, second = pair.split("/")
        if shared["images"]:
            other = f" ({shared['other_label']} under another label)" if shared["other_label"] else ""
            stands = "stands" if shared["images"] == 1 else "stand"
            sentences.append(f"{shared['images']} of {splits[second]} {second} images also {stands} in {first}{other}")
    for name, count in duplicates["within"].items():
        if count:
            repeats = "repeats" if count == 1 else "repeat"
            sentences.append(f"{count} of {splits[name]} {name} images {repeats} another one of {name}")
    if duplicates["two_labels"]:
        stands = "image stands" if duplicates["two_labels"] == 1 else "images stand"
        sentences.append(f"{duplicates['two_labels']} {stands} under more than one label")
    return sentences


def _by_pixels(splits: Mapping[str, Split]) -> dict[bytes, list[dict[str, Any]]]:
    found: dict[bytes, list[dict[str, Any]]] = {}
    for name, split in splits.items():
        for index, (image, label) in enumerate(zip(split.images, split.labels, strict=True)):
            member = {"split": name, "index": index, "label": int(label)}
            found.setdefault(hashlib.sha256(image.tobytes()).digest(), []).append(member)
    return found


def _repetitions(members: list[dict[str, Any]], split: str) -> int:
    return max(0, [member["split"] for member in members].count(split) - 1)


def _shared(sets: list[list[dict[str, Any]]], first: str, second: str) -> dict[str, int]:
    images = other_label = 0
    for members in sets:
        labels = {member["label"] for member in members if member["split"] == first}
        again = [member for member in members if member["split"] == second]
        if labels:
            images += len(again)
            other_label += sum(labels != {member["label"]} for member in again)
    return {"images": images, "other_label": other_label}
