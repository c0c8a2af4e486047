"""The manual and the schemas agree with the configuration models."""

import json
import re

import pytest

from medattn.config.load import read_configuration
from medattn.config.manual import __main__ as manual
from medattn.config.manual.key_tables import anchor, prose, table
from medattn.config.models.dataset import DatasetEntry
from medattn.config.models.facts import Facts
from medattn.config.models.paper import Paper
from medattn.config.models.selection import Selection
from medattn.plan.expand import make_plan
from medattn.plan.progress import Progress
from medattn.plan.show import plan_lines


def test_generated_files_are_current():
    stale = [str(path.relative_to(manual.ROOT)) for path in manual.stale_files()]
    assert not stale, f"run python -m medattn.config.manual: {', '.join(stale)}"


def test_check_names_stale_files(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(manual, "ROOT", tmp_path)
    assert manual.main(["--check"]) == 1
    assert "config/README.md: stale" in capsys.readouterr().out
    assert not list(tmp_path.iterdir())
    assert manual.main([]) == 0
    assert manual.main(["--check"]) == 0


def test_the_manual_describes_every_key():
    lines = manual.manual().splitlines()
    rows = [line for line in lines if line.startswith("| `")]
    for model in (Selection, Paper, DatasetEntry, Facts):
        for key in model.model_fields:
            assert any(row.startswith(f"| `{key}` |") for row in rows), key
    for row in rows:
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]]
        assert len(cells) == 4, row
        assert all(cells), f"without a type, default or meaning: {row}"


def test_every_link_has_a_target():
    lines = manual.manual().splitlines()
    headings = [line.lstrip("#").strip() for line in lines if re.match(r"#+ ", line)]
    anchors = [anchor(heading) for heading in headings]
    assert len(set(anchors)) == len(anchors)
    for target in re.findall(r"\]\(#([^)]*)\)", "\n".join(lines)):
        assert target in anchors


def test_the_example_in_the_manual_is_valid(tmp_path):
    example = re.search(r"```yaml\n(.*?)```", manual.manual(), re.DOTALL)
    assert example is not None
    path = tmp_path / "mine.yaml"
    path.write_text(example[1])
    configuration = read_configuration(path, manual.ROOT)
    assert list(configuration.papers[0].arms) == ["vanilla", "gsa"]
    lines = list(plan_lines(make_plan(configuration), Progress(frozenset(), {})))
    assert not [line for line in lines if "warning" in line], "its epochs pass its cut-off epoch"


def test_schemas_allow_no_unknown_keys():
    for path, text in manual.files().items():
        if path.suffix == ".json":
            schema = json.loads(text)
            for part in [schema, *schema.get("$defs", {}).values()]:
                if "properties" in part:
                    assert part["additionalProperties"] is False, path.name


@pytest.mark.parametrize(
    ("about", "shown"),
    [
        ({"type": "integer", "minimum": 1, "maximum": 9}, "whole number >= 1, <= 9"),
        ({"type": "number", "exclusiveMinimum": 0.5}, "number > 0.5"),
        ({"type": "array", "items": {"type": "string"}, "minItems": 2}, "list of texts, at least 2"),
        ({"enum": ["a", "b"]}, "`a` or `b`"),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "whole number"),
        ({"$ref": "#/$defs/Recipe"}, "[The recipe](#the-recipe)"),
    ],
)
def test_types_are_shown_in_words(about, shown):
    row = list(table({"properties": {"key": about}, "required": ["key"]}, {"Recipe": "The recipe"}))[-1]
    assert row.split(" | ")[1] == shown


def test_angle_brackets_outside_code_are_escaped():
    assert prose("`<a>` <b>") == "`<a>` &lt;b&gt;"
