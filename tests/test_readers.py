"""Files are read by one layer (reading.py, files.py, array_files.py), which has limits, and errors of one line."""

import ast
import re
from pathlib import Path

import pytest

from medattn.provenance.code import CODE_FOLDER, code_modules
from medattn.provenance.package_sources import PackageSources

LAYER = {"reading.py", "files.py", "array_files.py"}
READS = {"open", "read_text", "read_bytes", "load_file", "safe_open", "memmap", "fromfile", "loadtxt", "genfromtxt"}
"""Names of functions that open a file, or of methods of a path."""
PARSES = {"json", "yaml", "pickle", "torch", "np", "numpy"}
"""Modules whose functions load and loads parse what others wrote."""
CANDIDATE = re.compile(r"\b(load|loads|safe_load)\b|" + "|".join(rf"\b{name}\b" for name in sorted(READS)))

SHIPPED = "reads only files of the package"
IDENTITY = "belongs to the identity of runs, so it stays as it is; its callers report what cannot be read"
OPENED = "reads from a file, an archive or bytes that the layer or the caller has opened and bounded"
SYSTEM = "reads what the operating system or the installer writes"
WRITES = "opens files to write them, or locks"
EXCEPTIONS = {
    "__main__.py": WRITES,
    "audit/checks/code.py": SHIPPED,
    "audit/hash_rule.py": SHIPPED,
    "backbones/published_weights.py": IDENTITY,
    "backbones/weights.py": IDENTITY,
    "config/figure_kinds.py": SHIPPED,
    "config/manual/__main__.py": SHIPPED,
    "config/networks/catalog.py": SHIPPED,
    "consistency/page.py": SHIPPED,
    "datasets/archive.py": OPENED,
    "datasets/download.py": WRITES,
    "datasets/shared_folder.py": WRITES,
    "datasets/tensor_file.py": IDENTITY,
    "plan/model.py": OPENED,
    "plan/speeds.py": SHIPPED,
    "processes.py": SYSTEM,
    "provenance/checkout.py": SYSTEM,
    "provenance/environment.py": SYSTEM,
    "report/paper_section.py": OPENED,
    "report/write_report.py": SHIPPED,
    "scaffolds/write.py": "reads only files of the package, and writes",
    "sources/cifar.py": IDENTITY,
    "sources/folder.py": IDENTITY,
    "sources/folders/label_table.py": IDENTITY,
    "sources/folders/metadata_table.py": "parses a line that the layer has parsed again, to find repeated names",
    "sources/folders/listed_files.py": IDENTITY,
    "sources/idrid.py": IDENTITY,
    "sources/idrid_centers.py": IDENTITY,
    "sources/jaffe.py": IDENTITY,
    "sources/medmnist.py": IDENTITY,
    "sources/original_file.py": IDENTITY,
    "sources/pixels/picture_files.py": OPENED,
    "sources/pixels/spooled_images.py": OPENED,
    "training/checkpoint.py": IDENTITY,
    "training/device.py": WRITES,
    "training/lease.py": IDENTITY,
    "training/run.py": IDENTITY,
    "training/score_file.py": IDENTITY,
    "training/score_log.py": IDENTITY,
}
"""Modules that read files without the layer, each with the reason."""


def reads(path: Path) -> list[str]:
    """Return the calls in a module that open or parse a file, each with its line."""
    text = path.read_text(encoding="utf-8")
    if not CANDIDATE.search(text):
        return []
    nodes = list(ast.walk(ast.parse(text)))
    of_layer = {
        name.asname or name.name
        for statement in nodes
        if isinstance(statement, ast.ImportFrom) and statement.module in ("medattn.reading", "medattn.files")
        for name in statement.names
    }
    found = []
    for call in (node for node in nodes if isinstance(node, ast.Call)):
        match call.func:
            case ast.Name(name):
                is_reader = name in READS and name not in of_layer
            case ast.Attribute(ast.Name(module), "load" | "loads" | "safe_load"):
                is_reader = module in PARSES
            case ast.Attribute(_, name):
                is_reader = name in READS
            case _:
                is_reader = False
        if is_reader:
            found.append(f"line {call.lineno}: {ast.unparse(call)}")
    # A value as JSON would give it back is no file.
    return [line for line in found if "json.loads(json.dumps(" not in line]


MODULES = {path.relative_to(CODE_FOLDER).as_posix(): path for path in sorted(CODE_FOLDER.rglob("*.py"))}


def test_no_module_reads_files_without_the_layer():
    others = {name: found for name, path in MODULES.items() if name not in LAYER and (found := reads(path))}
    unexpected = {name: found for name, found in others.items() if name not in EXCEPTIONS}
    assert not unexpected, "read files with medattn.reading, or add an exception with its reason"
    assert set(EXCEPTIONS) == set(others), "an exception is not needed any more"


def test_exceptions_for_the_identity_of_runs_belong_to_it():
    sources = PackageSources(CODE_FOLDER)
    kinds = ("cifar", "folder", "idrid", "isic2018", "jaffe", "medmnist")
    modules = [code_modules("gsa", "timm/resnet18", "fixed_epoch", None, kind, None, sources) for kind in kinds]
    closure = {name for of_kind in modules for name in of_kind}
    assert {name for name, reason in EXCEPTIONS.items() if reason == IDENTITY} <= closure


@pytest.mark.parametrize(
    "text",
    ["from pathlib import Path\nPath('a').read_text()", "import json\njson.loads(x)", "open('a')", "p.open('rb')"],
)
def test_every_way_of_reading_is_seen(tmp_path, text):
    module = tmp_path / "module.py"
    module.write_text(text)
    assert len(reads(module)) == 1
