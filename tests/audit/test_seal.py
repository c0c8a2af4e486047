"""The seal covers everything in the folder, through links, and no litter; what it cannot cover is found."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from benchmarks.tampering import FOLDER

from medattn.__main__ import main as medattn
from medattn.audit.context import AuditContext
from medattn.audit.finding import Finding
from medattn.audit.folder_files import folder_files
from medattn.audit.manifest import seal
from medattn.audit.run_checks import run_checks
from medattn.files import write_json
from medattn.layout import ResultPaths
from medattn.temporary_files import new_temporary_file


def sealed_again(results: ResultPaths) -> str:
    return seal(results, AuditContext(FOLDER).plan).root


def faults(check: str = "seal") -> list[Finding]:
    return [finding for finding in run_checks(AuditContext(FOLDER), [check]) if finding.severity != "info"]


def files_of(results: ResultPaths) -> list[str]:
    return list(json.loads(results.manifest.read_text())["files"])


def link_runs(results: ResultPaths, scratch: Path) -> Path:
    """Move all runs to another disk, as clusters do."""
    shutil.move(results.folder / "runs", scratch / "runs")
    (results.folder / "runs").symlink_to(scratch / "runs")
    return scratch / "runs"


def link_a_cell(results: ResultPaths, scratch: Path) -> Path:
    cell = next((results.folder / "runs").iterdir())
    shutil.move(cell, scratch / cell.name)
    cell.symlink_to(scratch / cell.name)
    return scratch


def link_a_run(results: ResultPaths, scratch: Path) -> Path:
    run = next((results.folder / "runs").glob("*/*"))
    shutil.move(run, scratch / run.name)
    run.symlink_to(os.path.relpath(scratch / run.name, run.parent))
    return scratch


def link_a_file(results: ResultPaths, scratch: Path) -> Path:
    record = next((results.folder / "runs").glob("*/*/record.json"))
    shutil.move(record, scratch / "record.json")
    record.symlink_to(scratch / "record.json")
    return scratch


@pytest.mark.parametrize("link", [link_runs, link_a_cell, link_a_run, link_a_file])
def test_linked_files_and_folders_are_sealed_and_a_forged_record_there_is_found(finished, tmp_path, link):
    before = files_of(finished)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    moved = link(finished, scratch)
    root = sealed_again(finished)
    assert files_of(finished) == before
    assert not faults()
    record = next(moved.rglob("record.json"))
    record.write_text(record.read_text().replace('"seed": ', '"seed": 1'))
    assert [finding.place.endswith("record.json") for finding in faults()] == [True]
    assert sealed_again(finished) != root


def nowhere(folder: Path) -> str:
    (folder / "runs" / "scratch").symlink_to("/no/such/folder")
    return "runs/scratch"


def itself(folder: Path) -> str:
    (folder / "figures" / "link").symlink_to("link")
    return "figures/link"


def above(folder: Path) -> str:
    (folder / "tables" / "all").symlink_to(folder.absolute())
    return "tables/all"


def sibling(folder: Path) -> str:
    (folder / "copies").symlink_to("tables")
    return "copies"


def a_pipe(folder: Path) -> str:
    os.mkfifo(folder / "tables" / "pipe")
    return "tables/pipe"


def no_text(folder: Path) -> str:
    (folder / os.fsdecode(b"caf\xe9.csv")).touch()
    return "caf\\udce9.csv"


@pytest.mark.parametrize("make", [nowhere, itself, above, sibling, a_pipe, no_text])
def test_what_cannot_be_sealed_is_found_and_neither_hangs_nor_stops_the_seal(finished, make, capsys):
    name = make(FOLDER)
    assert medattn(["audit", str(FOLDER), "--seal"]) == 0
    (line,) = capsys.readouterr().err.splitlines()
    assert f"{name}: not sealed: " in line
    (finding,) = faults()
    assert (finding.severity, finding.place) == ("error", name)
    assert finding.remedy


def test_many_links_between_folders_are_walked_once(tmp_path):
    for number in range(20):
        (tmp_path / str(number)).mkdir()
        for side in "ab":
            (tmp_path / str(number) / side).symlink_to(tmp_path / str(number + 1))
    (tmp_path / "20").mkdir()
    (tmp_path / "20" / "x.csv").touch()
    assert folder_files(tmp_path).names == ["20/x.csv"]


def test_a_finished_run_of_the_plan_that_is_not_under_the_seal_is_an_error(finished):
    cell = next((FOLDER / "runs").iterdir())
    runs = len(list(cell.iterdir()))
    (FOLDER / "elsewhere").mkdir()
    shutil.move(cell, FOLDER / "elsewhere" / cell.name)
    cell.symlink_to(Path("..") / "elsewhere" / cell.name)
    sealed_again(finished)
    found = [finding for finding in faults() if finding.expected == "a finished run under the seal"]
    assert len(found) == runs
    assert {finding.severity for finding in found} == {"error"}


@pytest.mark.parametrize("name", [".DS_Store", "Thumbs.db", ".nfs00000000a", "desktop.ini", "._record.json", "x.csv~"])
@pytest.mark.parametrize("where", [".", "tables", "run"])
def test_litter_is_neither_sealed_nor_found(finished, name, where):
    before = finished.manifest.read_bytes()
    run = next(FOLDER.glob("runs/*/*"))
    (run if where == "run" else FOLDER / where).joinpath(name).write_text("litter")
    assert not faults()
    assert not faults("records")
    sealed_again(finished)
    assert finished.manifest.read_bytes() == before


def test_another_file_is_found(finished):
    (FOLDER / "tables" / "extra.csv").write_text("1\n")
    assert [finding.place for finding in faults()] == ["tables/extra.csv"]


def left_by_a_killed_process(folder: Path) -> Path:
    code = "import os, sys, pathlib; from medattn.temporary_files import new_temporary_file as new\n"
    code += "path = new(pathlib.Path(sys.argv[1])); path.write_text('half'); print(path, flush=True); os._exit(9)"
    command = [sys.executable, "-c", code, str(folder / "scores.safetensors")]
    return Path(subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip())


def test_sealing_removes_what_killed_processes_left_and_nothing_of_living_ones(finished):
    run = next(FOLDER.glob("runs/*/*"))
    alive = new_temporary_file(run / "scores.safetensors")
    dead = left_by_a_killed_process(run)
    assert dead.is_file()
    assert not faults()
    sealed_again(finished)
    assert not dead.exists()
    assert alive.is_file()
    assert not any(Path(name).name.startswith(".") for name in files_of(finished))


def test_working_files_of_a_run_in_progress_are_not_sealed(finished):
    before = finished.manifest.read_bytes()
    run = next(FOLDER.glob("runs/*/*"))
    for name in ("checkpoint.pt", "sessions.json", "lease-3"):
        (run / name).write_text("{}")
    assert not faults()
    assert not faults("records")
    sealed_again(finished)
    assert finished.manifest.read_bytes() == before


def test_the_seal_covers_the_papers_and_a_changed_published_value_is_reported(finished):
    path = Path("papers/tampering/published.csv")
    assert path.as_posix() in json.loads(finished.manifest.read_text())["papers"]
    path.write_text(path.read_text(encoding="utf-8").replace("90.00", "55.00"), encoding="utf-8")
    assert [(finding.severity, finding.place) for finding in faults()] == [("unchecked", path.as_posix())]


def test_a_prepared_file_that_appears_or_changes_is_found(finished):
    (folder,) = (path.parent for path in Path("data/prepared").glob("*/manifest.json"))
    (folder / "more.safetensors").write_text("x")
    write_json(folder / "manifest.json", {})
    places = {Path(finding.place).name for finding in faults()}
    assert places == {"more.safetensors", "manifest.json"}


@pytest.mark.parametrize("gone", ["data", "papers", "data/prepared/*/images.safetensors"])
def test_what_is_not_on_this_machine_stays_sealed_and_coming_back_is_no_error(finished, tmp_path, gone, capsys):
    root = json.loads(finished.manifest.read_text())["root"]
    (path,) = Path().glob(gone)
    path.rename(tmp_path / "aside")
    assert medattn(["audit", str(FOLDER), "--seal"]) == 0
    said = capsys.readouterr().out
    assert "not on this machine, so sealed as they were: " in said and root in said
    (tmp_path / "aside").rename(path)
    assert json.loads(finished.manifest.read_text())["root"] == root
    assert medattn(["audit", str(FOLDER), "--check", "seal", "--expect-root", root]) == 0


def test_a_removed_file_of_a_paper_or_data_set_that_is_here_leaves_the_seal(finished):
    (folder,) = (path.parent for path in Path("data/prepared").glob("*/manifest.json"))
    for path in (folder / "more.safetensors", Path("papers/tampering/more.csv")):
        path.write_text("x")
        before = sealed_again(finished)
        path.unlink()
        assert sealed_again(finished) != before
        assert not faults()


def test_sealing_says_what_is_about_an_earlier_seal_and_how_to_make_it_again(finished, capsys):
    kept = finished.audit.read_bytes()
    assert medattn(["audit", str(FOLDER), "--seal"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1, "nothing changed, so nothing is outdated"
    assert finished.audit.read_bytes() == kept
    (FOLDER / "notes.csv").write_text("2\n")
    finished.plan_table.write_text("")
    assert medattn(["audit", str(FOLDER), "--seal"]) == 0
    table, _, audit, page = capsys.readouterr().out.splitlines()
    assert "plan.csv" in table and "written again" in table
    assert "audit.json was removed" in audit and audit.endswith(f"medattn audit {FOLDER} --write")
    assert not finished.audit.exists()
    (finding,) = faults("report")
    assert "shows another root hash" in finding.found
    command = page.rpartition(": medattn ")[2]
    assert medattn(command.split()) == 0
    assert not faults("report")


def test_images_that_were_not_at_hand_for_the_first_seal_are_no_error_later(finished, tmp_path):
    for path in (finished.seals, finished.manifest):
        path.unlink()
    Path("data").rename(tmp_path / "aside")
    sealed_again(finished)
    (tmp_path / "aside").rename("data")
    assert not faults()
