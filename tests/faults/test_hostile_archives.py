"""Archives with arbitrary names and damage are unpacked inside the folder only, or refused in one line."""

import io
import stat
import tarfile
import zipfile
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medattn.datasets.archive import unpack
from medattn.errors import UserError

FUZZ = settings(max_examples=40, deadline=None)
PARTS = st.sampled_from(["a", "b.txt", "..", ".", "", "C:", "\\", "..\\x", "/", "~", "\x00", "é", "con", "x" * 300])
NAMES = st.lists(PARTS, min_size=1, max_size=4).map("/".join)
KINDS = st.sampled_from(
    [tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE]
)
MEMBERS = st.lists(
    st.tuples(NAMES, KINDS, st.sampled_from(["/etc/passwd", "../../out", "a", "."])), min_size=1, max_size=5
)
DAMAGE = st.none() | st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255))


def zipped(members) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, kind, target in members:
            entry = zipfile.ZipInfo("whole")
            entry.filename = name  # set afterwards, because the constructor would clean it
            if kind == tarfile.SYMTYPE:
                entry.external_attr = (stat.S_IFLNK | 0o777) << 16
            with suppress(UnicodeEncodeError):
                archive.writestr(entry, target)
    return buffer.getvalue()


def tarred(members) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, kind, target in members:
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = kind, target
            content = target.encode() if kind == tarfile.REGTYPE else b""
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def damaged(content: bytes, damage: tuple[float, int] | None) -> bytes:
    if damage is None:
        return content
    changed, place = bytearray(content), int(damage[0] * len(content))
    changed[place] ^= damage[1]
    return bytes(changed)


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(("make", "name"), [(zipped, "a.zip"), (tarred, "a.tar.gz")])
def test_nothing_lands_outside_and_nothing_but_a_line_is_said(make, name):
    @FUZZ
    @given(members=MEMBERS, damage=DAMAGE)
    def check(members, damage):
        with TemporaryDirectory() as folder:
            root = Path(folder)
            (root / name).write_bytes(damaged(make(members), damage))
            try:
                unpack({root / name: None}, root / "inside" / "out")
            except UserError as error:
                assert "\n" not in str(error)
                assert not (root / "inside" / "out").exists()
            left = {path.relative_to(root).parts[0] for path in root.iterdir()}
            assert left <= {name, "inside"}
            assert {path.name for path in (root / "inside").glob("*")} <= {"out"}
            for path in (root / "inside").rglob("*"):
                assert not path.is_symlink()
                assert path.is_dir() or path.is_file()

    check()
