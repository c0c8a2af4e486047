import os
import subprocess
import sys

import pytest

from medattn import __main__
from medattn.__main__ import COMMANDS, main
from medattn.commands import plan
from medattn.version import __version__

HEAVY = {"torch", "torchvision", "timm", "pandas", "numpy", "scipy", "sklearn", "matplotlib", "snakemake"}
HELP = """
import sys
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
