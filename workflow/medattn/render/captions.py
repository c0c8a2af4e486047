"""Captions that say what a number is: metric, n, seeds, tests, correction, stand-ins and duplicates.

The words stand in report/table.rst and report/figure.rst; here they get their numbers. A caption is plain
prose without markup: the same text serves reStructuredText, Markdown and LaTeX.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from medattn.compare.inputs import rows_of_paper
from medattn.compare.permutation_test import TEST
from medattn.config.models.metrics import METRICS
from medattn.config.models.paper import Mark
from medattn.config.resolved import ResolvedPaper
from medattn.files import write_text
from medattn.render.inputs import Inputs, arm_label
from medattn.render.tables.table_model import TableModel

TEMPLATES = Path(__file__).parent.parent.parent / "report"


def table_caption(inputs: Inputs, paper: ResolvedPaper, model: TableModel, duplicates: Sequence[str] = ()) -> str:
    """Return the caption of a table.

    Args:
        inputs: what was measured and compared.
        paper: the table's paper.
        model: the table.
        duplicates: sentences, without full stops, about images that stand more than once.
    """
    positions = [position for row in model.rows for position in row.positions]
    published_marks = {mark for p in positions if p.published for mark in p.published.marks}
    return _filled(
        "table.rst",
        title=_sentence(model.declared.title),
        metrics=[METRICS[metric].words for metric in model.declared.metrics if METRICS[metric].measured],
        costs=[METRICS[metric].words for metric in model.declared.metrics if not METRICS[metric].measured],
        positive=_positive(model),
        unit={"percent": "in percent", "fraction": "as fractions"}[model.declared.unit],
        note=model.declared.note,
        published=bool(model.published_columns),
        published_marks=", ".join(sorted(published_marks)),
        measured_epochs=paper.protocol.needed_epochs,
        protocol=str(paper.protocol),
        single=paper.protocol.column_title,
        first_seed=inputs.seeds[0],
        n_seeds=len(inputs.seeds),
        seeds=listed_seeds(inputs.seeds),
        marks=[_mark(paper, mark) for mark in model.declared.marks if {mark.arm, mark.against} <= paper.arms.keys()],
        classifiers=any(arm.classifier for arm in paper.arms.values()),
        stand_ins=_stand_ins(inputs, model.datasets),
        duplicates=list(duplicates),
        **_tests(inputs, paper, model),
    )


def figure_caption(
    inputs: Inputs, title: str, facts: Sequence[str], datasets: Iterable[str], duplicates: Sequence[str] = ()
) -> str:
    """Return the caption of a figure.

    Args:
        inputs: what was measured.
        title: the figure's title.
        facts: sentences of the figure itself.
        datasets: the data sets that it shows.
        duplicates: sentences, without full stops, about images that stand more than once.
    """
    return _filled(
        "figure.rst",
        title=_sentence(title),
        facts=list(facts),
        stand_ins=_stand_ins(inputs, datasets),
        duplicates=list(duplicates),
    )


def write_caption(inputs: Inputs, name: str, caption: str) -> None:
    """Write captions/<name>.rst, the caption that the report shows."""
    write_text(inputs.results.captions / f"{name}.rst", caption + "\n")


def written_caption(inputs: Inputs, name: str) -> str:
    """Return the caption that was written for a table or figure; empty where it is not rendered yet."""
    path = inputs.results.captions / f"{name}.rst"
    return path.read_text(encoding="utf-8").strip() if path.is_file() else ""


def listed_seeds(seeds: Sequence[int]) -> str:
    """Return "0-4" for five seeds in a row, else "0, 2, 7"."""
    if len(seeds) > 2 and list(seeds) == list(range(seeds[0], seeds[0] + len(seeds))):
        return f"{seeds[0]}-{seeds[-1]}"
    return ", ".join(str(seed) for seed in seeds)


def _tests(inputs: Inputs, paper: ResolvedPaper, model: TableModel) -> dict[str, Any]:
    rows = rows_of_paper(inputs.comparisons, paper, procedure="runs", test=TEST)
    rows = rows[rows["p"].notna() & rows["metric"].isin(model.declared.metrics)]
    families = [family for _, family in rows.groupby(["family", "metric", "class_name"])]
    tested = max(families, key=len, default=rows)
    n = int(tested["n"].max()) if len(tested) else 0
    least = float(tested["least_p"].min()) if len(tested) else 1.0
    # Were every p the least, Holm would multiply it by their number: no adjusted p can be less than this.
    least_adjusted = min(1.0, least * max(1, len(tested)))
    levels = [mark.alpha for mark in model.declared.marks]
    return {
        "comparisons": len(tested),
        "n_pairs": n,
        "least_p": f"{least:.3g}",
        "least_adjusted": f"{least_adjusted:.3g}",
        "unreachable": bool(levels and n and least_adjusted >= max(levels)),
    }


def _positive(model: TableModel) -> str:
    """Return the positive class, where the table has a metric that needs one."""
    needed = any(METRICS[metric].classes == "positive" for metric in model.declared.metrics)
    return (model.declared.positive_class or "") if needed else ""


def _mark(paper: ResolvedPaper, mark: Mark) -> dict[str, object]:
    """Return a mark with the labels of its arms."""
    return {**mark.model_dump(), "arm": arm_label(paper, mark.arm), "against": arm_label(paper, mark.against)}


def _stand_ins(inputs: Inputs, datasets: Iterable[str]) -> list[str]:
    return [inputs.dataset_title(dataset) for dataset in datasets if inputs.is_stand_in(dataset)]


def _sentence(title: str) -> str:
    return title if title.endswith((".", "?", "!")) else f"{title}."


def _filled(template: str, **values: Any) -> str:
    # Plain prose, not HTML: escaping would put entities into the text.
    loader = FileSystemLoader(TEMPLATES)
    environment = Environment(loader=loader, undefined=StrictUndefined, autoescape=False)  # noqa: S701
    return " ".join(environment.get_template(template).render(**values).split())
