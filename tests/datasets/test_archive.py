"""Archives of others: unpacked whole, inside their folder, or not at all."""

import hashlib
import io
import stat
import tarfile
import zipfile

import pytest

from medattn.datasets.archive import unpack
from medattn.datasets.prepare import fetch
from medattn.datasets.store import read_store
from medattn.errors import UserError
from medattn.plan.availability import can_be_fetched, missing_reason

from .conftest import entry_of

FILES = {"top/a.txt": b"one", "top/sub folder/b.txt": b"two" * 1000, "__MACOSX/._a": b"junk", "top/._a.txt": b"junk"}


def zipped(path, files=FILES, **attributes):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(name)
            for key, value in attributes.items():
                setattr(info, key, value)
            archive.writestr(info, content)
    return path


def tarred(path, files=FILES, **attributes):
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            for key, value in attributes.items():
                setattr(info, key, value)
            archive.addfile(info, io.BytesIO(content))
    return path


@pytest.mark.parametrize(("make", "name"), [(zipped, "a.zip"), (tarred, "a.tar.gz")])
def test_files_and_folders_come_out(tmp_path, make, name):
    unpack({make(tmp_path / name): None}, tmp_path / "out")
    assert (tmp_path / "out/top/a.txt").read_bytes() == b"one"
    assert (tmp_path / "out/top/sub folder/b.txt").read_bytes() == b"two" * 1000
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([name, "out"])
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["top"]


def packed(path, method):
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("x.png", b"x")


def linked(kind):
    return lambda path: tarred(path, {"top/link": b""}, type=kind, linkname="/etc/hostname", size=0)


@pytest.mark.parametrize(
    ("name", "make", "message"),
    [
        ("a.zip", lambda path: packed(path, zipfile.ZIP_LZMA), "'x.png' is packed by a method other than deflate"),
        ("a.zip", lambda path: packed(path, zipfile.ZIP_BZIP2), "'x.png' is packed by a method other than deflate"),
        ("a.zip", lambda path: zipped(path, {"../evil": b"x"}), "'../evil' would lie outside the folder"),
        ("a.zip", lambda path: zipped(path, {"/evil": b"x"}), "'/evil' would lie outside"),
        ("a.zip", lambda path: zipped(path, {"a/../../evil": b"x"}), "would lie outside"),
        ("a.zip", lambda path: zipped(path, {"C:evil": b"x"}), "would lie outside"),
        ("a.zip", lambda path: zipped(path, external_attr=(stat.S_IFLNK | 0o777) << 16), "neither a plain file nor"),
        ("a.tar.gz", lambda path: tarred(path, {"../evil": b"x"}), "'../evil' would lie outside"),
        ("a.tar.gz", linked(tarfile.SYMTYPE), "'top/link' is neither a plain file nor a folder"),
        ("a.tar.gz", linked(tarfile.LNKTYPE), "'top/link' is neither"),
        ("a.tar.gz", linked(tarfile.FIFOTYPE), "'top/link' is neither"),
        ("a.tar.gz", linked(tarfile.CHRTYPE), "'top/link' is neither"),
        ("a.zip", lambda path: zipped(path, {"a": b"x", "./a": b"y"}), "occurs twice"),
        ("a.zip", lambda path: path.write_bytes(b"no archive"), "not a readable archive"),
        ("a.tar.gz", lambda path: path.write_bytes(b"no archive"), "not a readable archive"),
        ("a.tar.gz", lambda path: path.write_bytes(tarred(path).read_bytes()[:60]), "not a readable archive"),
    ],
)  # fmt: skip
def test_what_is_dangerous_or_damaged_is_refused_and_nothing_is_left(tmp_path, name, make, message):
    inner = tmp_path / "inner"
    inner.mkdir()
    make(inner / name)
    with pytest.raises(UserError, match=message) as caught:
        unpack({inner / name: None}, inner / "out")
    assert "\n" not in str(caught.value)
    assert [path.name for path in inner.iterdir()] == [name]
    assert [path.name for path in tmp_path.iterdir()] == ["inner"]


def test_a_changed_zip_is_refused_by_its_checksum(tmp_path):
    path = zipped(tmp_path / "a.zip", {"a": bytes(range(256))}, compress_type=zipfile.ZIP_STORED)
    content = bytearray(path.read_bytes())
    content[100] ^= 1
    path.write_bytes(content)
    with pytest.raises(UserError, match="Bad CRC"):
        unpack({path: None}, tmp_path / "out")


@pytest.mark.parametrize(("make", "name"), [(zipped, "a.zip"), (tarred, "a.tar.gz")])
def test_more_than_the_limit_is_not_written(tmp_path, make, name):
    path = make(tmp_path / name, {"zeros": bytes(10_000_000)})
    with pytest.raises(UserError, match="unpacks to more than 1000000 bytes"):
        unpack({path: 1_000_000}, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == [name]


def images(tmp_path):
    from PIL import Image

    files = {}
    for folder in ("train/CNV", "train/DME", "test/CNV", "test/DME"):
        content = io.BytesIO()
        Image.new("L", (16, 16), len(files) * 50).save(content, "PNG")
        files[f"OCT2017/{folder}/x.png"] = content.getvalue()
    return files


def test_fetch_unpacks_archives_that_were_put_into_the_folder_of_data(tmp_path):
    source = {"kind": "class_folders", "size": 8, "archives": {"OCT2017.tar.gz": {}}, "obtain": "go and get it"}
    entry = entry_of(source=source, classes=["CNV", "DME"])
    assert "go and get it" in missing_reason("oct", entry, tmp_path)
    with pytest.raises(UserError, match="go and get it"):
        fetch("oct", entry, tmp_path)
    tarred(tmp_path / "OCT2017.tar.gz", images(tmp_path))
    assert can_be_fetched("oct", entry, tmp_path)
    assert "run `medattn fetch oct`" in missing_reason("oct", entry, tmp_path)
    store = read_store(fetch("oct", entry, tmp_path))
    assert len(store.splits["train"].labels) == 2
    assert (tmp_path / "oct/OCT2017/train/CNV/x.png").is_file()


def test_an_archive_is_downloaded_and_must_have_its_hash(tmp_path, server):
    server.content = tarred(tmp_path / "there.tar.gz", images(tmp_path)).read_bytes()
    about = {"url": server.url, "md5": hashlib.md5(server.content).hexdigest(), "bytes": len(server.content)}
    options = {"kind": "class_folders", "size": 8, "obtain": "go and get it"}

    def fetched(**changes):
        source = {**options, "archives": {"OCT2017.tar.gz": {**about, **changes}}}
        return fetch("oct", entry_of(source=source, classes=["CNV", "DME"]), tmp_path / "data", lambda *_: None)

    with pytest.raises(UserError, match=r"gave \d+ bytes with MD5 .*, not .*; by hand: go and get it"):
        fetched(md5="0" * 32)
    server.script = [404]
    with pytest.raises(UserError, match=r"answers HTTP 404 .*; by hand: go and get it"):
        fetched()
    assert [path.name for path in (tmp_path / "data").iterdir()] == [".oct.lock"]
    assert len(read_store(fetched()).splits["train"].labels) == 2
    assert (tmp_path / "data/OCT2017.tar.gz").read_bytes() == server.content


def test_a_folder_of_the_users_is_never_unpacked_into(tmp_path):
    entry = entry_of(source={"kind": "class_folders", "size": 8, "archives": {"OCT2017.tar.gz": {}}})
    tarred(tmp_path / "OCT2017.tar.gz", images(tmp_path))
    (tmp_path / "oct").mkdir()
    assert not can_be_fetched("oct", entry, tmp_path)
    with pytest.raises(UserError, match="train is missing"):
        fetch("oct", entry, tmp_path)
    assert not list((tmp_path / "oct").iterdir())


@pytest.mark.parametrize(
    ("archives", "message"),
    [
        ({"../a.zip": {}}, "not the name of a zip or tar.gz archive"),
        ({"a.rar": {}}, "not the name of a zip or tar.gz archive"),
        ({"a.zip": {"url": "file:///etc/passwd"}}, r"archives.a.zip.url: should match \^https\?"),
        ({"a.zip": {"sha": "0"}}, "unknown key 'sha'"),
    ],
)
def test_wrong_archives_are_refused(archives, message):
    with pytest.raises(UserError, match=message):
        entry_of(source={"kind": "class_folders", "archives": archives})
