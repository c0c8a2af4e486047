"""Writing a crate: metadata, a page for people, and the files, into a folder that appears whole."""

import shutil
import tempfile
from pathlib import Path

from rocrate.model.preview import Preview

from medattn.audit.context import AuditContext
from medattn.crate.crate_files import contents
from medattn.crate.metadata import describe
from medattn.files import disk_errors

_README = """# {title}

This folder is an RO-Crate: results with a description of what made them. Open `ro-crate-preview.html` in a browser, or
read `ro-crate-metadata.json` with any tool for RO-Crates (profile: Provenance Run Crate 0.5).

* `tables/`, `figures/`: what the papers show, published values beside measured ones; `captions/` says how to read them.
* `measurements.csv`, `comparisons.csv`: every number behind them, with the runs that it came from.
* `runs/<cell>/<run>/record.json`: everything about one training: settings, images, code, machine, and the hashes of
  what it wrote; `history.csv`: its epochs.
* `manifest.json`: every file of the results folder with its SHA-256, also of those that are too large to be here.
* `plan.json`: all settings. `Snakefile`, `workflow/`: the workflow that was run.
"""


def write_crate(subject: AuditContext, folder: Path, arrays: bool = False) -> int:
    """Write the crate of a results folder; one that stands there is replaced. Return the number of its files.

    Args:
        subject: the results folder.
        folder: where the crate goes.
        arrays: put scores and attention maps in, too.

    Raises:
        UserError: the disk refuses, or the workflow's files are not at hand.
    """
    items = list(contents(subject.results, arrays))
    crate = describe(subject, items)
    with disk_errors(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as name:
            aside = Path(name) / folder.name
            readme = Path(name) / "README.md"
            readme.write_text(_README.format(title=crate.root_dataset["name"]), encoding="utf-8")
            crate.add_file(readme, "README.md", properties={"name": "What is what", "encodingFormat": "text/markdown"})
            crate.add(Preview(crate))
            crate.write(aside)
            if folder.exists():
                shutil.rmtree(folder)
            aside.replace(folder)
    return len(items)
