import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from medattn import __main__
from medattn.__main__ import COMMANDS, main
from medattn.commands import plan
from medattn.version import __version__

HEAVY = {"torch", "torchvision", "timm", "pandas", "numpy", "scipy", "sklearn", "matplotlib", "snakemake"}
HELP = """
import sys
from pathlib import Path
from medattn.__main__ import COMMANDS, main
for arguments in ([], ["--help"], ["-h"], *([name, "--help"] for name in COMMANDS)):
    try:
        code = main(arguments)
    except SystemExit as end:
        code = end.code
    assert code == 0, arguments
    print("=====")
print(",".join(sys.modules), file=sys.stderr)
"""


def test_every_help_is_a_page_with_the_shared_options_and_imports_no_heavy_library():
    done = subprocess.run([sys.executable, "-c", HELP], capture_output=True, text=True, check=True)
    pages = done.stdout.split("=====\n")[:-1]
    assert len(pages) == 3 + len(COMMANDS)
    assert pages[0] == pages[1] == pages[2]
    for name, page in zip(COMMANDS, pages[3:], strict=True):
        assert f"  {name} " in pages[0]
        assert page.startswith(f"usage: medattn {name} ")
        assert len(page.splitlines()) > 8, name
        assert "-v, --verbose" in page and "-q, --quiet" in page, name
    assert HEAVY.isdisjoint(done.stderr.strip().split(","))


def test_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"medattn {__version__}\n"


def test_an_unknown_command_suggests_the_nearest_name(capsys):
    assert main(["trian"]) == 2
    assert capsys.readouterr() == ("", "medattn: unknown command 'trian'; did you mean 'train'?\n")


def test_consistency_is_an_alias_of_claims(capsys):
    pages = []
    for name in ("claims", "consistency"):
        with pytest.raises(SystemExit):
            main([name, "--help"])
        pages.append(capsys.readouterr().out)
    assert pages[0] == pages[1]


def test_an_unknown_option_is_refused_with_code_2(capsys):
    with pytest.raises(SystemExit) as end:
        main(["plan", "--nonsense"])
    assert end.value.code == 2


def test_an_interrupted_command_prints_one_line_and_exits_with_130(monkeypatch, capsys):
    def interrupted(arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(plan, "run", interrupted)
    assert main(["plan"]) == 130
    assert capsys.readouterr().err == "medattn: interrupted; run the same command again to continue\n"


def test_a_closed_pipe_gives_code_141_and_no_message():
    """As in `medattn plan | head -1`, the reader closes the pipe before the command writes."""
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "medattn", "fetch", "--list"]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")


def test_a_message_is_one_line():
    assert str(__main__.UserError("two\n  lines")) == "two lines"


def shell(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    line = command.replace("medattn", f"{shlex.quote(sys.executable)} -P -m medattn", 1)
    return subprocess.run(["/bin/bash", "-c", line], cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("medattn --help > /dev/full", "the output: No space left on device"),
        ("medattn --version > /dev/full", "the output: No space left on device"),
        ("medattn plan --config config/demo.yaml > /dev/full", "the output: No space left on device"),
        ("medattn plan --config config/demo.yaml >&-", ""),
        ("medattn plan --config config/demo.yaml <&- >/dev/null", ""),
        ("_ARGCOMPLETE=1 medattn --version >/dev/null", ""),
        ("COMP_LINE=x COMP_POINT=y _ARGCOMPLETE=1 medattn --version >/dev/null", ""),
        ("mkdir gone && cd gone && rmdir ../gone && medattn plan", "the working folder was deleted"),
    ],
)
def test_odd_streams_and_places_end_in_at_most_a_line(tmp_path, command, says):
    done = shell(command, tmp_path)
    assert done.returncode == (2 if says else 0), done.stderr
    lines = done.stderr.splitlines()
    assert len(lines) == bool(says)
    assert says in done.stderr


@pytest.mark.parametrize("place", ["results", "results/demo", "data"])
def test_what_is_in_the_way_of_a_folder_is_named(tmp_path, monkeypatch, capsys, place):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / place
    path.parent.mkdir(exist_ok=True)
    command = ["fetch", "digits"] if place == "data" else ["plan", "--config", "config/demo.yaml", "--write"]
    for make, says in (
        (lambda: path.symlink_to("/nowhere/disk"), "a link to /nowhere/disk, which is not there"),
        (lambda: path.symlink_to(path.name), path.name),
        (lambda: path.write_text("x"), path.name),
    ):
        make()
        capsys.readouterr()
        assert main(command) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert says in line
        path.unlink()


def test_a_python_file_of_the_user_that_ends_the_program_is_an_error(monkeypatch, capsys):
    monkeypatch.setattr(plan, "run", lambda arguments: sys.exit(0))
    assert main(["plan"]) == 2
    assert "sys.exit" in capsys.readouterr().err
