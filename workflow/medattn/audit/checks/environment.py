"""Compared arms were trained with the same libraries and the same numerics."""

from collections.abc import Iterator, Mapping
from typing import Any

from medattn.audit.context import AuditContext
from medattn.audit.finding import Finding
from medattn.plan.finished_run import FinishedRun

_REMEDY = (
    "move the folders of these runs out of runs/, and train all compared arms in one environment: "
    "`medattn train --plan {plan}`"
)


def check_environment(context: AuditContext) -> Iterator[Finding]:
    """Report every property of the environment that differs between compared runs."""
    for members in context.compared():
        context.examined.update(runs=len(members))
        trained = [member for member in members if member.trained]
        facts = [_facts(member.record) for member in trained]
        for key in dict.fromkeys(key for one in facts for key in one):
            by_value: dict[str, list[FinishedRun]] = {}
            for member, one in zip(trained, facts, strict=True):
                by_value.setdefault(str(one.get(key, "unknown")), []).append(member)
            if len(by_value) > 1:
                yield _finding(key, by_value)


def _facts(record: Mapping[str, Any]) -> dict[str, Any]:
    environment = record["environment"]
    libraries = {name: version for name, version in environment["packages"].items() if name != "snakemake"}
    python = ".".join(environment["python"].split(".")[:2])
    # The recipe sets threads and precision; the check of records compares them.
    numerics = {key: value for key, value in record["numerics"].items() if key not in ("threads", "precision")}
    return {"python": python, **libraries, **numerics, "cpu": environment.get("cpu", "unknown")}


def _finding(key: str, by_value: Mapping[str, list[FinishedRun]]) -> Finding:
    found = "; ".join(
        f"{value} ({len(members)} runs, such as {members[0].run.id})" for value, members in by_value.items()
    )
    group = next(iter(by_value.values()))[0].cell.group
    # The CPU model alone changes nothing: its instruction set (cpu_capability) decides the last bits.
    severity = "info" if key == "cpu" else "warning"
    return Finding(severity, group, f"one value of {key} for all compared runs", found, "" if key == "cpu" else _REMEDY)  # type: ignore[arg-type]
