"""The user's own files that results follow from: data sets, and the code of metrics and figures."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from medattn.config.load import own_dataset_files
from medattn.config.yaml_files import read_yaml
from medattn.errors import UserError
from medattn.own_code import own_name
from medattn.provenance.code import own_code
from medattn.shipped import paper_folder

_FUNCTIONS = {"kind", "metric", "metrics", "extra_metrics"}
"""Keys of papers and selections that can name a function of the user, `module:function`."""


def own_files(root: Path, papers: Mapping[str, Any]) -> dict[str, Path]:
    """Return the user's own files that a selection uses, by their names from `root`; those that are gone are left out.

    Args:
        root: the project, which is the working folder.
        papers: the key `papers` of the selection as plain values.
    """
    raw = _raw(root, papers)
    found: list[Path] = []
    for name in _functions(raw):
        try:
            found += own_code(name).values()
        except (UserError, OSError):
            continue
    used = {name for value in raw for name in _named(value, {"datasets"})}
    found += [path for path in own_dataset_files(root) if used & _read(path).keys()]
    return {_shown(path, root): path for path in found}


def own_functions(root: Path, papers: Mapping[str, Any]) -> list[str]:
    """Return the functions of the user, `module:function`, that a selection names; arguments as in `own_files`."""
    return _functions(_raw(root, papers))


def _raw(root: Path, papers: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the papers of a selection as plain values, first as the selection names them."""
    return [papers, *(_read(paper_folder(root, name) / "paper.yaml") for name in sorted(papers))]


def _functions(raw: list[Mapping[str, Any]]) -> list[str]:
    return sorted({name for value in raw for name in _named(value, _FUNCTIONS) if own_name(name)})


def _named(value: Any, keys: set[str]) -> Iterator[str]:
    """Yield the texts, and the keys of mappings, that stand under some keys anywhere in plain values."""
    if isinstance(value, Mapping):
        for key, entry in value.items():
            if key in keys:
                yield from [entry] if isinstance(entry, str) else map(str, entry if hasattr(entry, "__iter__") else ())
            yield from _named(entry, keys)
    elif isinstance(value, list):
        for entry in value:
            yield from _named(entry, keys)


def _read(path: Path) -> Mapping[str, Any]:
    """Return the content of a YAML file; empty if it can't be read, which other checks report."""
    try:
        return read_yaml(path)
    except UserError:
        return {}


def _shown(path: Path, root: Path) -> str:
    absolute, root = path.absolute(), root.absolute()
    return absolute.relative_to(root).as_posix() if absolute.is_relative_to(root) else str(path)
