"""Writing of a crate: metadata, a preview page and the files, in a folder that is created atomically."""

import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rocrate.model.preview import Preview
from rocrate.rocrate import ROCrate

from medattn.crate.crate_files import CrateFile, crate_files
from medattn.crate.metadata import describe
from medattn.crate.subject import CrateSubject
from medattn.crate.workflow_files import WORKFLOW_FILES, software_file
from medattn.files import disk_errors
from medattn.reading import read_bytes
from medattn.temporary_files import temporary_folder

METADATA, PREVIEW, GUIDE = "ro-crate-metadata.json", "ro-crate-preview.html", "README.md"
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


@dataclass(frozen=True)
class CrateContents:
    """Every file of a crate.

    Attributes:
        copied: the file that each file of the crate is a copy of, by its name in the crate.
        written: the bytes of the files that describe the crate, by their names.
    """

    copied: dict[str, Path]
    written: dict[str, bytes]


def write_crate(subject: CrateSubject, sealed: Iterable[str], folder: Path, arrays: bool = False) -> int:
    """Write the crate of a results folder, replacing an existing one. Return the number of its files.

    Args:
        subject: the results folder.
        sealed: names of the files in it that the seal covers.
        folder: the folder to write.
        arrays: include scores and attention maps.

    Raises:
        UserError: writing fails, or medattn was installed without the workflow.
    """
    items = list(crate_files(subject.results, sealed, arrays))
    with disk_errors(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with (
            temporary_folder(folder) as aside,
            _described(subject, items) as crate,
        ):
            temporary = aside / folder.name
            crate.write(temporary)
            if folder.exists():
                shutil.rmtree(folder)
            temporary.replace(folder)
    return len(items)


def crate_contents(subject: CrateSubject, sealed: Iterable[str], arrays: bool) -> CrateContents:
    """Return what `write_crate` would write, without copying the files; arguments as there.

    Raises:
        UserError: medattn was installed without the workflow, or a prepared data set cannot be read.
    """
    items = list(crate_files(subject.results, sealed, arrays))
    copied = {item.name: item.source for item in items}
    copied |= {name: software_file(name) for name in WORKFLOW_FILES}
    written = {}
    with _described(subject, items) as crate, tempfile.TemporaryDirectory(prefix="medattn-crate-") as name:
        for entity in (crate.metadata, crate.preview):
            entity.write(name)
        written = {path: read_bytes(Path(name) / path) for path in (METADATA, PREVIEW)}
        written[GUIDE] = _guide(crate)
    return CrateContents(copied, written)


def _guide(crate: ROCrate) -> bytes:
    return _README.format(title=crate.root_dataset["name"]).encode()


@contextmanager
def _described(subject: CrateSubject, items: list[CrateFile]) -> Iterator[ROCrate]:
    """Yield the crate with its guide and its preview; the guide is a temporary file until the crate is written."""
    crate = describe(subject, items)
    with tempfile.TemporaryDirectory(prefix="medattn-crate-") as name:
        readme = Path(name) / GUIDE
        readme.write_bytes(_guide(crate))
        facts = {"name": "Guide to the files", "encodingFormat": "text/markdown"}
        crate.add_file(readme, GUIDE, properties=facts)
        crate.add(Preview(crate))
        yield crate
