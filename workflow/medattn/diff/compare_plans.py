"""Differences between the plans and the finished runs of two results folders: selection, code, data, cells, runs."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from medattn.diff.difference_row import DifferenceRow, FolderDifferences, Part
from medattn.errors import UserError
from medattn.files import read_json
from medattn.layout import ResultPaths
from medattn.plan.differences import differences
from medattn.provenance.records import read_record
from medattn.reading import unexpected_content

_FORMER = {"code_digest": "code", "entry_sha256": "dataset"}
"""Names of settings in plans of schema 1."""
_ANOTHER = "run `medattn plan --write` in its project to make it again"


def compare_plans(a: ResultPaths, b: ResultPaths, found: FolderDifferences) -> None:
    """Add the differences in selection, code, data, cells and finished runs.

    Plans of any version are compared, so they are read as plain values.

    Raises:
        UserError: a folder has no plan, or it is damaged.
    """
    plan_a, plan_b = _plan(a), _plan(b)
    schemas = [plan.get("schema") for plan in (plan_a, plan_b)]
    if schemas[0] != schemas[1]:
        found.not_compared.append(
            f"{a.plan} and {b.plan}: plans of the schemas {schemas[0]} and {schemas[1]}, whose keys differ; {_ANOTHER}"
        )
    found.add("selection", [*_of_selection(plan_a, plan_b)])
    versions = [plan.get("version") for plan in (plan_a, plan_b)]
    named = DifferenceRow("code", "plan.json", "medattn", "version", *versions)
    found.add(
        "code", [*([named] if versions[0] != versions[1] else []), *_of_cells(plan_a, plan_b, "code", "code_digest")]
    )
    found.add(
        "data", [*_of_cells(plan_a, plan_b, "data", "entry_sha256"), *_of_cells(plan_a, plan_b, "data", "stand_in")]
    )
    found.add("cells", [*_only_in_one(plan_a, plan_b), *_settings(plan_a, plan_b)])
    found.add("runs", [*_of_runs(a, b, plan_a, plan_b, found)])


def _plan(results: ResultPaths) -> Mapping[str, Any]:
    plan = read_json(results.plan, _ANOTHER)
    with unexpected_content(results.plan, _ANOTHER):
        for cell in plan["cells"].values():
            _ = cell["dataset"], cell["settings"].items()
        for run in plan["runs"].values():
            for name in (run.get("kept_in") or run["cell"], run["name"]):
                if not re.fullmatch(r"[a-z0-9][a-z0-9._-]*", name):  # it becomes part of a path
                    raise ValueError(f"{name!r} is not a valid name")
        _ = plan["configuration"].items()
    return dict(plan)


def _of_selection(a: Mapping[str, Any], b: Mapping[str, Any]) -> Iterator[DifferenceRow]:
    for each in differences(a["configuration"], b["configuration"]):
        yield DifferenceRow("selection", "plan.json", "selection", each.key, each.before, each.after)


def _of_cells(a: Mapping[str, Any], b: Mapping[str, Any], part: Part, key: str) -> Iterator[DifferenceRow]:
    """Yield a row for each pair of values that a key has in common cells; for data, also for each data set."""
    pairs: Counter[tuple[str, Any, Any]] = Counter()
    for cell in a["cells"].keys() & b["cells"].keys():
        own, other = a["cells"][cell], b["cells"][cell]
        before, after = (_setting(one, key) for one in (own, other))
        if before != after:
            pairs[own["dataset"] if part == "data" else "", before, after] += 1
    for (dataset, before, after), count in sorted(pairs.items(), key=str):
        cells = f"{count} {'cell' if count == 1 else 'cells'}"
        yield DifferenceRow(part, "plan.json", f"{dataset}, {cells}" if dataset else cells, key, before, after)


def _setting(cell: Mapping[str, Any], key: str) -> Any:
    settings = cell["settings"]
    return settings.get(key, settings.get(_FORMER.get(key, ""), cell.get(key)))


def _only_in_one(a: Mapping[str, Any], b: Mapping[str, Any]) -> Iterator[DifferenceRow]:
    for cell in dict.fromkeys([*a["cells"], *b["cells"]]):
        there = cell in a["cells"], cell in b["cells"]
        if not all(there):
            yield DifferenceRow("cells", "plan.json", cell, "cell", *("planned" if one else None for one in there))


def _settings(a: Mapping[str, Any], b: Mapping[str, Any]) -> Iterator[DifferenceRow]:
    """Yield the settings of common cells that differ, without code and data, which have their own parts."""
    elsewhere = {*_FORMER, *_FORMER.values()}
    for cell in a["cells"]:
        if cell in b["cells"]:
            own, other = (
                {key: value for key, value in plan["cells"][cell]["settings"].items() if key not in elsewhere}
                for plan in (a, b)
            )
            yield from (
                DifferenceRow("cells", "plan.json", cell, each.key, each.before, each.after)
                for each in differences(own, other)
            )


def _of_runs(
    a: ResultPaths, b: ResultPaths, plan_a: Mapping[str, Any], plan_b: Mapping[str, Any], found: FolderDifferences
) -> Iterator[DifferenceRow]:
    """Yield cells with other numbers of finished runs, then runs that both have and that wrote other files."""
    done_a, done_b = _finished(a, plan_a), _finished(b, plan_b)
    for cell in dict.fromkeys([*plan_a["cells"], *plan_b["cells"]]):
        counts = [sum(of == cell for of in done.values()) for done in (done_a, done_b)]
        if counts[0] != counts[1]:
            yield DifferenceRow("runs", "runs", cell, "finished runs", *counts)
    unread: Counter[str] = Counter()
    for run in done_a:
        if run in done_b:
            try:
                records = [read_record(results.run(*run.split("/")).record) for results in (a, b)]
            except UserError as error:
                unread[str(error)] += 1
                continue
            yield from _of_records(run, *records)
    found.not_compared += list(unread)


def _finished(results: ResultPaths, plan: Mapping[str, Any]) -> dict[str, str]:
    """Return the cell of each finished run, by the run's path under runs/."""
    runs = {f"{run.get('kept_in') or run['cell']}/{run['name']}": run["cell"] for run in plan["runs"].values()}
    return {run: cell for run, cell in runs.items() if results.run(*run.split("/")).record.is_file()}


def _of_records(run: str, a: Mapping[str, Any], b: Mapping[str, Any]) -> Iterator[DifferenceRow]:
    if a["status"] != b["status"]:
        yield DifferenceRow("runs", "record.json", run, "status", a["status"], b["status"])
    for name in dict.fromkeys([*a["outputs"], *b["outputs"]]):
        hashes = [record["outputs"].get(name, {}).get("sha256") for record in (a, b)]
        if hashes[0] != hashes[1]:
            yield DifferenceRow("runs", "record.json", run, f"SHA-256 of {name}", *hashes)
