"""Rendering all tables and figures of a selection, or those that are named."""

from collections.abc import Mapping, Sequence

from medattn.config.resolved import ResolvedPaper
from medattn.errors import UserError
from medattn.layout import complexity_table
from medattn.render.figures.write_figures import write_figure
from medattn.render.inputs import Inputs
from medattn.render.tables.complexity_table import write_complexity_table
from medattn.render.tables.statistics_table import write_statistics_table
from medattn.render.tables.write_tables import write_table
from medattn.suggestions import unknown_name


def render(
    inputs: Inputs,
    tables: Sequence[str] | None = None,
    figures: Sequence[str] | None = None,
) -> list[str]:
    """Write tables and figures with their captions.

    Args:
        inputs: what was measured and compared.
        tables: names of tables; None for all.
        figures: names of figures; None for all.

    Returns:
        The names of what was written.

    Raises:
        UserError: no paper of the selection has a table or figure of a given name.
    """
    known_tables = {name: paper for paper in inputs.configuration.papers for name in paper.tables}
    known_statistics = {name: paper for paper in inputs.configuration.papers for name in paper.statistics}
    known_figures = {name: paper for paper in inputs.configuration.papers for name in paper.figures}
    known_costs = {complexity_table(paper.name): paper for paper in inputs.configuration.papers}
    # Costs are counted by a command of their own: all tables are those that there is something for.
    counted = list(known_costs) if inputs.results.complexity.is_file() else []
    made = {**known_tables, **known_statistics}
    chosen_tables = _chosen("table", tables, {**made, **known_costs}, [*made, *counted])
    chosen_figures = _chosen("figure", figures, known_figures, list(known_figures))
    for name in chosen_tables:
        if name in known_costs:
            write_complexity_table(inputs, known_costs[name].name)
        elif name in known_statistics:
            write_statistics_table(inputs, known_statistics[name], name)
        else:
            write_table(inputs, known_tables[name], name, _sentences(inputs, known_tables[name]))
    for name in chosen_figures:
        write_figure(inputs, known_figures[name], name, _sentences(inputs, known_figures[name]))
    return chosen_tables + chosen_figures


def _chosen(
    kind: str, names: Sequence[str] | None, known: Mapping[str, ResolvedPaper], everything: list[str]
) -> list[str]:
    for name in names or []:
        if name not in known:
            raise UserError(unknown_name(kind, name, known))
    return everything if names is None else list(names)


def _sentences(inputs: Inputs, paper: ResolvedPaper) -> list[str]:
    return [
        f"{inputs.dataset_title(dataset)}: {sentence}"
        for dataset in paper.datasets
        for sentence in inputs.duplicates(dataset)
    ]
