"""Log lines: format, levels, and what goes to stdout."""

import argparse
import logging
import re
import sys

import pytest

from medattn import log
from medattn.log import configure_logging, logged_run, verbosity_flags
from medattn.training.run_queue import EpochProgress
from medattn.training.stop import Stop
from tests.conftest import Project

LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d (DEBUG|INFO|WARNING|ERROR) (\S+) (.*)")
FIXED_EPOCH = {"protocol": {"kind": "fixed_epoch", "folds": None, "measured_epochs": None}, "figures": None}


def configured(verbose: bool = False, quiet: bool = False) -> logging.Logger:
    configure_logging("train", argparse.Namespace(verbose=verbose, quiet=quiet))
    return logging.getLogger("medattn.training.somewhere")


def logged(capsys) -> list[tuple[str, ...]]:
    """Level, command and message of every line on stderr."""
    out, err = capsys.readouterr()
    assert out == ""
    matches = [LINE.fullmatch(line) for line in err.splitlines()]
    assert all(matches), err
    return [match.groups() for match in matches]


def test_a_line_has_time_level_command_and_run(capsys):
    logger = configured()
    logger.info("reading %d images", 12)
    with logged_run("[3/12] demo.digits.net.gsa/train-s0"):
        logger.warning("two\n  lines")
    logger.info("done")
    assert logged(capsys) == [
        ("INFO", "train", "reading 12 images"),
        ("WARNING", "train", "[3/12] demo.digits.net.gsa/train-s0: two lines"),
        ("INFO", "train", "done"),
    ]


@pytest.mark.parametrize(
    ("flags", "levels", "inherited"),
    [
        ({}, ["INFO", "WARNING", "ERROR"], []),
        ({"verbose": True}, ["DEBUG", "INFO", "WARNING", "ERROR"], ["--verbose"]),
        ({"quiet": True}, ["WARNING", "ERROR"], ["--quiet"]),
    ],
)
def test_verbose_and_quiet_set_the_level_and_workers_inherit_it(capsys, flags, levels, inherited):
    logger = configured(**flags)
    for level in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR):
        logger.log(level, "something")
    assert [line[0] for line in logged(capsys)] == levels
    assert verbosity_flags() == inherited


def test_other_libraries_stay_quiet_and_repeat_nothing(capsys):
    logger = configured(verbose=True)
    logging.getLogger("somebody.else").info("their progress")
    root = logging.getLogger()
    repeating = logging.StreamHandler(sys.stderr)
    root.addHandler(repeating)  # as logging.basicConfig() in a library does
    try:
        logger.info("our progress")
    finally:
        root.removeHandler(repeating)
    assert logged(capsys) == [("INFO", "train", "our progress")]


def test_configuring_again_replaces_the_handler(capsys):
    configured()
    configured().info("once")
    assert len(logged(capsys)) == 1


def test_an_exception_stays_in_its_line(capsys):
    logger = configured()
    try:
        raise ValueError("wrong")
    except ValueError:
        logger.exception("failed")
    ((level, _, message),) = logged(capsys)
    assert level == "ERROR"
    assert message.startswith("failed Traceback") and message.endswith("ValueError: wrong")


class _HeldLease:
    def check(self) -> None:
        pass


def test_progress_has_seconds_an_epoch_and_comes_every_ten_seconds(capsys, monkeypatch):
    configured()
    clock = [100.0]
    monkeypatch.setattr("medattn.training.run_queue.time.monotonic", lambda: clock[0])
    progress = EpochProgress(Stop(), _HeldLease())
    # Resumed after epoch 6; nothing is logged after the last epoch.
    for epoch, clock[0] in ((7, 106.0), (8, 112.0), (10, 124.0), (20, 160.0)):
        progress(epoch, 20)
    assert [line[2] for line in logged(capsys)] == ["epoch 8/20, 6.0 s/epoch", "epoch 10/20, 6.0 s/epoch"]


def test_a_command_logs_to_stderr_with_the_run_and_obeys_the_flags(project: Project, capsys):
    arms = {"lr": {"classifier": "logistic_regression"}, "vanilla": None, "gsa": None}
    project.configure({**FIXED_EPOCH, "arms": arms, "backbones": None})
    assert project.medattn("train") == 0
    (run,) = project.plan().runs
    capsys.readouterr()
    project.files(run).record.unlink()
    assert project.medattn("train") == 0
    assert re.fullmatch(rf"\[1/1\] {run}: 1 epochs in \d+\.\d s", logged(capsys)[0][2])
    project.files(run).record.unlink()
    assert project.medattn("train", "-q") == 0
    assert capsys.readouterr() == ("", "")
    project.files(run).record.unlink()
    assert project.medattn("train", "--verbose") == 0
    assert {line[0] for line in logged(capsys)} == {"DEBUG", "INFO"}


def test_an_error_is_one_line_of_the_command_at_every_level(project: Project, capsys):
    for flags in ([], ["-v"], ["-q"]):
        assert project.medattn("train", "--pack", "no-such-pack", *flags) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("medattn: unknown pack 'no-such-pack'")


def test_both_flags_at_once_are_refused(project: Project):
    with pytest.raises(SystemExit) as end:
        project.medattn("plan", "-v", "-q")
    assert end.value.code == 2


@pytest.fixture(autouse=True)
def _restored():
    """Leave the package's logger as it was."""
    logger = logging.getLogger("medattn")
    level, handlers, propagate = logger.level, list(logger.handlers), logger.propagate
    yield
    logger.setLevel(level)
    logger.handlers[:], logger.propagate = handlers, propagate
    assert log._run.get() == ""
