"""Writing of a crate: metadata, a preview page and the files, in a folder that is created atomically."""

import shutil
from pathlib import Path

from rocrate.model.preview import Preview

from medattn.audit.context import AuditContext
from medattn.crate.crate_files import crate_files
from medattn.crate.metadata import describe
from medattn.files import disk_errors
from medattn.temporary_files import temporary_folder

_README = """# {title}

This folder is an RO-Crate: results with a machine-readable description of how they were made. Open
`ro-crate-preview.html` in a browser, or read `ro-crate-metadata.json` with any tool for RO-Crates (profile: Provenance
Run Crate 0.5).

* `tables/`, `figures/`: tables and figures with published and reproduced values; `captions/` explains them.
* `measurements.csv`, `comparisons.csv`: all values behind them, with the runs that they come from.
* `runs/<cell>/<run>/record.json`: the record of one run: settings, images, code, machine, and the hashes of the
  files that the run wrote; `history.csv`: its metrics by epoch.
* `manifest.json`: every file of the results folder with its SHA-256, including files that the crate omits.
* `plan.json`: all settings. `Snakefile`, `workflow/`: the workflow.
"""


def write_crate(subject: AuditContext, folder: Path, arrays: bool = False) -> int:
    """Write the crate of a results folder, replacing an existing one. Return the number of its files.

    Args:
        subject: the results folder.
        folder: the folder to write.
        arrays: include scores and attention maps.

    Raises:
        UserError: writing fails, or medattn was installed without the workflow.
    """
    items = list(crate_files(subject.results, arrays))
    crate = describe(subject, items)
    with disk_errors(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with temporary_folder(folder) as aside:
            temporary = aside / folder.name
            readme = aside / "README.md"
            readme.write_text(_README.format(title=crate.root_dataset["name"]), encoding="utf-8")
            crate.add_file(
                readme, "README.md", properties={"name": "Guide to the files", "encodingFormat": "text/markdown"}
            )
            crate.add(Preview(crate))
            crate.write(temporary)
            if folder.exists():
                shutil.rmtree(folder)
            temporary.replace(folder)
    return len(items)
