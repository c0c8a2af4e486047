"""The claims of claims.csv: their verdicts, and the cells whose details they open."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from medattn.layout import ResultPaths
from medattn.metrics.registry import METRICS
from medattn.plan.model import CellKey
from medattn.render.inputs import Inputs
from medattn.report.cell_titles import cell_title, pair_title
from medattn.report.page_model import NOT_MEASURED, VERDICTS, BigTable, ClaimCounts
from medattn.report.plain_rows import number_in, plain_rows
from medattn.result_tables import CLAIMS, read_table

_SHOWN = (
    ("paper", "Paper", "text"),
    ("subject", "Network and data set", "target"),
    ("statement", "Claim", "text"),
    ("published", "Published", "number"),
    ("measured", "Reproduced", "number"),
    ("interval", "Interval", "text"),
    ("n", "n", "number"),
    ("p", "p", "p"),
    ("verdict", "Verdict", "verdict"),
    ("state", "State", "text"),
    ("stability", "Other readings", "text"),
    ("reason", "Reason", "long"),
)
_SHOWN_OUTSIDE = tuple(column for column in _SHOWN if column[0] in ("paper", "subject", "statement", "published"))
_ABOUT = (
    "Every published value and every published comparison of two arms, with the reproduced value. The rule that gives "
    "the verdict was fixed before anything was measured."
)
_ABOUT_OUTSIDE = "Published values and comparisons that this selection leaves out. They were not looked at."
OUTSIDE = "outside this selection"
JUDGED = "judged"
ClaimKey = tuple[str, str, str, str, str, str]
"""Table, data set, backbone, arm, metric and class of a published value."""


@dataclass(frozen=True)
class ClaimRows:
    """The claims of a selection.

    Attributes:
        rows: the rows of claims.csv as plain values, with `target`: the details that a click opens.
        judged: whether claims.csv exists.
    """

    rows: list[dict[str, Any]]
    judged: bool

    @property
    def selected(self) -> list[dict[str, Any]]:
        """The claims that the selection does not leave out."""
        return [row for row in self.rows if row["state"] != OUTSIDE]

    @property
    def outside(self) -> list[dict[str, Any]]:
        """The claims that the selection leaves out."""
        return [row for row in self.rows if row["state"] == OUTSIDE]

    def by_kind(self) -> list[ClaimCounts]:
        """Return the claims in the selection by kind: scores, costs and comparisons, without kinds that have none.

        A comparison of costs counts as a cost.
        """
        kinds: dict[str, list[dict[str, Any]]] = {"scores": [], "costs": [], "comparisons": []}
        for row in self.selected:
            is_cost = row["metric"] in METRICS and not METRICS[row["metric"]].measured
            kinds["costs" if is_cost else "scores" if row["kind"] == "number" else "comparisons"].append(row)
        return [
            ClaimCounts(
                kind,
                {name: sum(row["verdict"] == name for row in rows) for name in VERDICTS if name != NOT_MEASURED},
                Counter(row["state"] for row in rows if row["state"] != JUDGED),
            )
            for kind, rows in kinds.items()
            if rows
        ]

    def verdicts(self, paper: str | None = None) -> dict[str, int]:
        """Return the number of claims in the selection by verdict, of one paper or of all."""
        counted = dict.fromkeys(VERDICTS, 0)
        for row in self.selected:
            if paper is None or row["paper"] == paper:
                counted[row["verdict"]] = counted.get(row["verdict"], 0) + 1
        return counted

    def verdict_by_key(self) -> dict[ClaimKey, str]:
        """Return the verdict on each published value."""
        keys = ("table", "dataset", "backbone", "arm", "metric", "class_name")
        found: dict[ClaimKey, str] = {}
        for row in self.rows:
            if row["kind"] == "number":
                table, dataset, backbone, arm, metric, class_name = (row[key] for key in keys)
                found[table, dataset, backbone, arm, metric, class_name] = row["verdict"]
        return found

    def by_cell(self) -> dict[str, list[dict[str, Any]]]:
        """Return the claims about each cell."""
        found: dict[str, list[dict[str, Any]]] = {}
        for row in self.rows:
            if row["target"]:
                found.setdefault(row["target"].split("|")[0], []).append(row)
        return found

    def points(self) -> list[dict[str, Any]]:
        """Return the claims with both a published and a reproduced value, in the unit of the measurement."""
        points = []
        for row in self.rows:
            published, measured = number_in(row["published"]), row["measured"]
            if row["kind"] != "number" or published is None or measured is None:
                continue
            title = METRICS[row["metric"]].title if row["metric"] in METRICS else row["metric"]
            share = row["unit"] in ("percent", "fraction")
            factor = 100.0 if row["unit"] == "fraction" else 1.0
            points.append(
                {
                    "claim": row["claim"],
                    "paper": row["paper"],
                    "metric": title,
                    "group": "percent" if share else row["unit"],
                    "x": published * factor,
                    "y": measured * factor,
                    "verdict": row["verdict"],
                    "stand_in": row["stand_in"],
                    "target": row["target"],
                    "statement": row["statement"],
                }
            )
        return points

    def big_tables(self) -> list[tuple[BigTable, list[dict[str, Any]]]]:
        """Return the tables of claims with their rows: those in the selection, and, folded away, those outside."""
        selected, outside = self.selected, self.outside
        title = "Claims outside this selection"
        tables = [
            (BigTable("claims", "Claims and verdicts", _ABOUT, _SHOWN, len(selected)), selected),
            (BigTable("outside", title, _ABOUT_OUTSIDE, _SHOWN_OUTSIDE, len(outside), folded=True), outside),
        ]
        return [(table, rows) for table, rows in tables if rows]


def read_claim_rows(results: ResultPaths, inputs: Inputs) -> ClaimRows:
    """Read claims.csv; without the file there are no claims.

    Raises:
        UserError: the file is damaged.
    """
    table = read_table(results.claims, CLAIMS, optional=True)
    experiments = {name: paper.experiment for paper in inputs.configuration.papers for name in paper.tables}
    rows = plain_rows(table)
    for row in rows:
        row["target"] = _target(row, experiments, inputs)
        row["subject"] = _subject(row, inputs)
        row["interval"] = interval_text(row.get("low"), row.get("high"))
        row["stability"] = _stability(row)
    return ClaimRows(rows, judged=results.claims.is_file())


def _target(row: Mapping[str, Any], experiments: Mapping[str, str], inputs: Inputs) -> str:
    """Return cell, metric and class of a claim; a cost, which belongs to no data set, opens the first cell."""
    experiment = experiments.get(row["table"], "")
    name = CellKey(row["paper"], experiment, row["dataset"], row["backbone"], row["arm"]).id
    if name not in inputs.plan.cells:
        name = next(
            (
                cell.id
                for cell in inputs.plan.cells.values()
                if (cell.paper, cell.backbone, cell.arm) == (row["paper"], row["backbone"], row["arm"])
                and row["dataset"] in ("", cell.dataset)
            ),
            "",
        )
    return f"{name}|{row['metric']}|{row['class_name']}" if name else ""


def _subject(row: Mapping[str, Any], inputs: Inputs) -> str:
    """Return the title of the cell or pair of arms that a claim is about, or its name if the plan has no such cell."""
    cell = inputs.plan.cells.get(row["target"].split("|")[0])
    if cell is None:
        return str(row["claim"])
    return pair_title(inputs, cell, row["against"]) if row["against"] else cell_title(cell)


def _stability(row: Mapping[str, Any]) -> str:
    """Return how far a verdict depends on what the paper leaves open; empty if nothing else was measured."""
    if not row["readings"] or row["readings"] < 2:
        return ""
    values = f"measured {interval_text(row['lowest'], row['highest'])}"
    if row["fragile"]:
        return f"fragile: {row['same_verdict']:.0%} of {row['readings']:.0f} readings give this verdict, {values}"
    return f"{row['readings']:.0f} readings agree, {values}"


def interval_text(low: float | None, high: float | None) -> str:
    """Return an interval as "<low> to <high>"; empty if a bound is missing."""
    return "" if low is None or high is None else f"{low:.4g} to {high:.4g}"
