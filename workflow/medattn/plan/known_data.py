"""What writing a plan remembers of the data sets of a selection."""

from pathlib import Path

from medattn.config.resolved import Configuration
from medattn.plan.availability import original_path
from medattn.plan.model import Plan
from medattn.plan.original_content import remember_content


def remember_contents(configuration: Configuration, plan: Plan) -> None:
    """Remember the content of the originals of a plan in the folder of data, to plan fast the next time."""
    data = Path(configuration.selection.data)
    for name in sorted({cell.dataset for cell in plan.cells.values() if not cell.stand_in}):
        entry = configuration.datasets[name]
        remember_content(name, entry, original_path(name, entry, data), data)
