"""A plan that no check can use: another version of medattn wrote it, or it is damaged."""

from typing import TYPE_CHECKING

from medattn.audit.consequences import RESTORE
from medattn.audit.finding import Finding
from medattn.audit.obstacles import checkout, disproved, unreadable_file
from medattn.errors import UserError
from medattn.file_errors import unreadable
from medattn.plan.plan_file import SCHEMA, read_plan

if TYPE_CHECKING:
    from medattn.audit.context import AuditContext


def unusable_plan(context: "AuditContext", part: str) -> Finding:
    """Return the finding that something was not checked for want of a plan, and which version can read the plan.

    Args:
        context: the results folder.
        part: what was not checked.
    """
    if context.other_plan_schema is None:
        return _damaged(context, part)
    schema, command = context.other_plan_schema, checkout(context)
    found = f"schema {schema} of another version of medattn; not checked for {len(context.records())} runs: {part}"
    cause = f"another version of medattn wrote plan.json (schema {schema}; this version reads schema {SCHEMA})"
    expected = f"a plan that this version can read (schema {SCHEMA})"
    wrong = disproved(context, Finding("error", context.results.plan.name, expected, found), context.results.plan.name)
    return wrong or Finding("unchecked", part, expected, found, command[1], cause=cause, command=command[0])


def _damaged(context: "AuditContext", part: str) -> Finding:
    place, expected, problem = context.results.plan.name, "a plan that can be read", "a plan without cells"
    try:
        read_plan(context.results.plan)
    except (UserError, OSError) as error:
        if (cause := unreadable(error)) is not None:
            return unreadable_file(place, cause)
        problem = str(error)
    found = f"{problem}; not checked: {part}"
    return Finding("error", place, expected, found, RESTORE, cause="plan.json cannot be read")
