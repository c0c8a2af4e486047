import argparse
import hashlib
import os

import pytest

from medattn.datasets.download import ProgressLines, download
from medattn.datasets.prepare import fetch
from medattn.datasets.store import read_store
from medattn.errors import UserError
from medattn.log import configure_logging

from .conftest import CONTENT, medmnist_entry

MD5 = hashlib.md5(CONTENT).hexdigest()


@pytest.fixture
def get(server, tmp_path):
    """Downloads from the test's server without waiting; returns the file, with the waits in `waits`."""
    target = tmp_path / "data" / "file.npz"
    waits = []

    def download_now(url=None, **options):
        options = {
            "size": len(CONTENT),
            "md5": MD5,
            "wait": waits.append,
            "progress": lambda *_: None,
            **options,
        }
        download(url or server.url, target, name="thing", **options)
        return target

    download_now.target, download_now.waits = target, waits
    return download_now


def left(target):
    return [path.name for path in target.parent.iterdir()]


def test_a_file_arrives_whole_and_alone(get):
    seen = []
    assert get(progress=lambda *bytes_: seen.append(bytes_)).read_bytes() == CONTENT
    assert left(get.target) == ["file.npz"]
    assert seen[-1] == (len(CONTENT), len(CONTENT))


def test_what_has_arrived_is_resumed(get, server):
    server.script = ["break off"]
    assert get().read_bytes() == CONTENT
    assert server.ranges == [None, f"bytes={len(CONTENT) // 2}-"]


def test_the_next_call_resumes_too(get, server):
    server.script = ["break off"]
    with pytest.raises(UserError, match="connection was lost"):
        get(attempts=1)
    assert left(get.target) == ["file.npz.part"]
    assert get().read_bytes() == CONTENT
    assert server.ranges[-1] == f"bytes={len(CONTENT) // 2}-"


def test_a_pipe_in_place_of_an_unfinished_download_is_refused_without_waiting(get):
    get.target.parent.mkdir()
    os.mkfifo(get.target.with_name("file.npz.part"))
    with pytest.raises(UserError, match=r"file\.npz\.part: not a file, but it has the name of an unfinished download"):
        get()


def test_a_server_without_ranges_starts_over(get, server):
    server.script = ["break off", "no ranges"]
    assert get().read_bytes() == CONTENT


@pytest.mark.parametrize("code", [503, 429, 500])
def test_passing_errors_are_tried_again_with_growing_waits(get, server, code):
    server.script = [code, code]
    assert get().read_bytes() == CONTENT
    assert get.waits == [2.0, 4.0]


def test_giving_up_says_what_to_do(get, server):
    server.script = [503] * 4
    with pytest.raises(UserError, match=r"on a machine with network run `medattn fetch thing`, then copy the file to"):
        get()
    assert len(server.ranges) == 4


def test_no_server_says_what_to_do(get):
    with pytest.raises(UserError, match=r"127.0.0.1:9 could not be reached"):
        get("http://127.0.0.1:9/file", attempts=2)


def test_a_missing_file_is_not_tried_again(get, server):
    server.script = [404]
    with pytest.raises(UserError, match="answers HTTP 404"):
        get()
    assert len(server.ranges) == 1


@pytest.mark.parametrize("hashes", [{"md5": "0" * 32}, {"md5": None, "sha256": "0" * 64}])
def test_a_wrong_hash_keeps_nothing(get, hashes):
    with pytest.raises(UserError, match="the file was deleted"):
        get(**hashes)
    assert left(get.target) == []


@pytest.mark.parametrize("content", [CONTENT + b"more", CONTENT * 3])
def test_a_longer_file_is_refused(get, server, content):
    server.content = content
    with pytest.raises(UserError, match="the file was deleted"):
        get()


def test_only_http_is_spoken(get, server, tmp_path):
    secret = tmp_path / "secret"
    secret.write_bytes(CONTENT)
    for url in (secret.as_uri(), "ftp://localhost/x"):
        with pytest.raises(UserError, match="not an http or https address"):
            get(url)
    server.script = [secret.as_uri()] * 4
    with pytest.raises(UserError):
        get()
    assert not get.target.exists()


def test_redirections_are_followed(get, server):
    server.script = [server.url]
    assert get().read_bytes() == CONTENT


def test_progress_is_log_lines_where_stderr_is_no_terminal(capsys):
    configure_logging("fetch", argparse.Namespace(verbose=False, quiet=False))
    progress = ProgressLines("thing")
    progress._last -= 10
    progress(50, 200)
    progress(60, 200)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith(" INFO fetch thing: 50 of 200 bytes (25 %)")


def test_quiet_downloads_show_no_progress(capsys, monkeypatch):
    configure_logging("fetch", argparse.Namespace(verbose=False, quiet=True))
    for terminal in (False, True):
        monkeypatch.setattr("sys.stderr.isatty", lambda terminal=terminal: terminal)
        progress = ProgressLines("thing")
        progress._last -= 10
        progress(200, 200)
    assert capsys.readouterr() == ("", "")


def test_fetch_downloads_and_prepares(server, tmp_path, medmnist_file):
    path = medmnist_file()
    entry = medmnist_entry(path)
    entry = entry.model_copy(update={"source": entry.source.model_copy(update={"url": server.url})})
    server.content = path.read_bytes()
    folder = fetch("tiny", entry, tmp_path / "data", progress=lambda *_: None)
    assert (tmp_path / "data" / "tinymnist.npz").read_bytes() == server.content
    assert read_store(folder).manifest["source_files"][0]["name"] == "tinymnist.npz"
