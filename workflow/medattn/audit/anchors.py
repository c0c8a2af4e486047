"""Anchors outside of the folder: signatures of its seals by OpenSSH keys, and root hashes that somebody keeps.

Who can write to a folder can seal it again, and even begin a new history. Only what lies outside of their reach shows
that: a signature needs the private key, and a root hash in a paper, an e-mail or a signed git tag cannot be changed.

`ssh-keygen -Y` signs the root hash, followed by a line break, in the namespace `medattn`. So anybody can verify a
signature without medattn:

    echo ROOT | ssh-keygen -Y verify -f SIGNERS -I NAME -n medattn -s results/demo/signatures/seal-1.sig
"""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from medattn.audit.context import AuditContext
from medattn.audit.finding import Finding
from medattn.audit.obstacles import damaged_file
from medattn.audit.seals import Seal, read_seals
from medattn.errors import UserError
from medattn.files import write_bytes
from medattn.layout import ResultPaths

CHECK = "anchor"
_NAMESPACE = "medattn"
FEWEST_DIGITS = 32
"""Digits of a root hash that the audit prints and `--expect-root` needs. Nobody can find another folder whose root hash
begins with them; for 16 digits, a forger with much computing power could."""
_DO_NOT_TRUST = "do not trust the folder: compare it with a copy"


def sign(results: ResultPaths, key: Path) -> Path:
    """Sign the last seal of a folder, and return the file of the signature.

    Args:
        results: a sealed folder.
        key: a private OpenSSH key, or a public one whose private key an agent holds.

    Raises:
        UserError: OpenSSH is not installed or refuses the key.
    """
    seal = read_seals(results)[-1]
    path = results.signature(seal.number)
    write_bytes(path, _signed(key, seal.root))
    return path


def check_key(key: Path) -> None:
    """Sign a text that is no root hash, so that a key that cannot sign is known before a seal is written.

    Raises:
        UserError: OpenSSH is not installed or refuses the key.
    """
    _signed(key, "")


def _signed(key: Path, text: str) -> bytes:
    if not key.is_file():
        raise UserError(f"{key}: no such key; make one with `ssh-keygen -t ed25519 -f {key}`")
    signed = _ssh_keygen("sign", "-f", str(key), "-n", _NAMESPACE, text=text)
    if signed.returncode:
        raise UserError(f"{key}: it cannot sign ({_said(signed)})")
    return signed.stdout


def check_signatures(context: AuditContext, signers: Path) -> Iterator[Finding]:
    """Find seals without a valid signature of an allowed signer: the last one, and earlier ones with a signature.

    Args:
        context: the results folder.
        signers: file of allowed signers, as `man ssh-keygen` describes: a name and a public key in each line.

    Raises:
        UserError: OpenSSH is not installed, or there is no such file of signers.
    """
    if not signers.is_file():
        raise UserError(f"{signers}: no such file; it holds a line `NAME ssh-ed25519 KEY` for each allowed signer")
    try:
        seals = read_seals(context.results) if context.results.seals.is_file() else []
    except UserError as error:
        damaged = Finding("error", context.results.seals.name, "a history with signed seals", str(error), check=CHECK)
        yield replace(damaged_file(damaged, error), check=CHECK)
        return
    expected = f"a signature by one of the keys in {signers}"
    for seal in seals:
        path = context.results.signature(seal.number)
        place = path.relative_to(context.results.folder).as_posix()
        if not path.is_file():
            if seal is seals[-1]:
                remedy = "ask the owner to sign it with `medattn audit {folder} --seal --sign KEY`"
                yield Finding("error", place, f"{expected} of {seal.name}", "none", remedy, check=CHECK)
            continue
        name, problem = _signer(path, seal, signers)
        if name:
            yield Finding("info", place, expected, f"{seal.name} was signed by {name}", check=CHECK)
        else:
            yield Finding("error", place, f"{expected} of {seal.name}", problem, _DO_NOT_TRUST, check=CHECK)
    if not seals:
        yield Finding("error", context.results.seals.name, expected, "no seal with a history", check=CHECK)


def check_root(context: AuditContext, expected: str) -> Iterator[Finding]:
    """Find whether a kept root hash is that of the last seal, of an earlier seal or of none.

    Args:
        context: the results folder.
        expected: the root hash, or at least its first 32 digits.

    Raises:
        UserError: `expected` is no root hash.
    """
    digits = expected.strip().lower()
    if not re.fullmatch(rf"[0-9a-f]{{{FEWEST_DIGITS},64}}", digits):
        raise UserError(f"--expect-root {expected}: not a root hash ({FEWEST_DIGITS} to 64 hexadecimal digits)")
    roots, seals = _roots(context)
    if roots and roots[-1].startswith(digits):
        return
    place, remedy = context.results.manifest.name, "if you don't know who sealed it again, compare it with a copy"
    for position, root in enumerate(roots):
        if root.startswith(digits):
            later = seals[position + 1 :]
            counts = ", ".join(
                f"{sum(s.counts[kind] for s in later)} {kind}" for kind in ("added", "changed", "removed")
            )
            seals_since = "1 later seal" if len(later) == 1 else f"{len(later)} later seals"
            found = f"{seals_since}, up to {roots[-1]}; files: {counts}"
            yield Finding("warning", place, f"root hash {expected}", found, remedy, check=CHECK)
            return
    found = roots[-1] if roots else "no seal"
    yield Finding("error", place, f"root hash {expected}", found, _DO_NOT_TRUST, check=CHECK)


def _roots(context: AuditContext) -> tuple[list[str], list[Seal]]:
    """Return all root hashes, oldest first, and their seals; a seal by an earlier version has no history."""
    try:
        seals = read_seals(context.results)
    except UserError:
        root = str(context.sealed.get("root", ""))
        return ([root] if root else []), []
    return [seal.root for seal in seals], seals


def _signer(signature: Path, seal: Seal, signers: Path) -> tuple[str, str]:
    """Return the name of the signer of a seal, or "" and the reason why the signature does not count."""
    found = _ssh_keygen("find-principals", "-s", str(signature), "-f", str(signers), text="")
    if found.returncode:
        return "", f"a signature by another key ({_said(found)})"
    for name in found.stdout.decode(errors="replace").splitlines():
        verified = _ssh_keygen(
            *("verify", "-f", str(signers), "-I", name, "-n", _NAMESPACE, "-s", str(signature)), text=seal.root
        )
        if verified.returncode == 0:
            return name, ""
    return "", "a signature of another root hash"


def _ssh_keygen(*arguments: str, text: str) -> "subprocess.CompletedProcess[bytes]":
    command = ["ssh-keygen", "-Y", *arguments]
    try:
        return subprocess.run(command, input=f"{text}\n".encode(), capture_output=True, check=False)
    except FileNotFoundError as error:
        raise UserError("ssh-keygen is not installed; install OpenSSH 8.2 or later to sign and verify seals") from error


def _said(process: "subprocess.CompletedProcess[bytes]") -> str:
    lines = process.stderr.decode(errors="replace").split("\n")
    return " ".join(" ".join(lines).split())[:200] or f"exit code {process.returncode}"
