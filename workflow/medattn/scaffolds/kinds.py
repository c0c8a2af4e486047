"""The files of each kind of scaffold."""

from collections.abc import Callable, Mapping
from pathlib import Path

from medattn.config.load import OWN_DATASETS, PAPER_DATASETS, known_datasets
from medattn.config.mechanisms import mechanism_names
from medattn.errors import UserError
from medattn.scaffolds.image_folder import listed, look_at, source_lines
from medattn.scaffolds.write import Names, Scaffold, check_module, filled, schema_line_target
from medattn.shipped import paper_names
from medattn.suggestions import unknown_name

_ARMS_OF_THE_DEMO = ("vanilla", "lr", "svm")
_FROZEN = "-frozen"


def new_mechanism(names: Names, into: Path, dataset: str | None, images: Path | None) -> Scaffold:
    """Return a mechanism with its test, and a selection that compares it with vanilla and with its placebo.

    Raises:
        UserError: the name is taken, or `dataset` is unknown.
    """
    check_module(names)
    if names.module in mechanism_names() or names.name in _ARMS_OF_THE_DEMO:
        raise UserError(f"'{names.name}' is the name of a mechanism or arm of medattn; choose another name")
    known = known_datasets(into)
    if dataset is not None and dataset not in known:
        raise UserError(f"--dataset: {unknown_name('data set', dataset, known)}")
    values = {
        "module": names.module,
        "class_name": names.class_name,
        "title": names.title,
        "name": names.name[: 40 - len(_FROZEN)],
        "dataset": dataset or "phantom",
    }
    selection, values["schema"] = _selection(names, into)
    return Scaffold(
        {
            Path(f"{names.module}.py"): filled("mechanism.py", **values),
            Path(f"test_{names.module}.py"): filled("test_mechanism.py", **values),
            selection: filled("mechanism.yaml", **values),
        },
        f"medattn run -c {selection}",
    )


def new_metric(names: Names, into: Path, dataset: str | None, images: Path | None) -> Scaffold:
    """Return a metric, and a selection that measures it."""
    return _function(names, into, "metric")


def new_figure(names: Names, into: Path, dataset: str | None, images: Path | None) -> Scaffold:
    """Return a figure, and a selection that draws it."""
    return _function(names, into, "figure")


def new_paper(names: Names, into: Path, dataset: str | None, images: Path | None) -> Scaffold:
    """Return a paper with its data set, the head of its published values, and a selection.

    Raises:
        UserError: a paper or data set of this name exists.
    """
    if names.name in paper_names(into):
        raise UserError(f"there is a paper '{names.name}' already; choose another name")
    _check_dataset_name(names.name, into)
    folder = Path("papers", names.name)
    selection, schema = _selection(names, into)
    values = {
        "name": names.name,
        "title": names.title,
        "table": names.with_suffix("-table-1"),
        "figure": names.with_suffix("-figure-1"),
    }

    def yaml(file: str, template: str, schema: str) -> tuple[Path, str]:
        return folder / file, filled(template, **values, schema=schema_line_target(folder / file, schema, into))

    return Scaffold(
        {
            **dict([yaml("paper.yaml", "paper.yaml", "paper"), yaml(PAPER_DATASETS, "paper_datasets.yaml", "dataset")]),
            folder / "published.csv": filled("published.csv"),
            folder / "README.md": filled("paper_readme.md", **values),
            selection: filled("paper_selection.yaml", **values, schema=schema),
        },
        f"medattn run -c {selection}",
        ("selection", "paper", "dataset"),
    )


def new_dataset(names: Names, into: Path, dataset: str | None, images: Path | None) -> Scaffold:
    """Return the entry of a data set, and a selection that trains on it.

    Args:
        names: its names.
        into: folder of the files.
        dataset: not used.
        images: folder of images, whose classes, depth and size the entry states; None: the entry is an example.

    Raises:
        UserError: a data set of this name exists, or the folder has no layout that is known.
    """
    _check_dataset_name(names.name, into)
    file = OWN_DATASETS / f"{names.name}.yaml"
    selection, schema = _selection(names, into)
    if images is None:
        source = (
            "  source:\n    kind: folder_per_class\n    size: 28    # images are resized to it\n"
            "    folders: [healthy, ill]\n"
        )
        path, classes = f"  # path: /where/they/are; default: data/{names.name}/\n", "[healthy, ill]"
        counts = "\n  counts: {train: [60, 60], test: [20, 20]}    # yours, or remove the line"
    else:
        found = look_at(images)
        source, classes, counts = source_lines(found), listed(found.classes), ""
        place = f"./{images}" if str(images).startswith("~") else str(images)  # ~ would be read as a person's folder
        path = f"  path: {listed((place,))[1:-1]}\n"
    entry = filled(
        "dataset.yaml", name=names.name, title=names.title, source=source, path=path, classes=classes, counts=counts,
        schema=schema_line_target(file, "dataset", into),
    )  # fmt: skip
    return Scaffold(
        {file: entry, selection: filled("dataset_selection.yaml", name=names.name, schema=schema)},
        f"medattn run -c {selection}",
        ("selection", "dataset"),
    )


Maker = Callable[[Names, Path, str | None, Path | None], Scaffold]
MAKERS: Mapping[str, Maker] = {
    "paper": new_paper,
    "dataset": new_dataset,
    "mechanism": new_mechanism,
    "figure": new_figure,
    "metric": new_metric,
}


def _function(names: Names, into: Path, kind: str) -> Scaffold:
    check_module(names)
    selection, schema = _selection(names, into)
    values = {
        "module": names.module,
        "title": names.title,
        "name": names.name,
        "figure": names.with_suffix("-figure"),
        "schema": schema,
    }
    files = {Path(f"{names.module}.py"): filled(f"{kind}.py", **values), selection: filled(f"{kind}.yaml", **values)}
    return Scaffold(files, f"medattn run -c {selection}")


def _selection(names: Names, into: Path) -> tuple[Path, str]:
    """Return the path of the selection, and of its schema from there."""
    path = Path("config", f"{names.name}.yaml")
    return path, schema_line_target(path, "selection", into)


def _check_dataset_name(name: str, into: Path) -> None:
    if name in known_datasets(into):
        raise UserError(f"there is a data set '{name}' already; choose another name")
