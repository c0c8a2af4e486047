"""What the documents name exists, and what they show agrees with the files that it comes from."""

import ast
import configparser
import csv
import re
from collections.abc import Iterator
from dataclasses import fields
from importlib import import_module
from itertools import dropwhile, takewhile
from pathlib import Path
from pkgutil import iter_modules
from statistics import mean, stdev

import pytest
import yaml
from scipy.stats import ttest_rel

from medattn import compare
from medattn.answer.sentences import signed
from medattn.config.load import resolve
from medattn.config.models.verdicts import VerdictRule
from medattn.judge.claim import Claim
from medattn.judge.rule import VERDICTS

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "workflow" / "medattn"
PATTERNS = ("*.md", "docs/*.md", "docs/api/*.md", "*/README.md", "papers/*/README.md")
PAGES = sorted(page for pattern in PATTERNS for page in ROOT.glob(pattern))
ARCHITECTURE = "docs/architecture.md"
EXTENSIONS = "py|smk|ya?ml|json|csv|md|toml|txt|js"


def text_of(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def code_spans(text: str) -> list[str]:
    """Everything between single backticks, outside of code blocks."""
    return re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))


def table_rows(text: str, heading: str, level: str = "##") -> list[list[str]]:
    """Cells of the first table below a heading, without its head."""
    section = text.partition(f"{level} {heading}\n")[2].partition("\n## ")[0]
    below = dropwhile(lambda line: not line.startswith("|"), section.splitlines())
    lines = list(takewhile(lambda line: line.startswith("|"), below))
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def file_named(name: str) -> Path | None:
    """The file that a document names, from the root of the checkout or from the package."""
    return next((path for path in (ROOT / name, PACKAGE / name) if path.exists()), None)


def defined_names(path: Path) -> set[str]:
    if path.suffix == ".py":
        tree = ast.parse(path.read_text(encoding="utf-8"))
        return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    return set(re.findall(r"^(?:def|rule) (\w+)", path.read_text(encoding="utf-8"), re.MULTILINE))


def slug(heading: str) -> str:
    """The anchor that GitHub gives to a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def links(page: Path) -> Iterator[tuple[str, str]]:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if not target.startswith(("http:", "https:", "mailto:")):
            yield tuple(target.partition("#")[::2])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_leads_to_a_file_and_a_heading(page):
    for name, anchor in links(page):
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), f"{page.name}: {name}"
        if anchor:
            headings = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in map(slug, headings), f"{page.name}: {name}#{anchor}"


def test_readme_is_short_and_leads_to_every_page():
    assert len(text_of("README.md").splitlines()) <= 170
    linked = {(ROOT / name).resolve() for name, _ in links(ROOT / "README.md")}
    assert set(ROOT.glob("docs/*.md")) | {ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md"} <= linked


@pytest.mark.parametrize("page", ["README.md", ARCHITECTURE, "CONTRIBUTING.md", "SECURITY.md", "docs/results.md"])
def test_files_and_folders_that_a_page_names_exist(page):
    spans = [span for span in code_spans(text_of(page)) if re.fullmatch(r"[\w./-]+", span) and "/" in span]
    named = [span for span in spans if re.search(rf"\.({EXTENSIONS})$", span) or span.endswith("/")]
    assert named
    generated = ("data/", "results/demo/", "crate/", "tables/")  # what commands write
    missing = [name for name in named if not name.startswith(generated) and file_named(name) is None]
    assert not missing


def test_architecture_names_files_with_the_functions_that_they_define():
    hops = table_rows(text_of(ARCHITECTURE), "One number, from configuration to table")
    assert 15 <= len(hops) <= 25
    assert [int(hop[0]) for hop in hops] == list(range(1, len(hops) + 1))
    pairs = [(file.strip("`"), function.strip("`")) for _, file, function, _ in hops]
    pairs += re.findall(r"`([\w/.]+\.py)`, `(\w+)`", text_of(ARCHITECTURE))
    for file, function in pairs:
        path = file_named(file)
        assert path is not None, file
        assert not function or function in defined_names(path), f"{function} in {file}"


def test_functions_that_architecture_mentions_in_passing_exist():
    defined = {name for path in PACKAGE.rglob("*.py") for name in defined_names(path)}
    hops = table_rows(text_of(ARCHITECTURE), "One number, from configuration to table")
    mentioned = [span for hop in hops for span in code_spans(hop[3]) if re.fullmatch(r"[a-z]+(_[a-z]+)+", span)]
    assert mentioned
    assert set(mentioned) <= defined


def test_architecture_lists_the_layers_of_the_import_contract_in_order():
    contract = configparser.ConfigParser()
    contract.read(ROOT / ".importlinter")
    layers = contract["importlinter:contract:stages"]["layers"].split("\n")
    expected = [set(re.findall(r"\w+", layer)) for layer in layers if layer.strip()]
    shown = [set(code_spans(row[0])) for row in table_rows(text_of(ARCHITECTURE), "Folders of the package")]
    assert shown == expected
    there = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert set().union(*shown) == there - {"__init__"}


def test_contributing_ends_every_recipe_with_a_test_that_exists():
    sections = re.split(r"^## ", text_of("CONTRIBUTING.md"), flags=re.MULTILINE)
    recipes = [section for section in sections if section.startswith("Add ")]
    assert len(recipes) >= 10
    for recipe in recipes:
        assert "Test: `pytest tests" in recipe, recipe.partition("\n")[0]


def test_contributing_names_tests_that_exist():
    for command in re.findall(r"pytest ([^`#\n]+)", text_of("CONTRIBUTING.md")):
        words = command.split()
        files = [ROOT / word for word in words if word.startswith("tests/")]
        assert files, command
        assert all(file.exists() for file in files), command
        if "-k" in words:
            word = words[words.index("-k") + 1]
            assert any(word in name for file in files for name in defined_names(file)), command


@pytest.mark.parametrize("page", ["README.md", "docs/data.md"])
def test_examples_of_selections_are_valid(page):
    examples = re.findall(r"```yaml\n(.*?)```", text_of(page), re.DOTALL)
    assert examples
    for example in examples:
        selection = {"selection": "example", "papers": {"gsa": {}}} | yaml.safe_load(example)
        assert resolve(selection, ROOT, page).selection.datasets is not None


def test_verdicts_page_has_the_thresholds_and_columns_of_the_code():
    page = text_of("docs/verdicts.md")
    for name, value in VerdictRule().model_dump().items():
        assert re.search(rf"`{name}` \({value:g}\b", page), name
    columns = [column for row in table_rows(page, "Columns of `claims.csv`") for column in code_spans(row[0])]
    assert sorted(columns) == sorted(field.name for field in fields(Claim))
    verdicts = [code_spans(row[0])[0] for row in table_rows(page, "Verdicts", level="#")]
    assert set(verdicts) == set(VERDICTS)


def test_statistics_page_explains_every_procedure_and_test_of_the_comparisons():
    spans = set(code_spans(text_of("docs/statistics.md")))
    with (STUDY / "comparisons.csv").open(encoding="utf-8") as stream:
        procedures = {row["procedure"] for row in csv.DictReader(stream)}
    modules = [import_module(f"medattn.compare.{module.name}") for module in iter_modules(compare.__path__)]
    tests = {getattr(module, name) for module in modules for name in ("TEST", "PRIMARY_TEST") if hasattr(module, name)}
    assert len(tests) > 8
    assert procedures | tests <= spans


STUDY = ROOT / "results" / "reference" / "attention-at-28px-cpu"
ARMS = {
    "ResNet18": "vanilla",
    "SE": "se",
    "SE, frozen": "se-frozen",
    "PPCR": "ppcr",
    "PPCR, frozen": "ppcr-frozen",
    "GSA": "gsa",
}


def rows_of_study(table: str, **wanted: str) -> list[dict[str, str]]:
    with (STUDY / table).open(newline="", encoding="utf-8") as stream:
        return [row for row in csv.DictReader(stream) if all(row[key] == value for key, value in wanted.items())]


def difference(arm: str, against: str, metric: str) -> str:
    """A difference of the answer with its interval, as the pages print it."""
    (row,) = rows_of_study("answer.csv", scope="selection", level="dataset", arm=arm, against=against, metric=metric)
    number, low, high = (signed(float(row[key])) for key in ("difference", "low", "high"))
    return f"{number} ({low} to {high}), {row['verdict']}"


def test_results_page_shows_the_measurements_over_seeds():
    for row in table_rows(text_of("docs/results.md"), "Attention at 28 px, second look"):
        arm = ARMS[row[0].removeprefix("with ")]
        for shown, metric in zip(row[1:], ("accuracy", "auc"), strict=True):
            values = [
                float(one["value"])
                for one in rows_of_study("measurements.csv", arm=arm, metric=metric, procedure="epochs")
            ]
            assert len(values) == 10
            assert shown == f"{mean(values):.2f} ± {stdev(values):.2f}"


def test_results_page_shows_the_differences_with_their_verdicts_under_every_reading():
    page = text_of("docs/results.md")
    rows = re.findall(
        r"^\| (\w+) over (ResNet18|its frozen placebo) \| (.+) \| (.+) \| (.+) to (.+) \|$", page, re.MULTILINE
    )
    assert len(rows) == 5
    for name, other, accuracy, auc, least, most in rows:
        arm = name.lower()
        against = "vanilla" if other == "ResNet18" else f"{arm}-frozen"
        assert (accuracy, auc) == tuple(difference(arm, against, metric) for metric in ("accuracy", "auc"))
        fair = rows_of_study("multiverse.csv", level="comparison", arm=arm, against=against, metric="accuracy", leak="")
        found = [float(row["difference"]) for row in fair]
        assert (least, most) == (signed(min(found)), signed(max(found)))
        assert all(float(row["p"]) > 0.05 for row in fair)  # as the page says


def test_results_page_shows_what_the_first_look_had_found():
    values = {
        arm: [
            float(row["value"])
            for row in rows_of_study("measurements.csv", arm=arm, metric="auc", procedure="epochs")
            if int(row["seed"]) < 5
        ]
        for arm in ("gsa", "vanilla")
    }
    found = ttest_rel(values["gsa"], values["vanilla"])
    low, high = found.confidence_interval(1 - 0.05 / 3)
    gain = mean(values["gsa"]) - mean(values["vanilla"])
    assert f"({signed(gain)} points, {signed(low)} to {signed(high)})" in text_of("docs/results.md")


def test_numbers_of_the_readme_are_those_of_the_pages_that_it_links():
    readme = " ".join(text_of("README.md").split())
    results = text_of("docs/results.md")
    shown = re.findall(r"[+−]\d+\.\d (?:points )?\((?:98\.3% interval )?[+−]\d+\.\d to [+−]\d+\.\d\)", readme)
    pairs = [("se", "vanilla"), ("ppcr", "vanilla"), ("gsa", "vanilla"), ("se", "se-frozen")]
    assert [re.sub(r"points |98\.3% interval ", "", one) for one in shown] == [
        difference(*pair, "accuracy").partition(", ")[0] for pair in pairs
    ]
    fair = rows_of_study("multiverse.csv", level="comparison", arm="se", against="vanilla", metric="accuracy", leak="")
    found = [float(row["difference"]) for row in fair]
    assert f"SE's gain between {signed(min(found))} and {signed(max(found))} points" in readme
    assert "76% of 200" in readme
    assert "**76.0% [69.5, 81.7]**" in text_of("docs/statistics.md")
    names = ("acnet", "gsa", "oct", "ppcr")  # the papers that the README speaks of; others may be added
    papers = re.findall(
        rf"^\| (?:{'|'.join(names)}) \| (\d+) \| (\d+) \| (\d+) \| (\d+) \|$",
        text_of("docs/consistency.md"),
        re.MULTILINE,
    )
    checked, consistent, inconsistent, undecidable = (sum(map(int, column)) for column in zip(*papers, strict=True))
    assert f"{inconsistent} of {checked} checked" in readme
    assert f"Of {checked} values and statements, {consistent} are consistent, {inconsistent} inconsistent" in results
    assert f"and {undecidable} undecidable" in results
    values = sum(len(text_of(f"papers/{name}/published.csv").splitlines()) - 1 for name in names)
    assert f"the {values} published values" in readme
