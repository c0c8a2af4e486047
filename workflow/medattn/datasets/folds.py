"""Folds of cross-validation: stratified by class, with whole patients, the same for every arm."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from medattn.errors import UserError
from medattn.seeding import derive_seed
from medattn.sources.pixels.source_data import Labels


def assign_folds(
    labels: Labels,
    groups: Sequence[str] | None,
    folds: int,
    seed: int,
    classes: Sequence[str] | None = None,
    key: str = "protocol.folds",
) -> npt.NDArray[np.int64]:
    """Assign each image to the fold in which it validates.

    Every class needs at least as many images as there are folds (and, with patients, at least two of them),
    so each training part contains every class; scikit-learn would only warn.

    Args:
        labels: int64, (N,).
        groups: the patient of each image, kept in one fold; None where unknown.
        folds: number of folds, 2 or more.
        seed: seed of the assignment.
        classes: class names for messages; default: the labels.
        key: configuration key that sets the number of folds, for messages.

    Returns:
        int64, (N,), values 0 to folds - 1.

    Raises:
        UserError: a class has fewer images than folds, or a training part lacks a class.
    """
    # Imported here because most runs have no folds, and scikit-learn takes as long to import as PyTorch.
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    names = list(classes) if classes is not None else [str(label) for label in range(int(labels.max(initial=0)) + 1)]
    _check_classes(labels, folds, names, key)
    # scikit-learn takes seeds of 32 bits.
    state = derive_seed(seed, "folds") % 2**32
    splitter = (StratifiedKFold if groups is None else StratifiedGroupKFold)(folds, shuffle=True, random_state=state)
    if groups is not None and (patients := len(set(groups))) < folds:
        one = patients == 1
        remedy = "images of one patient can't be divided; add patients" if one else f"use at most {patients} folds"
        raise UserError(f"{key}: {patients} {'patient' if one else 'patients'} cannot fill {folds} folds; {remedy}")
    assigned = np.empty(len(labels), dtype=np.int64)
    for fold, (_, held_out) in enumerate(splitter.split(np.zeros(len(labels)), labels, groups)):
        assigned[held_out] = fold
    _check_parts(labels, assigned, folds, names, key)
    return assigned


def _check_classes(labels: Labels, folds: int, names: Sequence[str], key: str) -> None:
    counts = {label: int(count) for label, count in enumerate(np.bincount(labels, minlength=len(names))) if count}
    label, least = min(counts.items(), key=lambda item: item[1], default=(0, folds))
    if least < folds:
        has = f"{least} training image{'' if least == 1 else 's'}"
        fewer = (
            f"use at most {least} folds or add images" if least > 1 else "add images: two folds need two of each class"
        )
        raise UserError(f"{key}: class '{names[label]}' has {has}, too few for {folds} folds; {fewer}")


def _check_parts(labels: Labels, assigned: npt.NDArray[np.int64], folds: int, names: Sequence[str], key: str) -> None:
    for fold in range(folds):
        if not np.any(assigned == fold):
            raise UserError(f"{key}: fold {fold} would be empty; {_fewer(folds)}")
        skipped = np.setdiff1d(labels, labels[assigned != fold])
        if len(skipped):
            raise UserError(
                f"{key}: all patients of class '{names[skipped[0]]}' fall into fold {fold}: "
                f"its training part lacks the class; {_fewer(folds)}"
            )


def _fewer(folds: int) -> str:
    """Return what to do where the images don't fill the folds: two is the smallest number of folds."""
    return (
        f"use fewer folds than {folds} or add images of more patients" if folds > 2 else "add images of more patients"
    )
