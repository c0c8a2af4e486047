"""The history of seals: append-only, and what it shows of changed runs; signatures and kept root hashes."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from benchmarks.forger import change_json
from benchmarks.tampering import FOLDER

from medattn.__main__ import main as medattn
from medattn.audit.context import AuditContext
from medattn.audit.finding import Finding
from medattn.audit.manifest import seal
from medattn.audit.run_checks import run_checks
from medattn.files import sha256_of_value, write_json
from medattn.layout import ResultPaths


def sealed_again(results: ResultPaths) -> str:
    return seal(results, AuditContext(FOLDER).plan).root


def findings(check: str = "chain") -> list[Finding]:
    return list(run_checks(AuditContext(FOLDER), [check]))


def lines(results: ResultPaths) -> list[str]:
    return results.seals.read_text().splitlines()


def a_record(arm: str = "gsa") -> Path:
    return next(FOLDER.glob(f"runs/*.{arm}/train-s1-*/record.json"))


def change_a_record(results: ResultPaths) -> None:
    change_json(a_record(), lambda record: record.update(seconds=1.0))
    sealed_again(results)


def test_sealing_an_unchanged_folder_again_changes_nothing(finished):
    before = [path.read_bytes() for path in (finished.manifest, finished.seals)]
    root = json.loads(finished.manifest.read_text())["root"]
    assert sealed_again(finished) == root
    finished.manifest.unlink()  # as snakemake does before it seals
    assert sealed_again(finished) == root
    assert [path.read_bytes() for path in (finished.manifest, finished.seals)] == before
    assert not findings()


def test_a_seal_names_the_one_before_and_counts_what_changed(finished):
    first = json.loads(finished.manifest.read_text())["root"]
    (FOLDER / "tables" / "new.csv").write_text("1\n")
    (FOLDER / "epochs.csv").write_text("2\n")
    (FOLDER / "readings.csv").unlink()
    second = sealed_again(finished)
    entry = json.loads(lines(finished)[1])
    assert (entry["number"], entry["previous"], entry["root"]) == (2, first, second)
    changes = entry["changes"]["files"]
    assert list(changes["added"]) == ["tables/new.csv"]
    assert "epochs.csv" in changes["changed"]
    assert changes["removed"] == ["readings.csv"]
    assert not findings(), "tables may change between seals"


def test_a_finished_run_that_changed_between_two_seals_is_found_even_once_it_is_put_back(finished):
    before = a_record().read_bytes()
    change_a_record(finished)
    (finding,) = findings()
    assert finding.severity == "warning"
    assert "train-s1" in finding.found
    assert "seal 2" in finding.found
    a_record().write_bytes(before)
    sealed_again(finished)
    assert len(findings()) == 2


def test_a_finished_run_that_was_removed_or_replaced_is_found(finished):
    folder = a_record().parent
    kept = FOLDER.parent / "kept"
    shutil.move(folder, kept)
    sealed_again(finished)
    assert ["removed before seal 2" in finding.found for finding in findings()] == [True]
    shutil.move(kept, folder)
    change_a_record(finished)
    assert ["other records" in finding.found for finding in findings()] == [False, True]


def test_a_run_of_another_plan_may_be_deleted_but_no_seed_may_disappear(finished):
    old = a_record().parent
    other = old.with_name(old.name[:-10] + "0123456789")  # another code, the same seed
    shutil.copytree(old, other)
    seed = old.with_name("train-s9-0123456789")
    shutil.copytree(old, seed)
    sealed_again(finished)
    shutil.rmtree(other)
    shutil.rmtree(seed)
    sealed_again(finished)
    found = findings()
    assert [finding.severity for finding in found] == ["warning", "info"]
    assert "train-s9" in found[0].found and "train-s9" not in found[1].found


def drop_first(text: list[str]) -> list[str]:
    return text[1:]


def drop_middle(text: list[str]) -> list[str]:
    return [text[0], *text[2:]]


def drop_last(text: list[str]) -> list[str]:
    return text[:-1]


def exchange(text: list[str]) -> list[str]:
    return [text[1], text[0], *text[2:]]


def edit_time(text: list[str]) -> list[str]:
    entry = json.loads(text[0])
    entry["sealed"] = "2020-01-01T00:00:00+00:00"
    return [json.dumps(entry, separators=(",", ":"), ensure_ascii=False), *text[1:]]


def hide_a_change(text: list[str]) -> list[str]:
    entry = json.loads(text[1])
    entry["changes"]["files"]["changed"] = {}
    return [text[0], json.dumps(entry, separators=(",", ":"), ensure_ascii=False), *text[2:]]


def empty(_: list[str]) -> list[str]:
    return []


def no_json(text: list[str]) -> list[str]:
    return [*text, "[" * 100_000]


@pytest.mark.parametrize(
    "change", [drop_first, drop_middle, drop_last, exchange, edit_time, hide_a_change, empty, no_json]
)
def test_a_removed_or_edited_seal_breaks_the_history(finished, change, capsys):
    for number in range(2):
        change_json(a_record(), lambda record, number=number: record.update(seconds=float(number)))
        sealed_again(finished)
    finished.seals.write_text("".join(f"{line}\n" for line in change(lines(finished))))
    errors = [finding for finding in findings() if finding.severity == "error"]
    assert len(errors) == 1, change
    if change is not drop_last:  # a seal may have been interrupted between its two files
        assert medattn(["audit", str(FOLDER), "--seal"]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert "seals.jsonl" in line and "to begin a new history" in line


def test_a_lost_history_is_found_and_not_replaced_in_silence(finished, capsys):
    finished.seals.unlink()
    assert [(finding.severity, finding.place) for finding in findings()] == [("error", "seals.jsonl")]
    assert medattn(["audit", str(FOLDER), "--seal"]) == 2
    assert "seals.jsonl: no such file" in capsys.readouterr().err
    assert not finished.seals.exists()


def test_a_seal_of_the_first_schema_becomes_the_first_of_a_history(finished):
    value = json.loads(finished.manifest.read_text())
    old = {"schema": 1, "selection": value["selection"], "files": value["files"], "data": value["data"]}
    write_json(finished.manifest, {**old, "root": sha256_of_value(old)})
    finished.seals.unlink()
    assert not findings()
    change_a_record(finished)
    first, second = map(json.loads, lines(finished))
    assert second["previous"] == first["root"] == sha256_of_value(old)
    assert [finding.severity for finding in findings()] == ["warning"]


@pytest.fixture
def keys(tmp_path: Path) -> Callable[[str], Path]:
    """Makes a private key without a passphrase, and its file of allowed signers next to it."""
    if shutil.which("ssh-keygen") is None:
        pytest.skip("OpenSSH is not installed")

    def make(name: str) -> Path:
        key = tmp_path / name
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
        key.with_suffix(".signers").write_text(f"{name}@example.org {key.with_suffix('.pub').read_text()}")
        return key

    return make


def audit(*arguments: str) -> int:
    return medattn(["audit", str(FOLDER), "--check", "seal", "--all", *arguments])


def test_a_signed_seal_is_verified_and_only_the_key_can_sign(finished, keys, capsys):
    mine, other = keys("mine"), keys("other")
    assert medattn(["audit", str(FOLDER), "--seal", "--sign", str(mine)]) == 0
    assert "signed in " in capsys.readouterr().out
    assert audit("--signers", str(mine.with_suffix(".signers"))) == 0
    assert audit("--signers", str(other.with_suffix(".signers"))) == 1
    assert "by another key" in capsys.readouterr().out
    change_a_record(finished)
    assert audit("--signers", str(mine.with_suffix(".signers"))) == 1, "the last seal has no signature"
    shutil.copyfile(finished.signature(1), finished.signature(2))
    assert audit("--signers", str(mine.with_suffix(".signers"))) == 1
    assert "a signature of another root hash" in capsys.readouterr().out
    assert medattn(["audit", str(FOLDER), "--seal", "--sign", str(mine)]) == 0
    assert audit("--signers", str(mine.with_suffix(".signers"))) == 0


def test_openssh_alone_verifies_a_signature(finished, keys):
    key = keys("mine")
    assert medattn(["audit", str(FOLDER), "--seal", "--sign", str(key)]) == 0
    root = json.loads(finished.manifest.read_text())["root"]
    signers = ["-f", key.with_suffix(".signers"), "-I", "mine@example.org"]
    command = ["ssh-keygen", "-Y", "verify", *signers, "-n", "medattn"]
    subprocess.run([*command, "-s", finished.signature(1)], input=f"{root}\n", text=True, check=True)


def test_keys_and_signers_that_are_none_give_one_line(finished, tmp_path, capsys):
    (tmp_path / "key").write_text("no key")
    (FOLDER / "epochs.csv").write_text("2\n")
    before = [path.read_bytes() for path in (finished.manifest, finished.seals, finished.audit)]
    for arguments in (
        ["--seal", "--sign", str(tmp_path / "nothing")],
        ["--seal", "--sign", str(tmp_path / "key")],
        ["--sign", str(tmp_path / "key")],
        ["--signers", str(tmp_path / "nothing")],
        ["--expect-root", "abc"],
        ["--expect-root", "z" * 64],
    ):
        assert medattn(["audit", str(FOLDER), *arguments]) == 2
        assert len(capsys.readouterr().err.splitlines()) == 1, arguments
    assert [path.read_bytes() for path in (finished.manifest, finished.seals, finished.audit)] == before


def test_a_kept_root_hash_is_found_in_the_history_or_not_at_all(finished, capsys):
    root = json.loads(finished.manifest.read_text())["root"]
    assert audit("--expect-root", root) == 0
    assert audit("--expect-root", root[:32].upper()) == 0
    assert audit("--expect-root", "0" * 64) == 1
    (FOLDER / "epochs.csv").write_text("2\n")
    sealed_again(finished)
    capsys.readouterr()
    assert audit("--expect-root", root) == 1
    assert "1 later seal, up to" in capsys.readouterr().out
    for path in (finished.seals, finished.manifest):
        path.unlink()
    sealed_again(finished)
    assert audit("--expect-root", root) == 1, "a new history does not have the old root hash"
