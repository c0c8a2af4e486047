"""Run the checks of an audit. A check that fails becomes a finding, and the other checks still run."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from medattn.audit.context import AuditContext
from medattn.audit.finding import Finding
from medattn.audit.registry import CHECKS, WITHOUT_PLAN
from medattn.errors import UserError
from medattn.plan.plan_file import SCHEMA


def checks_to_run(context: AuditContext, names: Sequence[str] | None = None) -> list[str]:
    """Return the checks that can run on a folder: without a readable plan, only those that need none."""
    asked = CHECKS if names is None else names
    return [name for name in asked if context.other_plan_schema is None or name in WITHOUT_PLAN]


def run_checks(context: AuditContext, names: Sequence[str] | None = None) -> Iterator[Finding]:
    """Yield the findings, check by check. The checks run as the findings are consumed.

    Args:
        context: the results folder.
        names: names of the checks; None for all.
    """
    if context.other_plan_schema is not None:
        yield _unreadable_plan(context, names)
    for name in checks_to_run(context, names):
        folder, expected = str(context.results.folder), "files that can be checked"
        try:
            for finding in CHECKS[name](context):
                yield replace(finding, check=name)
        except UserError as error:
            yield Finding("error", folder, expected, str(error), check=name)
        except Exception as error:  # damaged files raise many types; none may hide the findings of other checks
            found = " ".join(f"{type(error).__name__}: {error}".split())
            yield Finding("error", folder, expected, found, check=name)


def _unreadable_plan(context: AuditContext, names: Sequence[str] | None) -> Finding:
    """Say which checks cannot run because another version of medattn wrote the plan, and which version can run them."""
    able = checks_to_run(context, names)
    unable = [name for name in (CHECKS if names is None else names) if name not in able]
    parts = [*unable, *(["records (their agreement with the plan)"] if "records" in able else [])]
    records, schema = context.records(), context.other_plan_schema
    commits = sorted({str(kept.record["code"]["commit"])[:12] for kept in records if _names_commit(kept.record)})
    trained = f" (the runs were trained at {', '.join(commits)})" if commits else ""
    return Finding(
        "unchecked",
        "plan.json",
        f"a plan that this version can read (schema {SCHEMA})",
        f"schema {schema} of another version of medattn; not checked for {len(records)} runs: {', '.join(parts)}",
        f"check out a version that reads schema {schema}{trained} and audit {context.results.folder} there",
        check="plan",
    )


def _names_commit(record: dict[str, object]) -> bool:
    code = record.get("code")
    return isinstance(code, dict) and "commit" in code
