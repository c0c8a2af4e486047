"""Captions of tables and figures: metrics, seeds, tests, correction, stand-in images and duplicated images.

The text is in the templates workflow/report/table.rst and figure.rst; this module fills in the values. Captions are
plain prose without markup, because the same text is used in reStructuredText, Markdown, LaTeX and HTML.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from medattn.compare.test_result import PRIMARY_TEST
from medattn.config.models.paper import Mark
from medattn.config.resolved import ResolvedPaper
from medattn.files import write_text
from medattn.metrics.registry import METRICS
from medattn.reading import read_text
from medattn.render.inputs import Inputs, arm_label
from medattn.render.tables.marks import GLYPHS, mark_name
from medattn.render.tables.paper_table import PaperTable
from medattn.result_tables import rows_of_paper
from medattn.shipped import SHIPPED
from medattn.text_formats import from_rst_text, to_rst_text

TEMPLATES = SHIPPED / "workflow" / "report"


def table_caption(inputs: Inputs, paper: ResolvedPaper, table: PaperTable, duplicates: Sequence[str] = ()) -> str:
    """Return the caption of a table.

    Args:
        inputs: results of the earlier stages.
        paper: the paper that declares the table.
        table: the table.
        duplicates: sentences about duplicated images, without full stops.
    """
    entries = [entry for row in table.rows for entry in row.entries]
    published_marks = {mark for entry in entries if entry.published for mark in entry.published.marks}
    return _filled(
        "table.rst",
        title=_sentence(table.declared.title),
        metrics=[METRICS[metric].words for metric in table.declared.metrics if METRICS[metric].measured],
        costs=[METRICS[metric].words for metric in table.declared.metrics if not METRICS[metric].measured],
        positive=_positive(table),
        unit={"percent": "in percent", "fraction": "as fractions"}[table.declared.unit],
        note=table.declared.note,
        published=bool(table.published_columns),
        published_marks=", ".join(sorted(published_marks)),
        measured_epochs=paper.protocol.needed_epochs,
        protocol=str(paper.protocol),
        procedure=paper.protocol.column_title.lower(),
        first_seed=inputs.seeds[0],
        n_seeds=len(inputs.seeds),
        looks=len(inputs.configuration.selection.looks),
        seeds=listed_seeds(inputs.seeds, inputs.configuration.selection.most_seeds),
        marks=[_mark(paper, mark) for mark in table.declared.marks if {mark.arm, mark.against} <= paper.arms.keys()],
        classifiers=any(arm.classifier for arm in paper.arms.values()),
        stand_ins=_stand_ins(inputs, table.datasets),
        duplicates=list(duplicates),
        **_tests(inputs, paper, table),
    )


def figure_caption(
    inputs: Inputs, title: str, facts: Sequence[str], datasets: Iterable[str], duplicates: Sequence[str] = ()
) -> str:
    """Return the caption of a figure.

    Args:
        inputs: results of the earlier stages.
        title: the figure's title.
        facts: sentences that explain the figure.
        datasets: the data sets that it shows.
        duplicates: sentences about duplicated images, without full stops.
    """
    return _filled(
        "figure.rst",
        title=_sentence(title),
        facts=list(facts),
        stand_ins=_stand_ins(inputs, datasets),
        duplicates=list(duplicates),
    )


def write_caption(inputs: Inputs, name: str, caption: str) -> None:
    """Write captions/<name>.rst, which the report reads."""
    write_text(inputs.results.captions / f"{name}.rst", caption_source(caption) + "\n")


def caption_source(caption: str) -> str:
    """Return a caption as reStructuredText that stays as it is where Snakemake fills it in as a template of Jinja."""
    # Expressions start with {{, {% or {#. A brace at the start is escaped already.
    return re.sub(r"(?<!\A\\)\{|(?<=\{)[%#]", r"\\\g<0>", to_rst_text(caption))


def written_caption(inputs: Inputs, name: str) -> str:
    """Read the caption of a table or figure; empty if it is not rendered yet."""
    path = inputs.results.captions / f"{name}.rst"
    return from_rst_text(read_text(path).strip()) if path.is_file() else ""


def listed_seeds(seeds: Sequence[int], most: int = 0) -> str:
    """Return "0-4" for three or more consecutive seeds, else a list such as "0, 2, 7".

    Args:
        seeds: the seeds.
        most: largest number of seeds of a cell, if some cells are at a later look.
    """
    if most > len(seeds):
        return f"{listed_seeds(seeds)} (some cells: up to {most - 1})"
    if len(seeds) > 2 and list(seeds) == list(range(seeds[0], seeds[0] + len(seeds))):
        return f"{seeds[0]}-{seeds[-1]}"
    return ", ".join(str(seed) for seed in seeds)


def _tests(inputs: Inputs, paper: ResolvedPaper, table: PaperTable) -> dict[str, Any]:
    rows = rows_of_paper(inputs.comparisons, paper, procedure="runs", test=PRIMARY_TEST)
    rows = rows[rows["p"].notna() & rows["metric"].isin(table.declared.metrics)]
    families = [family for _, family in rows.groupby(["family", "metric", "class_name"])]
    tested = max(families, key=len, default=rows)
    n = int(tested["n"].max()) if len(tested) else 0
    return {"comparisons": len(tested), "n_pairs": n}


def _positive(table: PaperTable) -> str:
    """Return the positive class, or an empty text if no metric of the table needs one."""
    needed = any(METRICS[metric].classes == "positive" for metric in table.declared.metrics)
    return (table.declared.positive_class or "") if needed else ""


def _mark(paper: ResolvedPaper, mark: Mark) -> dict[str, object]:
    """Return the fields of a mark with the labels of its arms and its looks."""
    labels = {"arm": arm_label(paper, mark.arm), "against": arm_label(paper, mark.against)}
    look = {"look": {"bold": "Bold", "star": "Star"}[mark.sign], "worse": GLYPHS[mark_name(mark.sign, is_worse=True)]}
    return {**mark.model_dump(), **labels, **look}


def _stand_ins(inputs: Inputs, datasets: Iterable[str]) -> list[str]:
    return [inputs.dataset_title(dataset) for dataset in datasets if inputs.is_stand_in(dataset)]


def _sentence(title: str) -> str:
    return title if title.endswith((".", "?", "!")) else f"{title}."


def _filled(template: str, **values: Any) -> str:
    # Captions are plain text; escaping would insert HTML entities.
    loader = FileSystemLoader(TEMPLATES)
    environment = Environment(loader=loader, undefined=StrictUndefined, autoescape=False)  # noqa: S701
    return " ".join(environment.get_template(template).render(**values).split())
