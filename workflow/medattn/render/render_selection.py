"""Rendering of the tables and figures of a selection."""

from collections.abc import Mapping, Sequence

from medattn.config.resolved import ResolvedPaper
from medattn.errors import UserError
from medattn.layout import complexity_table
from medattn.render.inputs import Inputs
from medattn.render.tables.complexity_table import write_complexity_table
from medattn.render.tables.dataset_statistics_table import write_dataset_statistics
from medattn.render.tables.write_table import write_table
from medattn.suggestions import unknown_name


def render(
    inputs: Inputs,
    tables: Sequence[str] | None = None,
    figures: Sequence[str] | None = None,
) -> list[str]:
    """Write tables and figures with their captions.

    Args:
        inputs: results of the earlier stages.
        tables: names of tables; None for all.
        figures: names of figures; None for all.

    Returns:
        The names of the tables and figures that were written.

    Raises:
        UserError: no paper of the selection has a table or figure of a given name.
    """
    known_tables = {name: paper for paper in inputs.configuration.papers for name in paper.tables}
    known_statistics = {name: paper for paper in inputs.configuration.papers for name in paper.statistics}
    known_figures = {name: paper for paper in inputs.configuration.papers for name in paper.figures}
    known_costs = {complexity_table(paper.name): paper for paper in inputs.configuration.papers}
    # Costs are counted by a separate command, so their tables are rendered by default only if complexity.csv exists.
    counted = list(known_costs) if inputs.results.complexity.is_file() else []
    measured = {**known_tables, **known_statistics}
    chosen_tables = _chosen("table", tables, {**measured, **known_costs}, [*measured, *counted])
    chosen_figures = _chosen("figure", figures, known_figures, list(known_figures))
    for name in chosen_tables:
        if name in known_costs:
            write_complexity_table(inputs, known_costs[name].name)
        elif name in known_statistics:
            write_dataset_statistics(inputs, known_statistics[name], name)
        else:
            write_table(inputs, known_tables[name], name, _duplicates(inputs, known_tables[name]))
    if chosen_figures:
        from medattn.render.figures.write_figure import write_figure  # imports matplotlib, which tables do not need
    for name in chosen_figures:
        write_figure(inputs, known_figures[name], name, _duplicates(inputs, known_figures[name]))
    return chosen_tables + chosen_figures


def _chosen(
    kind: str, names: Sequence[str] | None, known: Mapping[str, ResolvedPaper], everything: list[str]
) -> list[str]:
    for name in names or []:
        if name not in known:
            raise UserError(unknown_name(kind, name, known))
    return everything if names is None else list(names)


def _duplicates(inputs: Inputs, paper: ResolvedPaper) -> list[str]:
    return [
        f"{inputs.dataset_title(dataset)}: {sentence}"
        for dataset in paper.datasets
        for sentence in inputs.duplicates(dataset)
    ]
