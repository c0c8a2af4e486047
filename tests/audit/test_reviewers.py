"""What `medattn audit` tells a reviewer of a copy: what a seal disproves is wrong, and every command can be used."""

import json
import re
import shutil
import subprocess
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from benchmarks.tampering import FOLDER

from medattn.__main__ import main as medattn
from medattn.audit import commit_commands
from medattn.audit.checks import originals
from medattn.audit.context import AuditContext
from medattn.audit.finding import Finding
from medattn.audit.run_checks import run_checks
from medattn.files import read_json, write_json
from medattn.layout import ResultPaths
from medattn.report.finding_groups import group_findings
from tests.test_documents import ROOT

from .test_outcomes import audited, reseal, without_rights
from .test_papers import GIT

OF_AUTHORS = re.compile(r"medattn (train|render|crate|measure|complexity)|--seal|snakemake|\bdelete\b|\bremove it\b")


@pytest.fixture
def reviewer(finished, tmp_path, monkeypatch) -> ResultPaths:
    """A copy of the results alone; the working directory has the papers, and no images."""
    shutil.copytree("papers", tmp_path / "clone" / "papers")
    copy = shutil.copytree(finished.folder, tmp_path / "media" / "copy")
    monkeypatch.chdir(tmp_path / "clone")
    return ResultPaths(Path(copy))


def damage(results: ResultPaths) -> None:
    """Change what many checks look at."""
    results.measurements.write_text(results.measurements.read_text().replace("measured", "meant"))
    results.report.write_text("<html></html>")
    histories = sorted(results.folder.glob("runs/*/train-*/history.csv"))
    histories[0].write_text(histories[0].read_text() + "\n")
    shutil.rmtree(histories[-1].parent)
    (results.folder / "tables" / "more.csv").write_text("1\n")


def hidden(text: str) -> str:
    """Return text with hashes, which each folder has its own, replaced."""
    return re.sub(r"\b[0-9a-f]{12,64}\b", lambda found: "0" * len(found[0]), text)


def test_the_example_of_the_documentation_is_what_an_audit_prints(reviewer, capsys):
    assert medattn(["audit", str(reviewer.folder)]) == 3
    printed = capsys.readouterr().out.replace(str(reviewer.folder), "/media/copy")
    page = (ROOT / "docs/audit.md").read_text(encoding="utf-8")
    example = page.split("for example:\n\n```text\n", 1)[1].split("```", 1)[0]
    assert hidden(example) == hidden(printed)
    assert len(printed.splitlines()) < 20


def test_a_reviewer_gets_no_command_of_authors(reviewer, capsys):
    damage(reviewer)
    code, value = audited(capsys, str(reviewer.folder))
    assert code == 1
    wrong = [finding for finding in value["findings"] if finding["severity"] != "info"]
    assert {"seal", "completeness", "records", "tables"} <= {finding["check"] for finding in wrong}
    for finding in wrong:
        assert not OF_AUTHORS.search(f"{finding['remedy']} {finding['command']} {finding['found']}"), finding
        assert "{" not in finding["remedy"] + finding["command"]


def test_commands_for_an_author_name_the_folder_and_destroy_nothing(finished, capsys):
    damage(finished)
    code, value = audited(capsys, str(FOLDER))
    assert code == 1
    for finding in value["findings"]:
        said = f"{finding['remedy']} {finding['command']}"
        assert not re.search(r"\bdelete\b", said), finding
        for command in re.findall(r"medattn (?:train|fetch|render|audit|complexity)[^`]*", said):
            assert "results/tampering" in command, finding


def other_software(results: ResultPaths) -> None:
    reseal(results, lambda value: value["made_with"].update(code_sha256="0" * 64, commit="c0ffee0" * 5))


def other_papers(_: ResultPaths) -> None:
    paper = Path("papers/tampering/paper.yaml")
    paper.write_text(paper.read_text(encoding="utf-8").replace("A table", "Another table"), encoding="utf-8")


def nothing_else(_: ResultPaths) -> None:
    """The images are absent in any case."""


@pytest.mark.parametrize("explain", [other_software, other_papers, nothing_else])
def test_a_table_that_was_changed_since_it_was_sealed_is_wrong_whatever_could_explain_it(reviewer, capsys, explain):
    explain(reviewer)
    table = next(reviewer.folder.glob("tables/*.md"))
    table.write_text(table.read_text() + "\n<!-- by hand -->\n")
    code, value = audited(capsys, str(reviewer.folder), "--check", "tables")
    errors = {f["place"]: f["found"] for f in value["findings"] if f["severity"] == "error"}
    assert code == 1
    assert "changed since it was sealed" in errors[table.relative_to(reviewer.folder).as_posix()]


def damaged_record(run: Path) -> Path:
    (run / "record.json").write_text("{")
    return run / "record.json"


def flipped_byte(run: Path) -> Path:
    content = bytearray((run / "scores.safetensors").read_bytes())
    content[-2] ^= 64
    (run / "scores.safetensors").write_bytes(content)
    return run / "scores.safetensors"


@pytest.mark.parametrize("explain", [other_software, nothing_else])
@pytest.mark.parametrize("harm", [damaged_record, flipped_byte])
def test_damage_is_named_whatever_else_could_keep_tables_from_being_recomputed(reviewer, capsys, explain, harm):
    explain(reviewer)
    damaged = harm(next(reviewer.folder.glob("runs/*.gsa/train-s0-*"))).relative_to(reviewer.folder).as_posix()
    code, value = audited(capsys, str(reviewer.folder), "--check", "tables")
    assert code == 1
    wrong = [group for group in value["groups"] if group["severity"] == "error"]
    assert [group["cause"] for group in wrong] == [f"{damaged} changed since it was sealed"]
    reviewer.measurements.write_text(reviewer.measurements.read_text().replace("measured", "meant"))
    _, value = audited(capsys, str(reviewer.folder), "--check", "tables")
    assert "measurements.csv" in [finding["place"] for finding in value["findings"] if finding["severity"] == "error"]


def test_an_unsealed_damaged_record_is_no_want_of_images(reviewer, capsys):
    record = damaged_record(next(reviewer.folder.glob("runs/*.gsa/train-s0-*")))
    for path in (reviewer.manifest, reviewer.seals):
        path.unlink()
    code, value = audited(capsys, str(reviewer.folder), "--check", "tables")
    assert code == 1
    assert record.relative_to(reviewer.folder).as_posix() in value["findings"][-1]["found"]


@pytest.mark.parametrize(("name", "checks"), [
    ("measurements.csv", ["seal", "tables", "report"]),
    ("plan.json", ["seal", "plan", "completeness", "records", "data", "report"]),
])  # fmt: skip
def test_one_damaged_file_is_one_entry_that_names_it_and_blames_no_other(reviewer, capsys, name, checks):
    reviewer.folder.joinpath(name).write_text("garbage\n")
    code, value = audited(capsys, str(reviewer.folder))
    (wrong,) = [group for group in value["groups"] if group["severity"] in ("error", "warning")]
    assert (code, wrong["cause"], value["runs"]) == (1, f"{name} changed since it was sealed", 11)
    assert set(checks) <= set(wrong["checks"])
    assert "--seal" not in wrong["remedy"] and "code of these runs" not in wrong["remedy"]


def test_a_plan_that_was_changed_since_it_was_sealed_is_no_plan_of_another_version(reviewer, capsys):
    reviewer.plan.write_text(reviewer.plan.read_text().replace('"schema": 2', '"schema": 9'))
    code, value = audited(capsys, str(reviewer.folder), "--check", "tables", "--replay", "1")
    assert code == 1
    assert {finding["severity"] for finding in value["findings"]} == {"error"}
    assert {finding["check"] for finding in value["findings"]} == {"tables", "replay"}


def test_images_that_were_changed_are_wrong_although_other_files_of_them_are_absent(finished, capsys):
    (images,) = Path("data/prepared").glob("*/images.safetensors")
    manifest = images.with_name("manifest.json")
    manifest.write_text(manifest.read_text().replace('"stand_in": false', '"stand_in": true'))
    images.unlink()
    code, value = audited(capsys, str(FOLDER), "--check", "seal")
    assert code == 1
    assert [f["place"] for f in value["findings"] if f["severity"] == "error"] == [manifest.as_posix()]


def test_a_file_that_cannot_be_read_hides_no_other_that_is_wrong(finished, tmp_path, capsys):
    run = next(FOLDER.glob("runs/*.vanilla/train-s0-*"))
    history = run / "history.csv"
    history.write_text(history.read_text().replace("\n1,", "\n9,", 1))
    (run / "scores.safetensors").chmod(0)
    with without_rights():
        codes = {check: audited(capsys, str(FOLDER), "--check", check) for check in ("records", "training")}
    (run / "scores.safetensors").chmod(0o644)
    for check, (code, value) in codes.items():
        assert code == 1, check
        assert {"error", "unchecked"} <= {finding["severity"] for finding in value["findings"]}, check


def test_expected_and_found_values_are_whole_in_all_and_json_and_the_short_form_has_the_difference(reviewer, capsys):
    lines = reviewer.measurements.read_text().splitlines()
    lines[1] += "0" * 400 + "7"
    reviewer.measurements.write_text("\n".join(lines) + "\n")
    _, value = audited(capsys, str(reviewer.folder), "--check", "tables")
    (finding,) = [one for one in value["findings"] if one["place"] == "measurements.csv"]
    assert lines[1] in finding["found"] and lines[1][:-401] in finding["expected"]
    assert medattn(["audit", str(reviewer.folder), "--check", "tables", "--all"]) == 1
    assert lines[1] in capsys.readouterr().out


def test_the_short_form_keeps_names_at_the_end_and_values_from_where_they_differ():
    place = "/".join(["a" * 60, "b" * 60, "train-s0-0123456789"])
    values = ["0.5, " * 60 + "0.7", "0.5, " * 60 + "0.9"]
    found = [{"severity": "error", "check": "records", "place": place, "expected": values[0], "found": values[1]}]
    (group,) = group_findings([{**found[0], "remedy": ""}])
    assert place in group.title, "names of files are whole"
    assert "0.7" in group.title and "0.9" in group.title


def test_a_replay_without_papers_names_them_and_no_command_that_cannot_work(reviewer, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path / "media")
    code, value = audited(capsys, "copy", "--check", "pairing", "--replay", "1")
    assert code == 3
    assert {finding["cause"] for finding in value["findings"]} == {"papers of the plan are not on this machine"}
    assert not any(finding["command"] for finding in value["findings"])
    assert all("medattn audit copy --root" in finding["remedy"] for finding in value["findings"])


def test_git_commands_are_given_only_where_git_can_do_it(tmp_path, monkeypatch):
    git: dict[tuple[str, ...], str] = {}

    def answer(_: Path, *arguments: str) -> str:
        if arguments[:2] not in git:
            raise commit_commands.GitError("no")
        return git[arguments[:2]]

    monkeypatch.setattr(commit_commands, "git", answer)
    places = iter(range(9))

    def commands(results: str = "/media/copy", **answers: str) -> tuple[str, str]:
        for cached in (commit_commands.repository, commit_commands.has_commit, commit_commands._remote):
            cached.cache_clear()
        folder = tmp_path / str(next(places))
        git.clear()
        for name, text in answers.items():
            git[{"files": ("ls-files", "--error-unmatch"), "top": ("rev-parse", "--show-toplevel"),
                 "commit": ("cat-file", "-t")}[name]] = text  # fmt: skip
        return (
            commit_commands.fetch_command(folder, "c0ffee0", tmp_path),
            commit_commands.checkout_command(folder, "c0ffee0", tmp_path, Path(results)),
        )

    assert commands() == ("", "")
    assert commands(files="seeding.py", top="/clone") == ("", "")
    assert commands(files="seeding.py", top="/clone", commit="commit\n") == ("", "git -C /clone checkout c0ffee0")
    top = tmp_path.as_posix()
    _, inside = commands(results=f"{top}/results/a", files="seeding.py", top=f"{top}\n", commit="commit\n")
    place = "../at-c0ffee0"
    assert inside.startswith(f"git worktree add {place} c0ffee0 && cd {place} && PYTHONPATH=")
    assert inside.endswith(f"python -m medattn audit {top}/results/a")
    monkeypatch.setattr(commit_commands, "_remote", commit_commands.cache(lambda _: "origin"))
    assert commands(files="seeding.py", top="/clone") == (
        "git -C /clone fetch origin c0ffee0",
        "git -C /clone fetch && git -C /clone checkout c0ffee0",
    )
    for cached in (commit_commands.repository, commit_commands.has_commit):
        cached.cache_clear()


def test_results_in_a_repository_name_the_commit_that_wrote_them(tmp_path):
    run = partial(subprocess.run, cwd=tmp_path, check=True, capture_output=True)
    run([*GIT, "init", "-q"])
    for name in ("medattn/seeding.py", "results/a/plan.json", "results/a/audit.json"):
        tmp_path.joinpath(name).parent.mkdir(parents=True, exist_ok=True)
        tmp_path.joinpath(name).write_text("x")
        run([*GIT, "add", "."])
        run([*GIT, "commit", "-q", "-m", name])
    commits = run([*GIT, "log", "--format=%H"]).stdout.decode().split()
    assert commit_commands.commit_of_results(tmp_path / "medattn", tmp_path / "results/a") == commits[1][:12]
    assert commit_commands.commit_of_results(tmp_path / "medattn", Path("/media/copy")) == ""


def test_images_have_a_command_although_this_version_cannot_read_the_plan(tmp_path, monkeypatch, capsys):
    copy = shutil.copytree(ROOT / "results/reference/attention-at-28px-cpu", tmp_path / "copy")
    (tmp_path / "data").mkdir()
    monkeypatch.chdir(tmp_path)
    plan = read_json(copy / "plan.json")
    write_json(copy / "plan.json", {**plan, "schema": plan["schema"] - 1})
    _, value = audited(capsys, str(copy), "--check", "seal")
    assert "medattn fetch breastmnist" in {group["command"] for group in value["groups"]}


def test_the_last_line_says_that_a_folder_is_no_longer_as_it_was_sealed(finished, capsys):
    finished.measurements.write_text("x")
    assert medattn(["audit", str(FOLDER), "--check", "seal"]) == 1
    assert "; changed since it was sealed as " in capsys.readouterr().out.splitlines()[-1]


def test_the_last_line_shows_what_expect_root_takes(finished, capsys):
    assert medattn(["audit", str(FOLDER), "--check", "seal"]) == 0
    digits = capsys.readouterr().out.splitlines()[-1].rpartition("sealed as ")[2]
    assert medattn(["audit", str(FOLDER), "--check", "seal", "--expect-root", digits]) == 0
    assert medattn(["audit", str(FOLDER), "--check", "seal", "--expect-root", digits[:-1]]) == 2


def test_an_audit_names_its_time_and_version_and_the_one_in_the_folder_that_says_otherwise(finished, capsys):
    before = json.loads(finished.audit.read_text())
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", before["audited"])
    assert (before["medattn"] and "commit" in before["code"]) or "no_commit" in before["code"]
    assert medattn(["audit", str(FOLDER), "--check", "seal"]) == 0
    assert "says otherwise" not in capsys.readouterr().out
    finished.measurements.write_text(finished.measurements.read_text() + "\n")
    assert medattn(["audit", str(FOLDER), "--check", "seal"]) == 1
    (said,) = [line for line in capsys.readouterr().out.splitlines() if "says otherwise" in line]
    assert said.endswith("says otherwise: seal holds") and before["audited"] in said


def found_by(check: str) -> list[Finding]:
    return list(run_checks(AuditContext(FOLDER), [check]))


def test_an_original_that_nobody_can_look_at_could_not_be_checked(finished, monkeypatch):
    shut = Path("shut")
    (shut / "images").mkdir(parents=True)

    def look(*_: Any) -> bool:
        from medattn.reading import reading_errors

        with reading_errors(shut / "images"):
            return (shut / "images" / "images.csv").exists()

    monkeypatch.setattr(originals, "original_is_there", look)
    shut.chmod(0)
    with without_rights():
        found = found_by("originals")
    shut.chmod(0o755)
    assert [finding.severity for finding in found] == ["unchecked"]
    assert "shut/images" in found[0].found


def test_a_configuration_in_a_folder_that_cannot_be_entered_is_one_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    shut = tmp_path / "shut"
    shut.mkdir()
    (shut / "config.yaml").write_text("selection: a\n")
    shut.chmod(0)
    with without_rights():
        code = medattn(["plan", "--config", "shut/config.yaml"])
    shut.chmod(0o755)
    (line,) = capsys.readouterr().err.splitlines()
    assert code == 2
    assert "shut/config.yaml" in line and "ermission denied" in line
