"""Arms that are compared were trained by the same libraries and with the same numerics."""

from collections.abc import Iterator, Mapping
from typing import Any

from medattn.audit.context import AuditContext, Ended
from medattn.audit.finding import Finding

_REMEDY = "train the arms that differ again in one environment (delete their folders first)"


def check_environment(subject: AuditContext) -> Iterator[Finding]:
    """List every fact about the environment that differs within what is compared."""
    for members in subject.compared():
        trained = [member for member in members if member.trained]
        facts = [_facts(member.record) for member in trained]
        for key in dict.fromkeys(key for one in facts for key in one):
            by_value: dict[str, list[Ended]] = {}
            for member, one in zip(trained, facts, strict=True):
                by_value.setdefault(str(one.get(key, "unknown")), []).append(member)
            if len(by_value) > 1:
                yield _finding(key, by_value)


def _facts(record: Mapping[str, Any]) -> dict[str, Any]:
    environment = record["environment"]
    libraries = {name: version for name, version in environment["packages"].items() if name != "snakemake"}
    python = ".".join(environment["python"].split(".")[:2])
    # Threads and precision belong to recipes, which the check of records compares.
    numerics = {key: value for key, value in record["numerics"].items() if key not in ("threads", "precision")}
    return {"python": python, **libraries, **numerics, "cpu": environment.get("cpu", "unknown")}


def _finding(key: str, by_value: Mapping[str, list[Ended]]) -> Finding:
    found = "; ".join(
        f"{value} ({len(members)} runs, such as {members[0].run.id})" for value, members in by_value.items()
    )
    group = next(iter(by_value.values()))[0].cell.group
    # Which processor it was is worth knowing; what it can do (cpu_capability) is what decides the last bits.
    severity = "info" if key == "cpu" else "warning"
    return Finding(severity, group, f"one {key} for all that is compared", found, "" if key == "cpu" else _REMEDY)  # type: ignore[arg-type]
