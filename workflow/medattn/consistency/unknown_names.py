"""Published values under names that the paper's own file does not have, which no result is ever compared with."""

from collections.abc import Iterable, Iterator, Sequence

from medattn.config.placebos import with_placebos
from medattn.config.resolved import ResolvedPaper
from medattn.consistency.published import PublishedRow
from medattn.metrics.registry import METRICS
from medattn.suggestions import unknown_name

# Metrics that `medattn complexity` counts, and a backbone of classifiers on pixels.
_COSTS = ("params_m", "gflops")
_NO_BACKBONE = ("", "none")


def unknown_names(experiments: Sequence[ResolvedPaper], rows: Sequence[PublishedRow], where: str) -> Iterator[str]:
    """Yield a sentence for each name of tables, backbones, arms and metrics that is unknown, and never compared.

    Args:
        experiments: the experiments of the paper that a selection has.
        rows: its published values.
        where: the file of the values, for the sentences.
    """
    paper = experiments[0].paper
    published = [facts.published for facts in METRICS.values() if facts.published]
    known: dict[str, Iterable[str]] = {
        "table": [*paper.tables, *paper.statistics],
        "backbone": [*paper.backbones, *(name for experiment in experiments for name in experiment.backbones)],
        "arm": [
            *with_placebos(paper.arms, [], where),
            *(name for experiment in experiments for name in experiment.arms),
        ],
        "metric": [*METRICS, *published, *_COSTS],
    }
    for column, names in known.items():
        used = dict.fromkeys(str(getattr(row, column)) for row in rows)
        for name in used:
            if name not in names and not (column == "backbone" and name in _NO_BACKBONE):
                count = sum(getattr(row, column) == name for row in rows)
                values = "1 value is" if count == 1 else f"{count} values are"
                yield f"{where}: {values} never compared with results: {unknown_name(column, name, names)}"
