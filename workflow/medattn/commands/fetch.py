"""Download, check and prepare data sets and ImageNet weights.

    medattn fetch                               everything that config.yaml needs
    medattn fetch --config my.yaml              everything that another selection needs
    medattn fetch breastmnist phantom           these data sets, of all that are registered
    medattn fetch --weights torchvision/vgg16   these ImageNet weights; training never downloads any
    medattn fetch --list                        list the data sets, their sizes, and which of them are available

Original files are expected in the folder of data (--data, else `data` of the selection, else ./data) or at
`datasets.<name>.path` of the selection. Missing files are downloaded if they are public. Sizes, hashes, types, labels
and counts are checked before anything is written. Prepared data sets are verified and kept; a damaged one is replaced
if its original is there. One line per data set reports its images per split, duplicates and folder; each group of
pixel-identical images has a line, too.

On a machine without network, run the same command on one with network, then copy the folder of data, or only the
original file, to the path in the message.

Archives in the folder of data (IDRiD, OCT2017) are unpacked. A selection with stand-ins gets synthetic images in place
of unavailable ones; to get the real data set, name it without --config.

Without names, data sets that need an access request are skipped with the reason. Exit codes: 0 success; 2 something
that was asked for is unavailable, and everything else is done.
"""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from medattn.commands.output_format import add_format_argument, print_rows, refuse_format_without
from medattn.commands.selection import add_config_argument
from medattn.config.models.dataset import DatasetEntry
from medattn.config.selection_files import default_selection
from medattn.errors import UserError
from medattn.files import write_json
from medattn.log import print_error
from medattn.plan.dataset_list import DATASET_COLUMNS, dataset_lines, dataset_rows, list_datasets
from medattn.reading import path_argument
from medattn.suggestions import unknown_name


@dataclass(frozen=True)
class _Known:
    """Data sets and weights that can be fetched.

    Attributes:
        entries: data sets by name.
        data: folder of data.
        weights: models whose ImageNet weights the selection needs.
        planned: names of the folders of prepared images that a frozen plan asks for, by data set.
    """

    entries: Mapping[str, DatasetEntry]
    data: Path
    weights: Sequence[str] = ()
    planned: Mapping[str, str] = field(default_factory=dict)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument("names", nargs="*", metavar="NAME", help="data sets (default: all of the selection)")
    source = parser.add_mutually_exclusive_group()
    add_config_argument(source)
    source.add_argument(
        "--plan",
        type=path_argument,
        metavar="FILE",
        help="frozen plan of a selection, as the jobs of the workflow use it",
    )
    parser.add_argument(
        "--output", type=Path, metavar="FILE", help="write which prepared images belong to NAME, with hashes, to FILE"
    )
    parser.add_argument(
        "--weights", nargs="+", default=[], metavar="MODEL", help="ImageNet weights, such as timm/resnet18"
    )
    parser.add_argument("--data", type=path_argument, metavar="DIR", help="folder of original and prepared data")
    parser.add_argument(
        "--list", action="store_true", help="list the data sets with their sizes, and whether they are available"
    )
    add_format_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Fetch, check and prepare what `arguments` name.

    Returns:
        0, or 2 if something is unavailable; each failure is a line on stderr.

    Raises:
        UserError: the selection is invalid, or a name is unknown.
    """
    refuse_format_without("--list", arguments.list, arguments.format)
    everything = not (arguments.names or arguments.weights)
    default = [default_selection()] if everything and not (arguments.list or arguments.plan) else None
    known = _known(arguments.config or default, arguments.plan)
    data = arguments.data or known.data
    if arguments.output and len(arguments.names) != 1:
        raise UserError("fetch: --output needs the name of one data set")
    if data.exists() and not data.is_dir():
        raise UserError(f"{data}: a file, but the folder of data must be a folder; choose another one with --data")
    for name in arguments.names:
        if name not in known.entries:
            hint = "" if arguments.config or arguments.plan else "; --config names the selection that declares it"
            raise UserError(f"fetch: {unknown_name('data set', name, known.entries)}{hint}")
    if arguments.list:
        listed = list_datasets({name: known.entries[name] for name in arguments.names or known.entries}, data)
        print_rows(arguments.format, dataset_rows(listed), DATASET_COLUMNS, dataset_lines(listed))
        return 0
    failed = _fetch_weights(known.weights if everything else arguments.weights, data)
    for name in dict.fromkeys(known.entries if everything else arguments.names):
        entry = known.entries[name]
        reason = _skip_reason_of(name, entry, data) if everything else None
        if reason:
            print(f"{name}: skipped, {reason}")
            continue
        try:
            print(_fetched(name, entry, data, known.planned.get(name), arguments.output), flush=True)
        except UserError as error:
            print_error(error)
            failed += 1
    return 2 if failed else 0


def _fetch_weights(models: Sequence[str], data: Path) -> int:
    """Fetch ImageNet weights and return the number of failures."""
    failed = 0
    for model in models:
        try:
            print(_fetched_weights(model, data), flush=True)
        except UserError as error:
            print_error(error)
            failed += 1
    return failed


def _fetched_weights(model: str, data: Path) -> str:
    from medattn.config.models.paper import Backbone
    from medattn.config.networks.catalog import check_model, weights_model
    from medattn.config.validation import validated

    validated(Backbone, {"model": model}, "--weights")
    check_model(model)
    model = weights_model(model) or model
    from medattn.backbones.weights import fetch_weights, weights_sha256
    from medattn.datasets.download import download

    remedy = f"on a machine with network run `medattn fetch --weights {model}`, then copy {data / 'weights'} here"
    with damaged_weights_refused(model):
        path = fetch_weights(model, data, partial(download, name=model, remedy=remedy))
    return f"{model}: ImageNet weights, SHA-256 {weights_sha256(model, data)[:12]}...; in {path}"


@contextmanager
def damaged_weights_refused(model: str) -> Iterator[None]:
    """Report a file of weights that torch can't unpickle as one line.

    Raises:
        UserError: the file is damaged in a way in which torch's unpickler runs out of values.
    """
    try:
        yield
    except IndexError as error:
        raise UserError(f"{model}: the file does not hold its weights ({error})") from error


def _known(config: Sequence[Path] | None, plan: Path | None) -> _Known:
    """Return the data sets and weights of a selection or frozen plan; without either, all known data sets."""
    from medattn.config.load import known_datasets, read_configuration, resolve
    from medattn.plan.stand_ins import planned_entries, taken_entries

    planned: dict[str, str] = {}
    if plan is not None:
        from medattn.plan.plan_file import read_plan

        frozen = read_plan(plan)
        configuration = resolve(frozen.configuration, Path(), str(plan))
        entries = planned_entries(frozen, configuration)
        planned = {cell.dataset: Path(cell.prepared).name for cell in frozen.cells.values() if cell.missing is None}
    elif config is not None:
        configuration = read_configuration(config, Path())
        entries = taken_entries(configuration)
    else:
        return _Known(known_datasets(Path()), Path("data"))
    names = dict.fromkeys(name for paper in configuration.papers for name in paper.datasets)
    # Data sets that the selection changes or adds are fetched even if no paper uses them.
    names.update(dict.fromkeys(configuration.selection.datasets))
    backbones = [backbone for paper in configuration.papers for backbone in paper.backbones.values()]
    weights = dict.fromkeys(backbone.model for backbone in backbones if backbone.weights == "imagenet")
    return _Known({name: entries[name] for name in names}, Path(configuration.selection.data), list(weights), planned)


def _skip_reason_of(name: str, entry: DatasetEntry, data: Path) -> str | None:
    from medattn.plan.availability import can_be_fetched, missing_reason

    return None if can_be_fetched(name, entry, data) else missing_reason(name, entry, data)


def _fetched(name: str, entry: DatasetEntry, data: Path, planned: str | None, output: Path | None) -> str:
    from medattn.datasets.duplicates import duplicate_lines
    from medattn.datasets.prepare import fetch
    from medattn.datasets.store import MANIFEST, check_store

    folder = fetch(name, entry, data, planned=planned)
    manifest = check_store(folder, verify=False)
    if output is not None:
        facts = {key: manifest[key] for key in ("dataset", "entry_sha256", "stand_in", "files")}
        write_json(output, {**facts, "folder": folder.name})
    equal = duplicate_lines(manifest["duplicates"], manifest["classes"], str(folder / MANIFEST))
    return "\n".join([f"{_summary(manifest)}; in {folder}", *(f"{name}: {line}" for line in equal)])


def _summary(manifest: Mapping[str, Any]) -> str:
    from medattn.datasets.duplicates import duplicate_sentences

    counts = {split: facts["images"] for split, facts in manifest["splits"].items()}
    splits = ", ".join(f"{split} {count}" for split, count in counts.items())
    size = f"{manifest['height']} x {manifest['width']} x {manifest['channels']}"
    kind = "stand-in images" if manifest["stand_in"] else "images"
    parts = [f"{manifest['dataset']}: {splits} {kind} of {size}, {len(manifest['classes'])} classes"]
    return "; ".join([*parts, *duplicate_sentences(manifest["duplicates"], counts), *manifest["notes"]])
