"""Export curves and measurements for TensorBoard or MLflow, or as CSV; and the metadata of a data set as Croissant.

    medattn export --csv                            the results of config.yaml, finished or running
    medattn export results/demo --tensorboard       then: tensorboard --logdir export/demo/tensorboard
    medattn export results/demo --mlflow            then: mlflow ui --backend-store-uri sqlite:///export/demo/mlflow/mlflow.db
    medattn export --croissant breastmnist          a prepared data set

Curves have a value an epoch: learning rate, loss, and accuracies in percent. Of a run in training, they reach to its
last checkpoint. Measurements are the rows of measurements.csv with a value; before `medattn measure` there are none.

    --csv          curves.csv, a row per run and epoch, and measurements.csv
    --tensorboard  a folder with an event file for each run, and for each cell; needs the package tensorboard
    --mlflow       mlflow.db, a database of SQLite with settings, curves and measurements; needs the package mlflow
    --croissant    croissant.json (Croissant 1.0: description, license, citation, files with their hashes, fields) and
                   images.csv, a row per image; patients are numbered, not named

The files are written to ./export/<selection>/<format> or ./export/<data set>/croissant, or to --to. Results and
prepared data stay as they are: a folder inside of them is refused. Export again to update: earlier files are replaced.
"""

import argparse
from pathlib import Path

from medattn.commands.selection import add_selection_arguments, frozen_path
from medattn.errors import UserError
from medattn.reading import path_argument
from medattn.suggestions import unknown_name

DEFAULT = Path("export")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument(
        "folder", nargs="?", type=path_argument, metavar="DIR", help="results of a selection, such as results/demo"
    )
    formats = parser.add_mutually_exclusive_group(required=True)
    for name, what in (("csv", "as CSV"), ("tensorboard", "for TensorBoard"), ("mlflow", "for MLflow")):
        formats.add_argument(
            f"--{name}", action="store_const", const=name, dest="form", help=f"curves and measurements {what}"
        )
    formats.add_argument("--croissant", metavar="DATASET", help="metadata of a prepared data set as Croissant")
    add_selection_arguments(parser)
    parser.add_argument("--to", type=path_argument, metavar="DIR", help="folder of the export (default: see above)")
    parser.add_argument(
        "--data", type=path_argument, metavar="DIR", help="with --croissant: folder of data (default: ./data)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Write the export and print its place.

    Raises:
        UserError: there are no results, the data set is not prepared, a library is missing, or --to is refused.
    """
    if arguments.croissant is not None:
        return _croissant(arguments)
    if arguments.data is not None:
        raise UserError("export --data: only --croissant reads data; leave it out")
    if arguments.folder is not None:
        if arguments.config or arguments.plan:
            raise UserError("export: give a folder of results, or --config or --plan, not both")
        arguments.plan = arguments.folder / "plan.json"
    path = frozen_path(arguments)

    from medattn.export.destination import export_folder
    from medattn.export.exported_runs import read_results
    from medattn.layout import ResultPaths

    results = read_results(ResultPaths(path.parent))
    folder = export_folder(arguments.to, DEFAULT / results.plan.selection / arguments.form)
    match arguments.form:
        case "csv":
            from medattn.export.csv_files import write_csv as write
        case "tensorboard":
            from medattn.export.tensorboard_files import write_tensorboard as write
        case _:
            from medattn.export.mlflow_store import write_mlflow as write
    if not results.runs:
        raise UserError(f"{path.parent}: no run has finished an epoch yet; `medattn status` shows the progress")
    write(results, folder)
    unfinished = sum(run.status == "unfinished" for run in results.runs)
    still = f" ({unfinished} of them unfinished)" if unfinished else ""
    print(f"{folder}: {len(results.runs)} runs{still}, {len(results.measurements)} measurements")
    return 0


def _croissant(arguments: argparse.Namespace) -> int:
    from medattn.config.load import known_datasets, read_configuration
    from medattn.export.croissant import write_croissant
    from medattn.export.destination import export_folder
    from medattn.plan.availability import prepared_path
    from medattn.plan.stand_ins import taken_entries

    if arguments.folder is not None or arguments.plan is not None:
        raise UserError("export --croissant: describes a data set, not results; leave out the folder and --plan")
    name = arguments.croissant
    if arguments.config:
        configuration = read_configuration(arguments.config, Path())
        entries, data = dict(taken_entries(configuration)), Path(configuration.selection.data)
    else:
        entries, data = dict(known_datasets(Path())), Path("data")
    if name not in entries:
        raise UserError(f"export: {unknown_name('data set', name, entries)}")
    prepared = prepared_path(name, entries[name], arguments.data or data)
    if not (prepared / "manifest.json").is_file():
        raise UserError(f"{name}: not prepared; run `medattn fetch {name}` first")
    folder = export_folder(arguments.to, DEFAULT / name / "croissant")
    metadata, table = write_croissant(prepared, folder)
    print(f"{metadata}: {name}, with {table.name}")
    return 0
