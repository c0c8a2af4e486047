"""When, where and with which code the runs of a selection were trained, from their records."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from medattn.render.inputs import Inputs
from medattn.report.audit_findings import sealed_root
from medattn.report.page_model import RunOrigin

Record = Mapping[str, Any]
_SHORT = 10
_LIBRARIES = ("torch", "torchvision", "timm", "scikit-learn")


def run_origin(inputs: Inputs, records: Iterable[Record]) -> RunOrigin:
    """Summarize the records of all runs; facts that no record contains are left out.

    Args:
        inputs: results of the earlier stages.
        records: the records of its runs.
    """
    known = list(records)
    facts = [
        ("Trained", _period(known)),
        ("Runs", _runs(known, sum(run.stage == "tune" for run in inputs.plan.runs.values()))),
        ("Training time", _training_time(known)),
        ("Device", _listed(_device(record) for record in known)),
        ("Code", _listed(_commit(record) for record in known)),
        ("Software", _listed(_software(record) for record in known)),
        ("Seeds", ", ".join(map(str, inputs.seeds))),
        ("Root hash", sealed_root(inputs.results)),
    ]
    return RunOrigin(len(known), [(what, value) for what, value in facts if value])


def _period(records: list[Record]) -> str:
    times = [str(record["finished"])[:10] for record in records if record.get("finished")]
    return "" if not times else " to ".join(_date(time) for time in dict.fromkeys((min(times), max(times))))


def _date(day: str) -> str:
    try:
        return f"{datetime.fromisoformat(day):%-d %B %Y}"
    except ValueError:
        return day


def _runs(records: list[Record], choosing: int) -> str:
    statuses = Counter(str(record["status"]) for record in records)
    failed = ", ".join(f"{count} {status}" for status, count in statuses.items() if status != "ok")
    others = f"; {choosing} more choose settings and are not counted here" if choosing else ""
    return f"{len(records)} finished" + (f", of which {failed}" if failed else "") + others


def _training_time(records: list[Record]) -> str:
    seconds = sum(float(record.get("seconds") or 0) for record in records)
    if seconds <= 0:
        return ""
    unit, name = (3600, "hours") if seconds >= 3600 else (60, "minutes") if seconds >= 60 else (1, "seconds")
    return f"{seconds / unit:.1f} {name}"


def _device(record: Record) -> str:
    numerics, environment = _part(record, "numerics"), _part(record, "environment")
    return str(numerics.get("gpu") or environment.get("gpu") or environment.get("cpu") or numerics.get("device") or "")


def _commit(record: Record) -> str:
    code = _part(record, "code")
    commit = str(code.get("commit") or "")[:_SHORT]
    return f"commit {commit}{' with changes' if code.get('dirty') else ''}" if commit else ""


def _software(record: Record) -> str:
    environment = _part(record, "environment")
    packages = _part(environment, "packages")
    named = [f"{name} {packages[name]}" for name in _LIBRARIES if name in packages]
    return ", ".join([*([f"Python {environment['python']}"] if environment.get("python") else []), *named])


def _part(record: Record, key: str) -> Record:
    part = record.get(key)
    return part if isinstance(part, Mapping) else {}


def _listed(values: Iterable[str]) -> str:
    """List the distinct values, most frequent first, with their frequencies if there are several."""
    counted = Counter(value for value in values if value)
    if len(counted) <= 1:
        return next(iter(counted), "")
    return "; ".join(f"{value} ({count} runs)" for value, count in counted.most_common())
