"""`medattn run` and `medattn demo`: what they start, what they refuse, and how progress is shown."""

import io
import logging
import signal
import sys
from types import SimpleNamespace

import pytest
import yaml

from medattn.__main__ import main
from medattn.commands import run
from medattn.config.load import read_paper
from medattn.errors import UserError
from medattn.layout import ResultPaths
from medattn.shipped import SHIPPED, paper_folder, paper_names, selection_file
from medattn.status.progress_display import LiveProgress, LoggedProgress, Steps, display_for
from medattn.status.workflow_process import WorkflowOutput, follow

OURS = {"title": "Ours", "classes": ["a", "b"], "path": "ours", "source": {"kind": "folder", "size": 8}}


@pytest.fixture
def calls(monkeypatch):
    """What is started in place of Snakemake and of other commands."""
    found = []

    def follow(command, _):
        found.append(command)
        return 0

    monkeypatch.setattr("medattn.status.workflow_process.follow", follow)
    monkeypatch.setattr(run, "_call", lambda *arguments: found.append(arguments) or 0)
    return found


def test_a_selection_is_planned_run_audited_and_summarized(project, calls, capsys):
    assert project.medattn("run", "--cores", "3") == 0
    assert "2 of 2 cells can be run" in capsys.readouterr().out
    snakemake, audit, render, summary = calls
    assert snakemake[:4] == [sys.executable, "-P", "-m", "snakemake"]
    assert snakemake[snakemake.index("--cores") + 1] == "3"
    assert audit == ("audit", "results/trial", "--write")
    assert (render[0], summary[0]) == ("render", "summary")
    assert not (project.root / "results").exists(), "only Snakemake writes"


def test_the_demo_runs_in_an_empty_folder(tmp_path, monkeypatch, calls):
    monkeypatch.chdir(tmp_path)
    assert main(["demo", "--allow-fewer"]) == 0
    command = next(call for call in calls if isinstance(call, list))
    assert str(SHIPPED / "config" / "demo.yaml") in command
    assert "allow_fewer=true" in command
    assert list(tmp_path.iterdir()) == []


def test_a_selection_without_any_images_stops_before_any_work_and_says_what_to_fetch(project, calls, capsys):
    project.configure(papers={"tiny": {"datasets": ["ours"]}}, datasets={"ours": OURS})
    assert project.medattn("run") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("medattn: 0 of 2 cells can be run; nothing was started. ours: ")
    assert "ours" in line.split(":", 2)[2]
    assert calls == []


def test_public_images_are_fetched_first_and_without_them_nothing_starts(project, calls, capsys):
    project.configure(papers={"tiny": {"datasets": ["breastmnist"]}})
    assert project.medattn("run") == 2
    assert calls == [("fetch", "--config", "config.yaml")]
    assert "medattn fetch breastmnist" in capsys.readouterr().err


@pytest.mark.parametrize(("audited", "code"), [(0, 0), (3, 0), (1, 1), (2, 2)])
def test_the_exit_code_is_that_of_the_audit_unless_something_could_not_be_checked(project, monkeypatch, calls, audited, code):  # fmt: skip  # noqa: E501
    monkeypatch.setattr(run, "_call", lambda *arguments: audited if arguments[0] == "audit" else 0)
    assert project.medattn("run") == code


def test_a_failing_workflow_is_not_audited(project, monkeypatch, calls):
    monkeypatch.setattr("medattn.status.workflow_process.follow", lambda *_: 1)
    assert project.medattn("run") == 1
    assert calls == []


def test_without_snakemake_the_other_commands_work(project, monkeypatch, capsys):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert project.medattn("run") == 2
    assert "medattn run needs Snakemake" in capsys.readouterr().err
    assert project.medattn("plan") == 0


@pytest.mark.parametrize("cores", ["0", "-1", "two", "1.5"])
def test_wrong_cores_are_refused(project, calls, cores, capsys):
    with pytest.raises(SystemExit):
        project.medattn("run", "--cores", cores)
    assert "a number of cores" in capsys.readouterr().err or cores == "-1"
    assert calls == []


def test_a_profile_of_the_working_folder_comes_before_a_shipped_one(project, calls):
    for own in (False, True):
        calls.clear()
        if own:
            (project.root / "slurm").mkdir()
        assert project.medattn("run", "--profile", "slurm") == 0
        command = calls[0]
        assert command[command.index("--profile") + 1] == ("slurm" if own else str(SHIPPED / "slurm"))
        assert "--cores" not in command


def test_own_files_come_before_shipped_ones(project):
    assert paper_folder(project.root, "gsa") == SHIPPED / "papers" / "gsa"
    assert {"tiny", "gsa", "demo"} <= set(paper_names(project.root))
    (project.root / "papers" / "gsa").mkdir()
    assert paper_folder(project.root, "gsa") == project.root / "papers" / "gsa"
    demo = selection_file(project.root.relative_to(project.root) / "config" / "demo.yaml")
    assert demo == SHIPPED / "config" / "demo.yaml"
    (project.root / "config").mkdir()
    (project.root / "config" / "demo.yaml").write_text(yaml.safe_dump({}))
    assert selection_file(demo.relative_to(SHIPPED)) == demo.relative_to(SHIPPED)


def test_an_unknown_paper_says_where_it_was_searched(project, tmp_path_factory):
    empty = tmp_path_factory.mktemp("elsewhere")
    with pytest.raises(UserError) as error:
        read_paper("gas", empty / "papers", "config.yaml: papers")
    shipped = f"{SHIPPED / 'papers'}: {', '.join(paper_names(SHIPPED))}"
    assert str(error.value) == (
        "config.yaml: papers: unknown paper 'gas'; did you mean 'gsa'? "
        f"(searched {empty / 'papers'}, which does not exist; {shipped})"
    )
    with pytest.raises(UserError, match=f"searched {project.root / 'papers'}: tiny; "):
        read_paper("gas", project.root / "papers", "")


def test_what_snakemake_prints_is_read():
    output = WorkflowOutput()
    for line in (
        "job  count",
        "total    7",
        "[Sun Nov 29]",
        "Job 4: Training 3 runs of x",
        "2 of 7 steps (29%) done",
        "",
    ):
        output.read(line + "\n")
    assert output.steps == Steps(2, 7, "Training 3 runs of x")
    assert output.last[-1] == "2 of 7 steps (29%) done"


FAILING = """
print("Job 2: Rendering x")
print("medattn: my_plot.py:22: draw raised ValueError: boom")
for number in range(40):
    print("Restored previous version of", number)
print("medattn: my_plot.py:22: draw raised ValueError: boom")
print("Complete log(s): somewhere")
print("WorkflowError:")
raise SystemExit(1)
"""


def test_a_failing_workflow_ends_with_what_its_jobs_say(project, capsys):
    assert follow([sys.executable, "-c", FAILING], project.results) == 1
    shown = capsys.readouterr().err.splitlines()
    assert shown[-2:] == ["Complete log(s): somewhere", "medattn: my_plot.py:22: draw raised ValueError: boom"]
    assert not [line for line in shown if line.startswith("Restored")]
    failing = "print('Missing input files'); raise SystemExit(1)"
    assert follow([sys.executable, "-c", failing], project.results) == 1
    assert "Missing input files" in capsys.readouterr().err


def test_progress_of_runs_is_logged_without_a_terminal_and_live_on_one(project, caplog):
    from medattn.status.snapshot import take_snapshot
    from medattn.status.summary import status_of

    plan = project.plan()
    status = status_of(plan, take_snapshot(plan, project.results), project.results)
    logging.getLogger("medattn").propagate = True
    with caplog.at_level(logging.INFO, "medattn"), display_for(io.StringIO()) as display:
        assert isinstance(display, LoggedProgress)
        for _ in range(2):
            display.show(Steps(1, 9, "Training"), status)
    assert [record.getMessage() for record in caplog.records] == [
        "1 of 9 steps, 0 of 6 runs, 0 of 12 epochs, time left unknown; Training"
    ]
    terminal = SimpleNamespace(**{name: getattr(io.StringIO(), name) for name in ("flush", "close")})
    terminal.text, terminal.isatty = [], lambda: True
    terminal.write = lambda text: terminal.text.append(text)
    with display_for(terminal) as display:
        assert isinstance(display, LiveProgress)
        display.show(Steps(1, 9, "Training [x]"), status)
    shown = "".join(terminal.text)
    assert "1/9" in shown and "0/6" in shown and "0/12" in shown


def test_a_failing_process_shows_its_last_lines_and_its_exit_code(tmp_path, capfd):
    code = "import sys; [print('line', i) for i in range(90)]; print('the reason', file=sys.stderr); sys.exit(5)"
    assert follow([sys.executable, "-u", "-c", code], ResultPaths(tmp_path)) == 5
    shown = capfd.readouterr().err
    assert "the reason" in shown and "line 89" in shown and "line 3\n" not in shown


def test_sigterm_ends_the_workflow(tmp_path):
    import os
    import threading

    threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGTERM)).start()
    assert follow([sys.executable, "-c", "import time; time.sleep(60)"], ResultPaths(tmp_path)) == 143


@pytest.mark.parametrize(
    "text", ["__use_yte__: true\n", "a: &a [*a]\n", "papers:\n\ttiny: {}\n", "selection: a\nselection: b\n"]
)
def test_a_file_that_snakemake_reads_in_another_way_is_refused_before_it_starts(project, calls, capsys, text):
    (project.root / "mine.yaml").write_text(text)
    assert project.medattn("run", "--config", "mine.yaml") == 2
    assert capsys.readouterr().err.startswith("medattn: mine.yaml: ")
    assert calls == []
