"""What is written in each field of a table, before a format decorates it."""

from dataclasses import dataclass

from medattn.render.numbers import Number, Printed
from medattn.render.tables import NOT_PRINTED, STAND_IN, Position, TableModel

DASH = "—"
PRINTED, EPOCHS, RUNS = "Printed", "Epochs", "Runs"


@dataclass(frozen=True)
class Field:
    """The text of one field, how it is shown, and the signs of its footnotes."""

    text: str
    bold: bool = False
    star: bool = False
    notes: tuple[str, ...] = ()


def columns(model: TableModel) -> list[tuple[str, str]]:
    """Return the columns right of the labels: data set and kind of number."""
    return [
        (dataset, kind)
        for dataset in model.datasets
        for kind in (PRINTED, EPOCHS, RUNS)
        if kind != PRINTED or dataset in model.printed_datasets
    ]


def fields(model: TableModel, positions: tuple[Position, ...]) -> list[Field]:
    """Return the fields of one row, in the order of `columns`."""
    of_dataset = {position.dataset: position for position in positions}
    return [_field(model, of_dataset[dataset], kind) for dataset, kind in columns(model)]


def _field(model: TableModel, position: Position, kind: str) -> Field:
    if kind == PRINTED:
        return _printed(model, position.printed)
    decimals = model.declared.decimals
    number = position.epochs if kind == EPOCHS else position.runs
    notes = (model.sign_of(position.reason),) if position.reason else ()
    if number is None:
        return Field(DASH, notes=notes)
    if kind == EPOCHS:
        # A first seed that went well needs no note about the others; the number over runs does.
        notes, text = (), _mean_and_spread(number, decimals)
    else:
        text = _over_runs(number, decimals)
    stand_in = (STAND_IN,) if position.stand_in else ()
    return Field(text, "bold" in number.marks, "star" in number.marks, (*notes, *stand_in))


def _printed(model: TableModel, printed: Printed | None) -> Field:
    if printed is None:
        return Field(DASH, notes=(model.sign_of(NOT_PRINTED),))
    text = f"{printed.mean}({printed.sd})" if printed.sd else printed.mean
    return Field(text, "bold" in printed.marks, "star" in printed.marks)


def _mean_and_spread(number: Number, decimals: int) -> str:
    mean = f"{number.mean:.{decimals}f}"
    return mean if number.sd is None else f"{mean}({number.sd:.{decimals}f})"


def _over_runs(number: Number, decimals: int) -> str:
    spread = "" if number.sd is None else f" ± {number.sd:.{decimals}f}"
    return f"{number.mean:.{decimals}f}{spread} ({number.n})"
