"""Writing of a figure as SVG and PNG, with its data as CSV and its caption for the report."""

from collections.abc import Sequence

from medattn.config.resolved import ResolvedPaper
from medattn.files import write_text
from medattn.render.captions import figure_caption, write_caption
from medattn.render.figures.drawing import drawer
from medattn.render.figures.style import save, style, write_at_foot
from medattn.render.inputs import Inputs
from medattn.text_formats import csv_of


def write_figure(inputs: Inputs, paper: ResolvedPaper, name: str, duplicates: Sequence[str] = ()) -> None:
    """Write figures/<name>.svg, .png and .csv and captions/<name>.rst.

    Args:
        inputs: results of the earlier stages.
        paper: the paper that declares the figure.
        name: name of the figure in paper.yaml.
        duplicates: a sentence for each data set that has duplicated images, without full stop.
    """
    declared = paper.figures[name]
    with style():
        drawing = drawer(declared.kind)(inputs, paper, declared)
        write_at_foot(drawing.figure, " ".join(drawing.unseen))
        save(drawing.figure, inputs.results.figures, name)
    write_text(inputs.results.figures / f"{name}.csv", csv_of(drawing.numbers))
    note = [f"{declared.note}."] if declared.note else []
    facts = [*note, *drawing.facts, *drawing.unseen]
    caption = figure_caption(inputs, declared.title, facts, drawing.datasets, duplicates)
    write_caption(inputs, name, caption)
