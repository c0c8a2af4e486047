"""Sessions on machines with different clocks are no fault of a run."""

from datetime import datetime, timedelta

import pytest
from benchmarks.tampering import FOLDER

from medattn.audit.checks.records import CLOCK_TOLERANCE
from medattn.audit.context import AuditContext
from medattn.audit.run_checks import run_checks
from medattn.files import read_json, write_json


@pytest.mark.parametrize(("seconds", "severity"), [
    (0, None), (-2, "info"), (-CLOCK_TOLERANCE, "info"), (-CLOCK_TOLERANCE - 1, "warning"), (-86400, "warning"),
])  # fmt: skip
def test_a_second_session_on_a_machine_whose_clock_is_behind(finished, seconds, severity):
    path = next(FOLDER.glob("runs/*/train-*/record.json"))
    record = read_json(path)
    first = record["sessions"][0]
    started = datetime.fromisoformat(first["started"])
    second = {**first, "started": (started + timedelta(seconds=seconds)).isoformat(), "seconds": 0.0}
    finish = max(started, datetime.fromisoformat(record["finished"])).isoformat()
    write_json(path, {**record, "sessions": [{**first, "epochs_at_end": 0}, second], "finished": finish})
    found = [finding for finding in run_checks(AuditContext(FOLDER), ["records"]) if "clock" in finding.expected]
    assert [finding.severity for finding in found] == ([severity] if severity else [])
    assert all(finding.severity != "error" for finding in run_checks(AuditContext(FOLDER), ["records"]))


def test_times_that_are_none_are_an_error(finished):
    path = next(FOLDER.glob("runs/*/train-*/record.json"))
    write_json(path, {**read_json(path), "finished": "yesterday"})
    assert [finding.severity for finding in run_checks(AuditContext(FOLDER), ["records"])] == ["error"]
