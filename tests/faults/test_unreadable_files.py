"""Every command on every file that it reads, damaged in every way: one line and exit code 2, or findings."""

import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Project

CLASSIFIERS = {
    "arms": {"vanilla": None, "gsa": None, "svm": {"classifier": "svm", "grid": {"options.c": [0.1, 1.0]}}},
    "backbones": None,
    "figures": None,
}
PUBLISHED = (
    "paper,table,dataset,backbone,arm,split,metric,class_name,mean,std,unit,n_test,flags\n"
    "tiny,tiny-table,phantom,none,svm,test,accuracy,,90.0,,percent,12,\n"
)


def replaced(content: bytes) -> Callable[[Path], None]:
    return lambda path: path.write_bytes(content) and None


def link(target: str) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        path.unlink()
        path.symlink_to(target)

    return damage


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def halved(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


DAMAGES: dict[str, Callable[[Path], None]] = {
    "empty": replaced(b""),
    "half": halved,
    "pipe": pipe,
    "folder": folder,
    "dangling link": link("/no/such/file"),
    "device": link("/dev/zero"),
    "link to itself": lambda path: link(path.name)(path),
    "missing": Path.unlink,
    "NUL": replaced(b"a,b\n\0,1\n"),
    "Latin-1": replaced("a,ä\n1,ö\n".encode("latin-1")),
    "UTF-16": replaced("a,b\n1,2\n".encode("utf-16")),
    "a JSON list": replaced(b"[1, 2]"),
    "JSON null": replaced(b"null"),
    "a JSON object": replaced(b'{"schema": 2, "files": {}, "runs": {"x": 3}, "cells": 4, "packs": []}'),
    "deep JSON": replaced(b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    "5,000 digits": replaced(b'{"epochs": ' + b"9" * 5000 + b"}"),
    "a large number": replaced(b'{"epochs": 1e999, "seconds": -1e999}'),
    "half a surrogate pair": replaced(b'{"status": "\\ud812", "outputs": {"\\udc01": 1}}'),
    "a binary header": replaced(b"\xff" * 8 + b"{}" * 100),
    "a lying header": replaced(
        (59).to_bytes(8, "little") + b'{"scores":{"dtype":"F32","shape":[9],"data_offsets":[0,3]}}'
    ),
}  # fmt: skip
QUICK = ("half", "pipe", "NUL", "a JSON object", "half a surrogate pair")

RUN = "results/trial/runs/*/train-*"
PLAN = ("--plan", "results/trial/plan.json")
AUDIT = ("audit", "results/trial")
READERS: dict[str, list[tuple[str, ...]]] = {
    "config.yaml": [("plan",), ("fetch",), ("status",)],
    "papers/tiny/paper.yaml": [("plan",), ("measure", *PLAN), ("claims",)],
    "papers/tiny/published.csv": [("judge",), ("claims",), ("complexity",), ("power",)],
    "papers/tiny/facts.yaml": [("judge",), ("claims",), ("power",)],
    "results/trial/plan.json": [("measure", *PLAN), ("status",), ("fetch", *PLAN), AUDIT, ("crate", "results/trial")],
    "results/trial/graph.json": [AUDIT],
    "results/trial/manifest.json": [AUDIT, ("crate", "results/trial"), ("render", "--report")],
    "results/trial/audit.json": [("crate", "results/trial"), ("render", "--report")],
    "results/trial/measurements.csv": [("compare",), ("judge",), ("answer",), ("power",), ("next",), ("summary",)],
    "results/trial/comparisons.csv": [("judge",), ("render",)],
    "results/trial/claims.csv": [("render",), ("summary",)],
    "results/trial/answer.csv": [("render",), ("summary",)],
    "results/trial/complexity.csv": [("plan",), ("judge",), ("answer",), ("render",)],
    "results/trial/readings.csv": [("compare",), ("judge",)],
    "results/trial/rankings.csv": [("render",)],
    "results/trial/tuned/*.json": [("measure",), AUDIT],
    "results/trial/packs/train*.json": [("plan",), ("status",), ("next",)],
    f"{RUN}/record.json": [("measure",), ("status",), ("why", "tiny.phantom.none.svm"), AUDIT],
    f"{RUN}/record.jso[n]": [("crate", "results/trial")],
    f"{RUN}/history.csv": [("measure",), AUDIT],
    f"{RUN}/scores.safetensors": [("measure",), ("compare",), AUDIT],
    "results/trial/runs/*/tune-*/record.json": [("tune",)],
    "results/trial/runs/*/tune-*/history.csv": [("tune",)],
    "data/prepared/*/manifest.json": [("fetch", *PLAN), ("plan",), ("render", "--report")],
    "data/prepared/*/images.safetensors": [("fetch", *PLAN), AUDIT],
}  # fmt: skip


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    """A folder with a finished, sealed and audited selection."""
    root = tmp_path_factory.mktemp("finished")
    project = Project(root)
    project.configure(CLASSIFIERS)
    (root / "papers" / "tiny" / "published.csv").write_text(PUBLISHED)
    (root / "papers" / "tiny" / "facts.yaml").write_text("baseline: vanilla\n")
    before = Path.cwd()
    os.chdir(root)
    try:
        for command in ("train", "measure", "compare", "complexity --write", "judge", "answer", "render"):
            assert project.medattn(*command.split()) == 0
        project.medattn("audit", "results/trial", "--seal")
        project.medattn("render", "--report")
        project.medattn("audit", "results/trial", "--write")
    finally:
        os.chdir(before)
    return root


class HangsError(BaseException):
    """No command catches it."""


@pytest.fixture(autouse=True)
def no_command_hangs():
    def stop(*_: object) -> None:
        raise HangsError

    # Seconds of processor time, which other processes do not lengthen; and of waiting, as for a pipe.
    clocks = {signal.SIGPROF: (signal.ITIMER_PROF, 60), signal.SIGALRM: (signal.ITIMER_REAL, 600)}
    before = {number: signal.signal(number, stop) for number in clocks}
    for clock, seconds in clocks.values():
        signal.setitimer(clock, seconds)
    yield
    for number, (clock, _) in clocks.items():
        signal.setitimer(clock, 0)
        signal.signal(number, before[number])


def check(finished: Path, tmp_path: Path, monkeypatch, capsys, pattern: str, damage: str) -> None:
    for number, command in enumerate(READERS[pattern]):
        if (pattern, damage, command) == ("config.yaml", "missing", ("fetch",)):
            continue  # without a selection, the shipped one is fetched: gigabytes from the network
        project = Project(tmp_path / str(number))
        shutil.copytree(finished, project.root)
        monkeypatch.chdir(project.root)
        path = sorted(project.root.glob(pattern))[0]
        DAMAGES[damage](path)
        capsys.readouterr()
        code = project.medattn(*command)
        lines = [line for line in capsys.readouterr().err.splitlines() if not line.startswith("20")]
        assert code in (0, 1, 2, 3), (command, lines)
        assert code != 2 or (lines and all(line.startswith("medattn: ") for line in lines)), command
        assert command[0] in ("audit", "fetch") or len(lines) <= 1, (command, lines)
        shutil.rmtree(project.root)


@pytest.mark.parametrize("pattern", READERS)
def test_a_damaged_file_is_one_line(finished, tmp_path, monkeypatch, capsys, pattern):
    """Each file in one of the ways, another for each file; the slow test has them all."""
    number = list(READERS).index(pattern)
    check(finished, tmp_path, monkeypatch, capsys, pattern, QUICK[number % len(QUICK)])


@pytest.mark.parametrize("target", ["/no/such/file", "config.yaml"])
def test_a_link_that_leads_nowhere_is_not_replaced_by_a_shipped_file(project, capsys, target):
    (project.root / "config.yaml").unlink()
    (project.root / "config.yaml").symlink_to(target)
    for command in (("plan",), ("fetch",)):
        assert project.medattn(*command) == 2
        assert capsys.readouterr().err.startswith("medattn: config.yaml: ")


def test_a_paper_whose_link_leads_nowhere_is_not_replaced_by_the_shipped_one(project, capsys):
    project.configure(papers={"demo": {}})
    (project.root / "papers" / "demo").symlink_to("/no/such/folder")
    assert project.medattn("plan") == 2
    assert "papers/demo/paper.yaml: no such file" in capsys.readouterr().err


@pytest.mark.heavy
@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("pattern", READERS)
def test_every_damaged_file_is_one_line(finished, tmp_path, monkeypatch, capsys, pattern, damage):
    check(finished, tmp_path, monkeypatch, capsys, pattern, damage)
