"""Downloads that are resumed, retried, and checked before use."""

import hashlib
import http.client
import logging
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
    UnknownHandler,
)

from medattn.errors import UserError
from medattn.files import disk_errors
from medattn.version import __version__

log = logging.getLogger(__name__)

_CHUNK = 1 << 18
_TIMEOUT_S = 60
_LONGEST_WAIT_S = 30.0
_TRANSIENT_STATUS = {408, 425, 429, 500, 502, 503, 504}

Progress = Callable[[int, int], None]
"""Called after each chunk with the bytes received and the bytes in total (0 where unknown)."""


class _TransientError(Exception):
    """An error that may not occur at the next attempt; the text is the reason."""


class _Hash(Protocol):
    def update(self, data: bytes, /) -> None: ...

    def hexdigest(self) -> str: ...


def download(
    url: str,
    target: Path,
    *,
    name: str,
    size: int | None = None,
    md5: str | None = None,
    sha256: str | None = None,
    attempts: int = 4,
    wait: Callable[[float], None] = time.sleep,
    progress: Progress | None = None,
    remedy: str | None = None,
) -> None:
    """Download `url` to `target`, which appears only when it is complete and has the given hash.

    Received bytes are kept in `<target>.part`, where this call or the next one resumes.

    Args:
        url: an http or https address.
        target: file to write.
        name: name of the data set, for messages.
        size: bytes that the file must have; None for the number that the server announces.
        md5: its MD5 in hexadecimal.
        sha256: its SHA-256 in hexadecimal; without either, the caller checks the file.
        attempts: number of attempts in case of transient errors.
        wait: called with the seconds to wait before each further attempt.
        progress: called with the bytes received; default: `ProgressLines`.
        remedy: what to do without network; default: fetch elsewhere and copy the file to `target`.

    Raises:
        UserError: no network, no such file, wrong size or hash (the file is deleted), or `target` can't be written.
    """
    if urlsplit(url).scheme not in {"http", "https"}:
        raise UserError(f"{name}: {url} is not an http or https address")
    part = target.with_name(target.name + ".part")
    tell = progress or ProgressLines(name)
    with disk_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
    for attempt in range(1, attempts + 1):
        try:
            announced = _receive(url, part, size, tell, name)
            break
        except _TransientError as error:
            if attempt == attempts:
                raise UserError(
                    f"{name}: {urlsplit(url).netloc} could not be reached ({error}); "
                    + (
                        remedy
                        or f"on a machine with network run `medattn fetch {name}`, then copy the file to {target}"
                    )
                ) from error
            wait(min(_LONGEST_WAIT_S, 2.0**attempt))
    with disk_errors(target):
        _check(part, url, name, announced, md5, sha256)
        part.replace(target)


def _check(part: Path, url: str, name: str, size: int | None, md5: str | None, sha256: str | None) -> None:
    """Compare size and hash of the received file with the expected ones; delete a file that differs."""
    arrived, kind = part.stat().st_size, "MD5" if md5 else "SHA-256"
    promised = md5 or sha256
    found = _digest(part, "md5" if md5 else "sha256") if promised else None
    if arrived != (arrived if size is None else size) or found != promised:
        part.unlink()
        raise UserError(
            f"{name}: {url} gave {arrived} bytes with {kind} {found}, not {size} bytes with {promised}; "
            "the file was deleted: it has changed on the server, or a proxy answered instead"
        )


class ProgressLines:
    """Progress of a download on stderr: one line that is updated on a terminal, else a log line every two seconds."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._last = time.monotonic()

    def __call__(self, arrived: int, size: int) -> None:
        """Report that `arrived` of `size` bytes are here, unless the last report was a moment ago."""
        if not log.isEnabledFor(logging.INFO):
            return
        terminal, now, whole = sys.stderr.isatty(), time.monotonic(), 0 < size <= arrived
        if now - self._last < (0.2 if terminal else 2.0) and not (whole and terminal):
            return
        self._last = now
        text = f"{self._name}: {arrived:,} bytes"
        if size:
            text = f"{self._name}: {arrived:,} of {size:,} bytes ({100 * arrived // size} %)"
        if terminal:
            print(f"\r{text}", end="\n" if whole else "", file=sys.stderr, flush=True)
        else:
            log.info("%s", text)


def _receive(url: str, part: Path, size: int | None, tell: Progress, name: str) -> int | None:
    """Download the missing rest of `part`; return the size that it must have, where known."""
    with disk_errors(part):
        if part.exists() and not part.is_file():
            raise UserError(f"{part}: not a file, but it has the name of an unfinished download; remove it")
        have = part.stat().st_size if part.exists() else 0
        if size is not None and have > size:
            part.unlink()
            have = 0
    if have == size:
        return size
    # The scheme was checked, and the opener knows http and https only.
    request = Request(url, headers={"User-Agent": f"medattn/{__version__}"})  # noqa: S310
    if have:
        request.add_header("Range", f"bytes={have}-")
    try:
        with _opener().open(request, timeout=_TIMEOUT_S) as response:
            resumed = response.status == 206 and response.headers.get("Content-Range", "").startswith(f"bytes {have}-")
            have = have if resumed else 0
            length = response.headers.get("Content-Length", "")
            whole = size if size is not None or not length.isdecimal() else have + int(length)
            _copy(response, part, have, whole, tell)
            return whole
    except HTTPError as error:
        error.close()
        if error.code == 416:
            part.unlink(missing_ok=True)
            raise _TransientError("the received part does not belong to the file") from error
        if error.code in _TRANSIENT_STATUS:
            raise _TransientError(f"HTTP {error.code} {error.reason}") from error
        raise UserError(f"{name}: {url} answers HTTP {error.code} {error.reason}; check the address") from error
    except URLError as error:
        raise _TransientError(str(error.reason)) from error
    except (http.client.HTTPException, TimeoutError, ConnectionError) as error:
        raise _TransientError(str(error) or type(error).__name__) from error


def _copy(response: http.client.HTTPResponse, part: Path, have: int, size: int | None, tell: Progress) -> None:
    with disk_errors(part):
        stream = part.open("ab" if have else "wb")
    with stream:
        # More than `size` bytes are never written: the hash refuses such a file anyway.
        while (size is None or have <= size) and (chunk := response.read(_CHUNK)):
            with disk_errors(part):
                stream.write(chunk)
            have += len(chunk)
            tell(have if size is None else min(have, size), size or 0)
    if size is not None and have < size:
        raise _TransientError(f"the connection was lost after {have} of {size} bytes")


def _opener() -> OpenerDirector:
    """Return an opener for http and https only, so no redirection leads to a local file."""
    opener = OpenerDirector()
    for handler in (
        ProxyHandler(),
        HTTPHandler(),
        HTTPSHandler(),
        HTTPRedirectHandler(),
        HTTPDefaultErrorHandler(),
        HTTPErrorProcessor(),
        UnknownHandler(),
    ):
        opener.add_handler(handler)
    return opener


def _digest(path: Path, kind: str) -> str:
    with path.open("rb") as stream:
        new: _Hash = hashlib.file_digest(stream, lambda: hashlib.new(kind, usedforsecurity=False))
        return new.hexdigest()
