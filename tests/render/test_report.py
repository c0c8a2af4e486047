"""The report as a file: its content, that it makes no network request, and that text in the data is escaped."""

import base64
import gzip
import hashlib
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from tests.render.report_files import HOSTILE, write_claims, write_runs

from medattn.errors import UserError
from medattn.files import write_json, write_text
from medattn.render.inputs import Inputs
from medattn.report.gather_page import gather_page
from medattn.report.write_report import LIBRARIES, PAGE, report_page, write_report


@pytest.fixture
def page(inputs: Inputs) -> str:
    write_runs(inputs.results)
    write_claims(inputs.results)
    return report_page(gather_page(inputs))


def block(page: str, name: str) -> Any:
    found = re.search(f'<script type="application/gzip" id="block-{re.escape(name)}">([^<]*)</script>', page)
    assert found, name
    return json.loads(gzip.decompress(base64.b64decode(found[1])))


def test_a_value_opens_its_runs_or_the_reason_why_there_are_none(page: str) -> None:
    assert 'data-target="tiny.phantom.vgg16.gsa|accuracy|"' in page
    details = block(page, "cell-tiny.phantom.vgg16.gsa")
    assert details["title"] == "vgg16 gsa on phantom"
    assert {row["procedure"] for row in details["measurements"]} == {"epochs", "runs"}
    assert [claim["verdict"] for claim in details["claims"]] == ["reproduced"]
    assert {(row["arm"], row["against"]) for row in details["comparisons"]} == {("gsa", "vanilla"), ("gsa", "l1")}
    run = details["runs"][0]
    assert run["record"]["code"]["commit"] == "c0ffee" * 6 and run["curve"]["evaluated"] == [50.0, 75.0]
    assert run["map"]["before"].startswith("data:image/png;base64,")
    assert "map" not in details["runs"][1], "one map a cell"
    assert {row["epoch"] for row in details["epochs"]} == set(range(11, 41)), "measured epochs"

    assert "Images on request only." in page and "No code &amp; 100% unknown settings." in page
    assert "† Stand-in images." in page
    assert block(page, "cell-tiny.digits.vgg16.gsa")["missing"] == "Images on request only."


def test_claims_are_counted_plotted_and_marked(page: str, inputs: Inputs) -> None:
    gathered = gather_page(inputs)
    assert gathered.total.verdicts == {"reproduced": 1, "not reproduced": 1, "inconclusive": 0, "not measured": 1}
    assert (gathered.total.measured, gathered.total.stand_ins, gathered.total.missing) == (3, 7, 6)
    assert [point["verdict"] for point in block(page, "points")] == ["reproduced", "not reproduced"]
    button = re.search(
        r'<button[^>]*aria-label="VGG-16 \(with global attention\), Phantom, ACC, Published, 84.20[^"]*"', page
    )
    assert button and button[0].endswith(', reproduced"')
    for verdict in gathered.total.verdicts:
        assert f" {verdict}</dt>" in page


def test_the_policy_allows_only_embedded_scripts_and_styles(page: str) -> None:
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    assert policy
    rules = dict(rule.split(" ", 1) for rule in policy[1].replace("&#39;", "'").split("; "))
    assert rules["default-src"] == rules["form-action"] == rules["base-uri"] == "'none'"
    assert "unsafe" not in policy[1] and "http" not in policy[1]
    for kind, attribute in (("script", "script-src"), ("style", "style-src")):
        texts = re.findall(f"<{kind}>(.*?)</{kind}>", page, re.DOTALL)
        hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in texts]
        assert rules[attribute] == " ".join(f"'sha256-{value}'" for value in hashes)
    assert not re.search(r"(src|href)=\"(https?:)?//", page)


def test_equal_results_give_equal_pages_and_text_is_escaped(page: str, reread: Callable[[], Inputs]) -> None:
    assert HOSTILE not in page
    assert any(row["statement"] == HOSTILE for row in block(page, "claims"))
    assert report_page(gather_page(reread())) == page


def test_a_page_without_claims_or_runs_says_so(inputs: Inputs) -> None:
    write_report(inputs)
    page = inputs.results.report.read_text()
    assert "No verdicts yet" in page and "No run has finished yet" in page
    assert "not drawn yet; run `medattn render`" in page


def test_only_an_audit_of_the_current_seal_is_shown(inputs: Inputs) -> None:
    finding = {
        "severity": "error",
        "place": "tables/x.csv",
        "expected": "a",
        "found": HOSTILE,
        "remedy": "b",
        "check": "seal",
    }
    audit = {"root": "r", "holds": False, "checks": {"seal": {}}, "findings": [finding]}
    write_json(inputs.results.audit, audit)
    assert gather_page(inputs).audit is None, "not of this seal"
    write_json(inputs.results.manifest, {"root": "r"})
    page = report_page(gather_page(inputs))
    assert "Some checks failed." in page and HOSTILE not in page
    machine_dependent = {**finding, "severity": "info", "check": "snakemake", "found": "no notes"}
    write_json(inputs.results.audit, {**audit, "findings": [finding, machine_dependent]})
    assert report_page(gather_page(inputs)) == page, "machine-dependent findings are omitted"
    write_text(inputs.results.audit, "[]")
    with pytest.raises(UserError, match="not a result of the audit"):
        gather_page(inputs)


@pytest.mark.parametrize(
    ("severities", "sentence"),
    [
        ([], "All checks passed."),
        (["info"], "All checks passed."),
        (["info", "unchecked"], "Nothing wrong was found; 1 thing could not be checked."),
        (["unchecked", "unchecked"], "Nothing wrong was found; 2 things could not be checked."),
        (["unchecked", "warning"], "Some checks failed."),
    ],
)
def test_the_outcome_of_the_audit_follows_from_its_findings(
    inputs: Inputs, severities: list[str], sentence: str
) -> None:
    finding = {"place": "data", "expected": "a", "found": "b", "remedy": "c", "check": "data"}
    findings = [{**finding, "severity": severity} for severity in severities]
    write_json(inputs.results.manifest, {"root": "r"})
    write_json(inputs.results.audit, {"root": "r", "checks": {"data": {}}, "findings": findings})
    assert f"<b>{sentence}</b>" in report_page(gather_page(inputs))


def test_damaged_claims_are_named(inputs: Inputs) -> None:
    write_text(inputs.results.claims, "a,b\n1,2\n")
    with pytest.raises(UserError, match=r"claims.csv: no column 'claim'; delete it"):
        gather_page(inputs)


def test_libraries_match_their_checksums() -> None:
    folder = PAGE / "libraries"
    listed = dict(reversed(line.split()) for line in (folder / "SHA256SUMS").read_text().splitlines())
    assert set(listed) == set(LIBRARIES) == {path.name for path in folder.glob("*.js")}
    for name, digest in listed.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest, name
    licenses = (folder / "LICENSES.txt").read_text()
    for name in ("jQuery", "DataTables", "D3"):
        assert f"\n{name} " in f"\n{licenses}"
