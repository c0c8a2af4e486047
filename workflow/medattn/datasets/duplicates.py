"""Duplicate images of a data set, found by the hash of their pixels.

Official data sets contain duplicates. They are counted and named, never removed: the published values include them.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from medattn.sources.pixels.source_data import Split

_SETS_NAMED = 10
_MEMBERS_NAMED = 4


def find_duplicates(splits: Mapping[str, Split]) -> dict[str, Any]:
    """Find the images with equal pixels.

    Args:
        splits: splits by name, in the order train, val, test.

    Returns:
        A JSON value: `sets` (a list of sets of equal images, each a list of members with split, index, label and,
        where the original names each image, `image`) and counts: `repeated_images` (images that repeat an earlier
        one), `two_labels` (sets with conflicting labels), `within` (repetitions inside each split), `between` (for
        "train/test" and so on: images of the second split that are also in the first, and the number of these with
        another label).
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
    """Describe the duplicates in sentences without full stops; none where no image is a duplicate.

    Args:
        duplicates: result of `find_duplicates`.
        splits: number of images of each split.
    """
    sentences = []
    for pair, shared in duplicates["between"].items():
        first, second = pair.split("/")
        if shared["images"]:
            other = f" ({shared['other_label']} with another label)" if shared["other_label"] else ""
            verb = "is" if shared["images"] == 1 else "are"
            sentences.append(f"{shared['images']} of {splits[second]} {second} images {verb} also in {first}{other}")
    for name, count in duplicates["within"].items():
        if count:
            repeats = "repeats" if count == 1 else "repeat"
            sentences.append(f"{count} of {splits[name]} {name} images {repeats} another one of {name}")
    if duplicates["two_labels"]:
        have = "image has" if duplicates["two_labels"] == 1 else "images have"
        sentences.append(f"{duplicates['two_labels']} {have} conflicting labels")
    return sentences


def duplicate_lines(duplicates: Mapping[str, Any], classes: Sequence[str], where: str) -> list[str]:
    """Name the duplicates, a line for each set of equal images; of many sets, the first.

    Args:
        duplicates: result of `find_duplicates`.
        classes: names in the order of the labels.
        where: the file that lists all sets.
    """
    sets = duplicates["sets"]
    lines = [f"the same image: {_members(members, classes)}" for members in sets[:_SETS_NAMED]]
    more = len(sets) - len(lines)
    if more:
        lines.append(f"{more} more {'image has' if more == 1 else 'images have'} duplicates, see {where}")
    return lines


def without_names(duplicates: Mapping[str, Any]) -> dict[str, Any]:
    """Return the duplicates without the names of the original, which a prepared data set does not contain."""
    kept = [[{key: member[key] for key in ("split", "index", "label")} for member in s] for s in duplicates["sets"]]
    return {**duplicates, "sets": kept}


def _members(members: Sequence[Mapping[str, Any]], classes: Sequence[str]) -> str:
    named = ", ".join(_called(member, classes) for member in members[:_MEMBERS_NAMED])
    more = len(members) - _MEMBERS_NAMED
    return f"{named} and {more} more" if more > 0 else named


def _called(member: Mapping[str, Any], classes: Sequence[str]) -> str:
    name = member.get("image") or f"image {member['index']}"
    return f"{name} ({member['split']}, {classes[member['label']]})"


def _by_pixels(splits: Mapping[str, Split]) -> dict[bytes, list[dict[str, Any]]]:
    found: dict[bytes, list[dict[str, Any]]] = {}
    for name, split in splits.items():
        for index, (image, label) in enumerate(zip(split.images, split.labels, strict=True)):
            member: dict[str, Any] = {"split": name, "index": index, "label": int(label)}
            if split.names is not None:
                member["image"] = split.names[index]
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
