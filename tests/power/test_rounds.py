"""Two rounds with real training: the second one trains only what `medattn next` asks for."""

import json

import pytest

from medattn.audit.checks.pairing import check_pairing
from medattn.audit.context import AuditContext
from medattn.plan.plan_file import read_plan
from tests.power.conftest import PAPER, UNIT


def stages(project, config: str) -> None:
    for stage in ("train", "measure", "complexity", "judge"):
        options = ["--write"] if stage == "complexity" else []
        assert project.medattn(stage, "--config", config, *options) == 0


@pytest.mark.heavy
def test_the_second_round_trains_the_added_runs_only(gains, finish, capsys):
    gains.configure(PAPER, seeds={"looks": [3, 5]})
    stages(gains, "config.yaml")
    # Tiny networks learn little: these values leave one comparison open, which five seeds should decide.
    finish({"vanilla": 84 + 0 * UNIT[3], "gsa": 84.5 + 0.5 * UNIT[3]})
    records = {path: path.stat().st_mtime_ns for path in gains.results.folder.glob("runs/*/*/record.json")}
    assert len(records) == 4 * 3
    capsys.readouterr()
    assert gains.medattn("next", "--format", "json", "--write", "next.yaml") == 0
    wanted = json.loads(capsys.readouterr().out)["next_round"]
    assert set(wanted["cells"]) == {"tiny.phantom.net.gsa", "tiny.phantom.net.vanilla"}
    assert wanted["runs"] and wanted["hours"] > 0 and not wanted["hours_estimated"]

    stages(gains, "next.yaml")
    after = {path: path.stat().st_mtime_ns for path in gains.results.folder.glob("runs/*/*/record.json")}
    assert {path: after[path] for path in records} == records
    trained = {"/".join(path.parts[-3:-1]) for path in after.keys() - records.keys()}
    assert (
        trained
        == set(wanted["runs"])
        == set(read_plan(gains.results.plan).runs) - {"/".join(path.parts[-3:-1]) for path in records}
    )
    # Arms at different looks are as planned, so the audit has nothing to say about their seeds.
    assert list(check_pairing(AuditContext(gains.results.folder))) == []
    capsys.readouterr()
    assert gains.medattn("next", "--config", "next.yaml", "--format", "json") == 0
    last = json.loads(capsys.readouterr().out)
    assert last["next_round"]["cells"] == {}
