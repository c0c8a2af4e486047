"""Placebo arms: for each kind that an arm or a selection asks for, a copy of the arm whose mechanism never learns."""

from collections.abc import Iterator, Mapping, Sequence

from pydantic import TypeAdapter, ValidationError

from medattn.closed_model import Name
from medattn.config.models.paper import Arm, Placebo
from medattn.config.validation import below
from medattn.errors import UserError

_NAME: TypeAdapter[str] = TypeAdapter(Name)
_WITHOUT_EFFECT = "options.coefficient"
"""Key of a grid that changes a mechanism's term of the loss only. A placebo has no such term."""


def placebo_name(arm: str, kind: Placebo) -> str:
    """Return the name of the placebo that the key `placebos` adds to an arm."""
    return f"{arm}-{kind}"


def with_placebos(arms: Mapping[str, Arm], kinds: Sequence[Placebo], where: str) -> dict[str, Arm]:
    """Return `arms` with their placebos, each after the arm that it belongs to.

    Args:
        arms: arms by name.
        kinds: kinds to add to each arm with a mechanism, in addition to those that the arm names. A kind that an arm
            already has as a declared arm is not added again.
        where: file and path of the arms.

    Raises:
        UserError: a placebo has the name of another arm or a name that is too long, or an arm says `placebo_of` an arm
            with another mechanism.
    """
    declared = {(arm.placebo_of, arm.placebo) for arm in arms.values()}
    added: dict[str, dict[str, Arm]] = {}
    for name, arm in arms.items():
        wanted = [*arm.placebos, *kinds] if arm.mechanism != "none" and arm.placebo is None else []
        missing = [kind for kind in dict.fromkeys(wanted) if (name, kind) not in declared]
        added[name] = dict(_placebos(name, arm, missing, where))
    for name, arm in arms.items():
        for placebo in added[name].keys() & arms.keys():
            raise UserError(f"{below(where, placebo)}: 'placebos' of '{name}' adds an arm with this name; rename one")
        partner = arms.get(arm.placebo_of or "")
        if partner is not None and (partner.placebo or partner.mechanism != arm.mechanism):
            raise UserError(
                f"{below(where, name, 'placebo_of')}: '{arm.placebo_of}' should be an arm in which '{arm.mechanism}' "
                "learns"
            )
    return {key: value for name, arm in arms.items() for key, value in ({name: arm} | added[name]).items()}


def _placebos(name: str, arm: Arm, kinds: Sequence[Placebo], where: str) -> Iterator[tuple[str, Arm]]:
    for kind in kinds:
        placebo = placebo_name(name, kind)
        try:
            _NAME.validate_python(placebo)
        except ValidationError as error:
            raise UserError(f"{below(where, name)}: the name of its placebo, '{placebo}', is too long") from error
        yield (
            placebo,
            arm.model_copy(
                update={
                    "label": f"{arm.label or name}, {kind}",
                    "placebo": kind,
                    "placebo_of": name,
                    "placebos": [],
                    "grid": {key: values for key, values in arm.grid.items() if key != _WITHOUT_EFFECT},
                    "options": _first_coefficient(arm),
                }
            ),
        )


def _first_coefficient(arm: Arm) -> dict[str, bool | int | float | str]:
    searched = arm.grid.get(_WITHOUT_EFFECT)
    return {**arm.options, "coefficient": searched[0]} if searched else dict(arm.options)
