"""Loading a selection with its papers and data sets: validated, and checked across files."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from medattn.config.cross_references import check_references
from medattn.config.experiments import check_experiments, selected_experiments
from medattn.config.models.dataset import DatasetEntry
from medattn.config.models.paper import Paper
from medattn.config.models.selection import PaperSelection, Selection
from medattn.config.overrides import override_keys
from medattn.config.resolved import Configuration, ResolvedPaper
from medattn.config.selection_files import read_selection
from medattn.config.size_limits import check_size
from medattn.config.validation import below, validated
from medattn.config.yaml_files import read_yaml
from medattn.errors import UserError
from medattn.shipped import paper_folder, paper_names, searched_for_papers
from medattn.suggestions import unknown_name

REGISTRY = Path(__file__).parent.parent / "datasets" / "registry.yaml"


def read_configuration(files: Path | Sequence[Path] | None, root: Path) -> Configuration:
    """Read a selection with its papers from `root`/papers and the shipped papers.

    Args:
        files: file or files of the selection; later ones take precedence. Without any, config.yaml.
        root: folder of the project.

    Raises:
        UserError: one line with the first error in any of the files.
    """
    value, where = read_selection([files] if isinstance(files, Path) else files or ())
    return resolve(value, root, where)


def resolve(raw: Mapping[str, Any], root: Path, where: str) -> Configuration:
    """Resolve a selection with its papers from `root`/papers and the shipped papers.

    Args:
        raw: the selection as plain values.
        root: folder of the project.
        where: file of the selection, for messages.

    Raises:
        UserError: one line with the first error in any of the files.
    """
    selection = validated(Selection, raw, where)
    datasets = _datasets(selection, where)
    papers = tuple(
        resolved
        for name, changes in selection.papers.items()
        for resolved in _experiments(name, changes, root / "papers", datasets, below(where, "papers"))
    )
    check_size(selection, papers, where)
    return Configuration(selection, papers, datasets)


@cache
def registered_datasets() -> Mapping[str, DatasetEntry]:
    """Return the entries of the data set registry by name."""
    return {name: validated(DatasetEntry, raw, f"{REGISTRY.name}: {name}") for name, raw in read_yaml(REGISTRY).items()}


def read_paper(name: str, papers: Path, where: str) -> Paper:
    """Read <name>/paper.yaml of a folder of papers, or of the shipped papers where the folder has none of this name.

    Raises:
        UserError: the paper is unknown (the message suggests the nearest), or its file is invalid.
    """
    known = paper_names(papers.parent)
    if name not in known:
        raise UserError(f"{where}: {unknown_name('paper', name, known)} {searched_for_papers(papers)}")
    path = paper_folder(papers.parent, name) / "paper.yaml"
    paper = validated(Paper, read_yaml(path), str(path))
    check_references(paper, registered_datasets(), str(path))
    check_experiments(name, paper, str(path))
    return paper


def _experiments(
    name: str, selected: PaperSelection, papers: Path, datasets: Mapping[str, DatasetEntry], above: str
) -> Iterator[ResolvedPaper]:
    paper = read_paper(name, papers, above)
    path = str(paper_folder(papers.parent, name) / "paper.yaml")
    return selected_experiments(name, paper, path, selected, datasets, below(above, name))


def _datasets(selection: Selection, where: str) -> dict[str, DatasetEntry]:
    entries = dict(registered_datasets())
    for name, changes in selection.datasets.items():
        place = below(where, "datasets", name)
        if name in entries:
            entries[name] = override_keys(entries[name], changes, place)
        elif "source" in changes:
            entries[name] = validated(DatasetEntry, changes, place)
        else:
            sentence = unknown_name("data set", name, entries)
            raise UserError(f"{below(where, 'datasets')}: {sentence} (a data set of your own needs the key 'source')")
    return entries
