import subprocess
import sys

import pytest

from medattn.layout import RunFiles
from medattn.training.turn import own_turn

HOLD = """
import sys, time
from pathlib import Path
from medattn.layout import RunFiles
from medattn.training.turn import own_turn
with own_turn(RunFiles(Path(sys.argv[1])), "theirs"):
    print("held", flush=True)
    sys.stdin.readline()
    RunFiles(Path(sys.argv[1])).record.touch()
"""


@pytest.mark.parametrize("ending", ["killed", "finished"])
def test_a_run_is_waited_for_until_its_process_ends_in_whatever_way(tmp_path, capfd, ending):
    files = RunFiles(tmp_path / "run")
    command = [sys.executable, "-c", HOLD, str(files.folder)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as first:
        assert first.stdout.readline() == "held\n"
        with subprocess.Popen(command, stderr=subprocess.PIPE, **pipes) as second:
            assert second.stderr.readline() == "theirs: another process trains this run; waiting for it\n"
            first.kill() if ending == "killed" else first.communicate("go\n")
            assert second.stdout.readline() == "held\n"
            second.kill()
    with own_turn(files, "mine"):
        files.record.touch()
    assert capfd.readouterr().err == ""
    assert [path.name for path in files.folder.iterdir()] == ["record.json"]


def test_a_run_that_failed_keeps_its_lock_file_for_those_who_wait(tmp_path):
    files = RunFiles(tmp_path / "run")
    with pytest.raises(RuntimeError), own_turn(files, "mine"):
        raise RuntimeError
    assert files.lock.exists()
