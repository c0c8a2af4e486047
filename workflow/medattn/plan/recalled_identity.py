"""Identity of a data set in the plan that a results folder has, for images that are gone with all that was prepared."""

from pathlib import Path

from medattn.config.load import resolve
from medattn.config.models.dataset import DatasetEntry
from medattn.errors import UserError
from medattn.files import read_json
from medattn.plan.availability import entry_facts


def recalled_identity(name: str, entry: DatasetEntry, plan: Path) -> str | None:
    """Return the identity that a frozen plan gives a data set; None if the settings of the data set are others.

    Args:
        name: name of the data set.
        entry: its entry.
        plan: plan.json, which need not exist.
    """
    if not plan.is_file():
        return None
    try:
        value = read_json(plan)
        known = resolve(value["configuration"], Path(), str(plan)).datasets.get(name)
        if known is None or entry_facts(name, known) != entry_facts(name, entry):
            return None
        cells = [cell for cell in value["cells"].values() if cell["dataset"] == name and not cell["stand_in"]]
        return str(cells[0]["settings"]["entry_sha256"]) if cells else None
    except (UserError, OSError, KeyError, TypeError, AttributeError):
        return None  # a damaged plan recalls nothing; whoever reads it says so
