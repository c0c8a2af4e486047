"""Reading a selection: one or several files and single keys from the command line, merged."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from medattn.config.yaml_files import parse_yaml, read_yaml
from medattn.errors import UserError
from medattn.shipped import is_present, selection_file

DEFAULT = Path("config.yaml")
_FLOAT = re.compile(r"[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+")
_DEPLOYED = Path("config", "config.yaml")


def default_selection() -> Path:
    """Return the selection of the working folder: config.yaml, config/config.yaml, else the shipped config.yaml."""
    return _DEPLOYED if not is_present(DEFAULT) and is_present(_DEPLOYED) else selection_file(DEFAULT)


def read_selection(files: Sequence[Path], overrides: Sequence[str] = ()) -> tuple[dict[str, Any], str]:
    """Read a selection as Snakemake's options `--configfile` and `--config` name it.

    Args:
        files: files of the selection; without any, `default_selection`. A file that does not exist is looked
            for among the shipped ones. Keys of later files take precedence, and mappings are
            merged key by key.
        overrides: `key=value` with values in YAML, such as `seeds=[0]`; they take precedence over the files.

    Returns:
        The selection as plain values, and its name for messages.

    Raises:
        UserError: one line with the first error in a file or an override.
    """
    names = [_shown(selection_file(path)) for path in files or [default_selection()]]
    value: dict[str, Any] = {}
    for name in names:
        value = _merged(value, read_yaml(name))
    for override in overrides:
        key, equals, text = override.partition("=")
        if not equals or not key:
            raise UserError(f"--config {override}: must be key=value, such as --config 'seeds=[0]'")
        value = _merged(value, {key.strip(): parse_yaml(text, f"--config {key.strip()}")})
    return value, " with ".join([*map(str, names), *(["--config"] if overrides else [])])


def as_read_by_medattn(value: Any) -> Any:
    """Return values that another YAML reader has read: numbers such as 1e-3, which it takes for text, as numbers."""
    if isinstance(value, Mapping):
        return {key: as_read_by_medattn(each) for key, each in value.items()}
    if isinstance(value, list):
        return [as_read_by_medattn(each) for each in value]
    return float(value) if isinstance(value, str) and _FLOAT.fullmatch(value) else value


def _shown(path: Path) -> Path:
    """Return a path relative to the working folder where it is below it."""
    working = Path.cwd()
    return path.relative_to(working) if path.is_absolute() and path.is_relative_to(working) else path


def _merged(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(old)
    for key, value in new.items():
        before = merged.get(key)
        if isinstance(before, Mapping) and isinstance(value, Mapping):
            merged[key] = _merged(before, value)
        else:
            merged[key] = value
    return merged
