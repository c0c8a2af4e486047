"""Inputs that ask for too much, and a process that measures what refusing each of them takes.

    python -m tests.faults.refusing FOLDER        prints JSON: for each input exit code, lines, seconds and bytes

Each input is refused in a fork of a process that has imported everything, so seconds of processor time and bytes of
memory are those of the refusal alone.
"""

import gzip
import io
import json
import os
import pkgutil
import resource
import signal
import sys
import zipfile
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from tests.config.test_limits import BOMBS, PHANTOM, ROOT, SELECTION, TOO_MUCH
from tests.datasets.test_medical_files import dicom, nifti
from tests.faults.test_bounded_data import bomb, npz, sparse

Case = Callable[[Path], list[str]]
MEMORY, SECONDS = 300 << 20, 30
IMPORTED = ("medattn.commands", "medattn.sources", "medattn.sources.pixels", "medattn.config", "medattn.plan")


def selection(value: object) -> Case:
    """Return a case whose config.yaml has a value."""
    return lambda folder: text(yaml.safe_dump(value).encode())(folder)


def text(content: bytes, name: str = "config.yaml", command: str = "plan --config config.yaml") -> Case:
    """Return a case in which one file has some bytes."""

    def make(folder: Path) -> list[str]:
        (folder / name).write_bytes(content)
        return command.split()

    return make


def special(make: Callable[[Path], object]) -> Case:
    """Return a case in which config.yaml is no regular file."""
    return lambda folder: [(make(folder / "config.yaml") and "plan") or "plan", "--config", "config.yaml"]


def plan(content: bytes) -> Case:
    """Return a case in which a plan has some bytes."""
    return text(content, "plan.json", "measure --plan plan.json")


def hole(name: str, command: str) -> Case:
    """Return a case in which a file has three gigabytes of nothing."""

    def make(folder: Path) -> list[str]:
        with (folder / name).open("wb") as stream:
            stream.truncate(3 << 30)
        return command.split()

    return make


def images(name: str, content: bytes, **source: Any) -> Case:
    """Return a case in which a data set of the user's own has one image."""

    def make(folder: Path) -> list[str]:
        (folder / "own").mkdir()
        (folder / "own" / name).write_bytes(content)
        (folder / "own" / "images.csv").write_text(f"image,label,split\n{name},a,train\n")
        entry = PHANTOM | {"path": "own", "source": {"kind": "folder", "size": 8, **source}}
        return fetching(folder, entry)

    return make


def fetching(folder: Path, entry: dict[str, Any]) -> list[str]:
    """Write a selection with one data set, and return the command that fetches it."""
    (folder / "config.yaml").write_text(yaml.safe_dump({**SELECTION, "datasets": {"own": entry}}))
    return ["fetch", "own", "--config", "config.yaml"]


def archive(name: str, content: Callable[[], bytes]) -> Case:
    """Return a case in which a data set comes as an archive."""

    def make(folder: Path) -> list[str]:
        (folder / "data").mkdir()
        (folder / "data" / name).write_bytes(content())
        return fetching(folder, PHANTOM | {"source": {"kind": "class_folders", "archives": {name: {}}}})

    return make


def lying_npz(folder: Path) -> list[str]:
    from medattn.sources.original_file import source_file

    file = source_file(npz(folder / "tiny.npz", (10**9, 8, 8)))
    counts = {split: [1, 1] for split in ("train", "val", "test")}
    source = {"kind": "medmnist", "set": "tiny", "md5": file.md5, "bytes": file.bytes}
    return fetching(folder, PHANTOM | {"path": "tiny.npz", "counts": counts, "source": source})


def many_members() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as zipped:
        for number in range(20_000):
            zipped.writestr(f"train/a/{number}.png", b"")
        zipped.writestr("train/a/last.png", bytes(300 << 20), zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def zeros_png() -> bytes:
    """A PNG whose comment unpacks to 200 MB."""
    import struct
    import zlib

    content = zlib.compress(bytes(200 << 20), 9)
    data = b"comment\0\0" + content
    chunk = struct.pack(">I", len(data)) + b"zTXt" + data + struct.pack(">I", zlib.crc32(b"zTXt" + data))
    return bomb()[:33] + chunk + bomb()[33:]


def huge_nifti() -> bytes:
    """Return a NIfTI file of one slice whose header has another shape."""
    content = bytearray(nifti(np.zeros((8, 8, 1), dtype=np.int16)))
    content[42:48] = b"\xff\x7f" * 3
    return bytes(content)


def facts(content: str) -> Case:
    """Return a case in which the facts of a paper have some text."""

    def make(folder: Path) -> list[str]:
        (folder / "papers").unlink()
        (folder / "papers" / "gsa").mkdir(parents=True)
        for name in ("paper.yaml", "published.csv"):
            (folder / "papers" / "gsa" / name).write_bytes((ROOT / "papers" / "gsa" / name).read_bytes())
        (folder / "papers" / "gsa" / "facts.yaml").write_text(content)
        return ["claims", "--paper", "gsa"]

    return make


CASES: dict[str, Case] = {
    **{f"selection: {name}": selection({**SELECTION, **changes}) for name, (changes, _) in TOO_MUCH.items()},
    **{f"YAML: {name}": text(content.encode()) for name, (content, _) in BOMBS.items()},
    "seed of 400 digits": text(b"selection: a\npapers: {gsa: {}}\nseeds: [" + b"9" * 400 + b"]\n"),
    "number of 5,000 digits in YAML": text(b"selection: a\npapers: {gsa: {}}\npack: " + b"9" * 5000),
    "number of 5,000 digits in a plan": plan(b'{"schema": ' + b"9" * 5000 + b"}"),
    "number of 900,000 digits in YAML": text(b"selection: a\npack: " + b"9" * 900_000),
    "nested JSON in a plan": plan(b"[" * 5_000_000),
    "nested mappings in a plan": plan(b'{"a":' * 1_000_000),
    "half a surrogate pair in a plan": plan(b'{"a": "\\ud800"}'),
    "half a surrogate pair in YAML": text(b'selection: "\\ud800"\n'),
    "NUL in YAML": text(b"selection: a\0\n"),
    "NUL in a plan": plan(b'{"a": "\0"}'),
    "NUL written as an escape": text(b'selection: "a\\0"\npapers: {gsa: {}}\n'),
    "pipe as a selection": special(os.mkfifo),
    "device as a selection": special(lambda path: path.symlink_to("/dev/zero")),
    "plan of three gigabytes": hole("plan.json", "measure --plan plan.json"),
    "selection of three gigabytes": hole("config.yaml", "plan --config config.yaml"),
    "npz with another shape than declared": lying_npz,
    "image of 1.6 gigapixels": images("x.png", bomb()),
    "image with a comment that unpacks to 200 MB": images("x.png", zeros_png()),
    "tar of two gigabytes of holes": archive("a.tar.gz", lambda: gzip.compress(sparse())),
    # Further ones that no report has named.
    "archive of 20,000 empty files and one of zeros": archive("a.zip", many_members),
    "plan of four million commas": plan(b"[" + b"0," * 4_000_001 + b"0]"),
    "plan of a text of 130 MB": plan(b'"' + b"a" * (130 << 20) + b'"'),
    "key of 900,000 letters": text(b"selection: a\n? " + b"k" * 900_000 + b"\n: 1\n"),
    "2,000 unknown keys": text("".join(f"papres{number}: 1\n" for number in range(2000)).encode()),
    "key that is nearly known, 100,000 letters": text(b"selection: a\n? " + b"papers" * 17_000 + b"\n: 1\n"),
    "anchors that contain themselves": text(b"selection: &a [*a]\n"),
    "20,000 values of a wrong type": text(b"selection: a\npapers: {gsa: {datasets: [" + b"1," * 20_000 + b"]}}\n"),
    "selection with a binary tag": text(b"selection: !!binary " + b"A" * 900_000 + b"\n"),
    "selection that runs code": text(b"selection: !!python/object/apply:os.mkdir [hacked]\n"),
    "DICOM with 65,535 rows and columns": images("x.dcm", dicom(Rows=65535, Columns=65535)),
    "NIfTI of 32,767 x 32,767 x 32,767": images("x.nii", huge_nifti()),
    "NIfTI without its magic": images("x.nii", huge_nifti()[:344] + bytes(8)),
    "facts that scan to 10^9": facts("test_sets: {a: {rows: {}, scan_to: 1000000000}}\n"),
    "facts of 10^12 repetitions": facts("test_sets: {a: {rows: {}, averaged: 1000000000000}}\n"),
}  # fmt: skip


def measured(case: Case, folder: Path) -> dict[str, Any]:
    """Make the files of a case, refuse them in a fork, and return code, message, seconds and bytes."""
    from medattn.__main__ import main

    folder.mkdir()
    (folder / "papers").symlink_to(ROOT / "papers")
    # In a fork as well, so that no memory which it has freed is there to be used again.
    in_fork(lambda: (folder / "arguments").write_text(json.dumps(case(folder))) and 0)
    arguments = json.loads((folder / "arguments").read_text(encoding="utf-8"))

    def refuse() -> int:
        os.chdir(folder)
        with (folder / "out").open("wb") as out:
            os.dup2(out.fileno(), 1)
            os.dup2(out.fileno(), 2)
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        signal.alarm(20 * SECONDS)
        before = address_space()["VmSize"]
        code = main(arguments)
        sys.stdout.flush()
        (folder / "bytes").write_text(str(address_space()["VmPeak"] - before))
        return code

    code, seconds = in_fork(refuse)
    return {
        "code": code,
        "lines": (folder / "out").read_text(encoding="utf-8", errors="replace").splitlines(),
        "seconds": seconds,
        "bytes": int((folder / "bytes").read_text(encoding="utf-8")) if (folder / "bytes").exists() else None,
        "hacked": (folder / "hacked").exists(),
    }


def in_fork(act: Callable[[], int]) -> tuple[int, float]:
    """Act in a fork of this process, and return its exit code and its seconds of processor time."""
    if (child := os.fork()) == 0:
        code = 99
        try:
            code = act()
        finally:
            os._exit(code)
    _, status, usage = os.wait4(child, 0)
    return os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime


def address_space() -> dict[str, int]:
    """Return present and largest size of the address space of this process in bytes, VmSize and VmPeak."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return {line.split(":")[0]: int(line.split()[1]) * 1024 for line in lines if line.startswith(("VmSize", "VmPeak"))}


def main() -> None:
    """Measure all cases in the folder that the command names."""
    for package in IMPORTED:
        for module in pkgutil.iter_modules(import_module(package).__path__):
            import_module(f"{package}.{module.name}")
    for name in ("scipy.sparse", "pandas", "pydicom.pixels", "nibabel", "medattn.measure.collect", "statsmodels.api"):
        import_module(name)
    folder = Path(sys.argv[1])
    found = {name: measured(case, folder / str(number)) for number, (name, case) in enumerate(CASES.items())}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
