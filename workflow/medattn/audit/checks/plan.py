"""The configuration gives the same plan again; the files derived from it and the papers are unchanged."""

import json
from collections.abc import Iterator
from pathlib import Path

from medattn.audit.context import AuditContext
from medattn.audit.finding import Finding
from medattn.audit.manifest import as_written
from medattn.audit.obstacles import explained
from medattn.audit.paper_findings import paper_findings
from medattn.files import read_json
from medattn.layout import ResultPaths
from medattn.plan.differences import differences
from medattn.plan.expand import make_plan
from medattn.plan.graph import graph_of
from medattn.plan.progress import progress_of
from medattn.plan.show import plan_csv
from medattn.reading import read_bytes

_REMEDY = "run the workflow again, which makes a new plan and trains the runs that differ"


def check_plan(context: AuditContext) -> Iterator[Finding]:
    """Expand the configuration of the plan again, with the papers of the project and the installed code."""
    if not as_written(context.results.plan, read_json(context.results.plan)):
        yield Finding("error", "plan.json", "an unchanged plan", "other bytes", _REMEDY)
    for finding in _expanded(context):
        yield explained(context, finding, file="plan.json")
    for finding in _files(context):
        yield explained(context, finding)


def _expanded(context: AuditContext) -> Iterator[Finding]:
    frozen = context.plan
    now = make_plan(context.configuration, available_as=frozen, results=context.results)
    context.examined.update(cells=len(frozen.cells), runs=len(frozen.runs))
    other_code = [
        name
        for name, cell in frozen.cells.items()
        if name in now.cells and now.cells[name].settings.code_digest != cell.settings.code_digest
    ]
    if other_code:
        found = f"other code for {len(other_code)} of {len(frozen.cells)} cells, such as {other_code[0]}"
        yield Finding("warning", "plan.json", "the installed code", found, "see `medattn why`, or " + _REMEDY)
    for name in dict.fromkeys([*frozen.cells, *now.cells]):
        before, after = (plan.cells.get(name) for plan in (frozen, now))
        if before is None or after is None:
            found = "not in the plan" if before is None else "not in the current papers"
            yield Finding("error", name, "a cell of the plan and of the papers", found, _REMEDY)
            continue
        for difference in differences(before.to_json(), after.to_json()):
            if difference.key != "settings.code_digest":
                yield Finding("error", name, "the settings that the configuration gives", str(difference), _REMEDY)
    known = {run.id for run in frozen.runs.values()}
    for run in now.runs.values():
        if run.id not in known and run.cell not in other_code:
            yield Finding("error", run.id, "a run of the plan", "no such run in the plan", _REMEDY)
    if not other_code and (now.runs != frozen.runs or now.packs != frozen.packs):
        yield Finding(
            "error", "plan.json", "the runs and packs that the configuration gives", "other runs or packs", _REMEDY
        )
    yield from paper_findings(context)


def _files(context: AuditContext) -> Iterator[Finding]:
    results, selection = context.results, context.configuration.selection
    if results.graph.is_file():
        planned = ResultPaths(Path(selection.results) / selection.selection)
        graph = json.loads(json.dumps(graph_of(context.plan, context.configuration, planned)))
        if read_json(results.graph) != graph:
            yield Finding("error", "graph.json", "the jobs of the plan", "other jobs", _REMEDY)
    table = plan_csv(context.plan, progress_of(context.plan, results))
    if results.plan_table.is_file() and read_bytes(results.plan_table) != table.encode():
        yield Finding("error", "plan.csv", "the plan as a table", "another table", _REMEDY)
