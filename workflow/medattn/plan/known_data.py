"""What writing a plan keeps and drops about the data sets of a selection."""

from pathlib import Path

from medattn.config.resolved import Configuration
from medattn.layout import ResultPaths
from medattn.plan.availability import original_path
from medattn.plan.model import Plan
from medattn.plan.original_content import remember_content


def remember_contents(configuration: Configuration, plan: Plan) -> None:
    """Remember the content of the originals of a plan in the folder of data, to plan fast the next time."""
    data = Path(configuration.selection.data)
    for name in sorted({cell.dataset for cell in plan.cells.values() if not cell.stand_in}):
        entry = configuration.datasets[name]
        remember_content(name, entry, original_path(name, entry, data), data)


def forget_lost_data(plan: Plan, results: ResultPaths, done: frozenset[str]) -> None:
    """Delete the selection's files of prepared images that are gone, where open runs need them.

    Snakemake then prepares the images again.
    """
    for cell in plan.cells.values():
        runs = [*plan.runs_of(cell.id, "tune"), *plan.runs_of(cell.id, "train")]
        gone = not (Path(cell.prepared) / "manifest.json").is_file()
        if cell.missing is None and gone and any(run.id not in done for run in runs):
            results.dataset(Path(cell.prepared).name).unlink(missing_ok=True)
