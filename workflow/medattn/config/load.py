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
from medattn.config.validation import below, check_name_rule, validated
from medattn.config.yaml_files import read_yaml
from medattn.errors import UserError
from medattn.litter import is_litter_name
from medattn.shipped import paper_folder, paper_names, searched_for_papers
from medattn.suggestions import unknown_name

REGISTRY = Path(__file__).parent.parent / "datasets" / "registry.yaml"
OWN_DATASETS = Path("config", "datasets")
"""Folder of the user's data sets in the working folder."""
PAPER_DATASETS = "datasets.yaml"
"""File in the folder of a paper that declares the paper's data sets."""


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
    declared = _declared_datasets(selection, root)
    datasets = _datasets(selection, declared, where)
    papers = tuple(
        resolved
        for name, changes in selection.papers.items()
        for resolved in _experiments(name, changes, root / "papers", datasets, below(where, "papers"))
    )
    check_size(selection, papers, where)
    return Configuration(selection, papers, datasets, declared)


@cache
def registered_datasets() -> Mapping[str, DatasetEntry]:
    """Return the entries of the data set registry by name."""
    return _entries(REGISTRY, REGISTRY.name)


def known_datasets(root: Path) -> dict[str, DatasetEntry]:
    """Return the data sets that every selection in `root` can name: those of the registry and of config/datasets/.

    Raises:
        UserError: a file of `root`/config/datasets/ is invalid, or declares a data set that exists.
    """
    entries = dict(registered_datasets())
    places = dict.fromkeys(entries, REGISTRY.name)
    for path in own_dataset_files(root):
        for name, entry in _entries(path, str(path)).items():
            _refuse_second(name, entry, entries, places, path)
            entries[name], places[name] = entry, str(path)
    return entries


def own_dataset_files(root: Path) -> list[Path]:
    """Return the files of `root`/config/datasets/, which declare the user's data sets as the registry does."""
    return sorted(path for path in (root / OWN_DATASETS).glob("*.yaml") if not is_litter_name(path.name))


def paper_datasets(root: Path, paper: str) -> dict[str, DatasetEntry]:
    """Return the data sets that a paper declares in datasets.yaml beside its paper.yaml; empty without this file.

    Raises:
        UserError: the file is invalid.
    """
    path = paper_folder(root, paper) / PAPER_DATASETS
    return _entries(path, str(path)) if path.is_file() else {}


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
    own = paper_datasets(papers.parent, name)
    check_references(paper, {**known_datasets(papers.parent), **own}, str(path))
    check_experiments(name, paper, str(path))
    return paper


def _experiments(
    name: str, selected: PaperSelection, papers: Path, datasets: Mapping[str, DatasetEntry], above: str
) -> Iterator[ResolvedPaper]:
    paper = read_paper(name, papers, above)
    path = str(paper_folder(papers.parent, name) / "paper.yaml")
    return selected_experiments(name, paper, path, selected, datasets, below(above, name))


def _entries(path: Path, where: str) -> dict[str, DatasetEntry]:
    """Return the entries of a file of data sets by name."""
    raw = read_yaml(path)
    for name in raw:
        check_name_rule(name, where)
    return {name: validated(DatasetEntry, value, below(where, name)) for name, value in raw.items()}


def _declared_datasets(selection: Selection, root: Path) -> dict[str, DatasetEntry]:
    """Return the data sets that a selection can name: those known in `root`, and those that its papers declare."""
    entries = known_datasets(root)
    places = dict.fromkeys(entries, f"{REGISTRY.name} or {OWN_DATASETS}/")
    for paper in selection.papers:
        path = paper_folder(root, paper) / PAPER_DATASETS
        for name, entry in paper_datasets(root, paper).items():
            _refuse_second(name, entry, entries, places, path)
            entries[name], places[name] = entry, str(path)
    return entries


def _refuse_second(
    name: str, entry: DatasetEntry, entries: Mapping[str, DatasetEntry], places: Mapping[str, str], path: Path
) -> None:
    if name in entries and entries[name] != entry:
        raise UserError(f"{path}: {name}: {places[name]} declares another data set of this name; choose another name")


def _datasets(selection: Selection, declared: Mapping[str, DatasetEntry], where: str) -> dict[str, DatasetEntry]:
    entries = dict(declared)
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
