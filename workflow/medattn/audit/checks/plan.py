"""The plan comes out again from its configuration, and the files that are made of it are the ones that are there."""

import json
from collections.abc import Iterator

from medattn.audit.context import AuditContext
from medattn.audit.finding import Finding
from medattn.audit.manifest import as_written
from medattn.files import read_json
from medattn.layout import ResultPaths
from medattn.plan.differences import differences
from medattn.plan.expand import make_plan
from medattn.plan.graph import graph_of
from medattn.plan.progress import progress_of
from medattn.plan.show import plan_csv

_ANEW = "run snakemake: it makes a new plan and trains what differs"


def check_plan(subject: AuditContext) -> Iterator[Finding]:
    """Expand the configuration of the plan again, with the papers and the code as they are here."""
    now, frozen = make_plan(subject.configuration), subject.plan
    other_code = [
        name
        for name, cell in frozen.cells.items()
        if name in now.cells and now.cells[name].settings.code_digest != cell.settings.code_digest
    ]
    if other_code:
        found = f"other code for {len(other_code)} of {len(frozen.cells)} cells, such as {other_code[0]}"
        yield Finding("warning", "plan.json", "the code that is here", found, "see `medattn why`, or " + _ANEW)
    for name in dict.fromkeys([*frozen.cells, *now.cells]):
        before, after = (plan.cells.get(name) for plan in (frozen, now))
        if before is None or after is None:
            found = "not in the plan" if before is None else "not in the papers as they are here"
            yield Finding("error", name, "a cell of the plan and of the papers", found, _ANEW)
            continue
        for difference in differences(before.to_json(), after.to_json()):
            if difference.key != "settings.code_digest":
                yield Finding("error", name, "what the configuration gives now", str(difference), _ANEW)
    known = {run.id for run in frozen.runs.values()}
    for run in now.runs.values():
        if run.id not in known and run.cell not in other_code:
            yield Finding("error", run.id, "a run of the plan", "not in it", _ANEW)
    if not other_code and (now.runs != frozen.runs or now.packs != frozen.packs):
        yield Finding("error", "plan.json", "the runs and packs that the configuration gives", "others", _ANEW)
    yield from _files(subject)


def _files(subject: AuditContext) -> Iterator[Finding]:
    results, selection = subject.results, subject.configuration.selection
    if not as_written(results.plan, read_json(results.plan)):
        yield Finding("error", "plan.json", "the plan as it was written", "other bytes", _ANEW)
    if results.graph.is_file():
        planned = ResultPaths(subject.root / selection.results / selection.selection)
        graph = json.loads(json.dumps(graph_of(subject.plan, subject.configuration, planned)))
        if read_json(results.graph) != graph:
            yield Finding("error", "graph.json", "the jobs of the plan", "others", _ANEW)
    table = plan_csv(subject.plan, progress_of(subject.plan, results))
    if results.plan_table.is_file() and results.plan_table.read_bytes() != table.encode():
        yield Finding("error", "plan.csv", "the plan as a table", "another table", "run `medattn plan --write`")
