"""Configurations that ask for too much are refused before anything of that size is made."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from medattn.config.load import resolve
from medattn.config.manual.schemas import json_schemas
from medattn.config.models.dataset import DatasetEntry
from medattn.config.models.facts import Facts
from medattn.config.validation import validated
from medattn.config.yaml_files import MAX_BYTES, MAX_DEPTH, MAX_VALUES, read_yaml
from medattn.errors import UserError

ROOT = Path(__file__).parents[2]
SELECTION = {"selection": "much", "papers": {"gsa": {}}}
PHANTOM = {"title": "T", "classes": ["a", "b"]}

TOO_MUCH = {
    "a grid of 10^10 points": (
        {"papers": {"gsa": {"extra_arms": {"x": {"mechanism": "gsa", "grid": {
            f"options.o{i}": list(range(100)) for i in range(5)}}}}}},
        "grid has 10000000000 combinations, more than 1000",
    ),
    "seeds": ({"seeds": list(range(1001))}, "seeds: should have at most 1000 entries"),
    "a large seed": ({"seeds": [2**32]}, "seeds.0: should be less than or equal to 4294967295"),
    "looks": ({"seeds": {"looks": list(range(2, 20))}}, "seeds.looks: should have at most 10 entries"),
    "a look": ({"seeds": {"looks": [5, 10**9]}}, "seeds.looks.1: should be less than or equal to 1000"),
    "runs": ({"seeds": list(range(1000))}, "the selection has more than 200000 runs, up to 1000 seeds for each of"),
    "epochs": ({"papers": {"gsa": {"recipe": {"epochs": 10**9}}}}, "recipe.epochs: should be less than or equal to"),
    "folds": ({"papers": {"gsa": {"protocol": {"folds": 10**6}}}}, "protocol.folds: should be less than or equal to"),
    "a batch": ({"papers": {"gsa": {"recipe": {"batch_size": 10**9}}}}, "batch_size: should be less than or equal to"),
    "phantoms": (
        {"datasets": {"p": PHANTOM | {"source": {"kind": "phantom", "counts": {"train": [10**12, 1]}}}}},
        "counts.train.0: should be less than or equal to",
    ),
    "large phantoms": (
        {"datasets": {"p": PHANTOM | {"source": {"kind": "phantom", "size": 1024, "counts": {"train": [10**6, 1]}}}}},
        "counts asks for 1000001 images of 1024 px, which are more than 64 GiB",
    ),
    "a long name": ({"selection": "a" * 100}, "selection: should be a name of at most 40"),
    "a long title": (
        {"datasets": {"p": PHANTOM | {"title": "t" * 10**5, "source": {"kind": "digits"}}}},
        "title: should have at most 4000 characters",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", TOO_MUCH)
def test_too_much_is_refused_with_the_key_and_the_limit(case, monkeypatch):
    changes, says = TOO_MUCH[case]
    with pytest.raises(UserError) as refused:
        resolve(SELECTION | changes, ROOT, "config.yaml")
    assert says in str(refused.value)
    assert len(str(refused.value)) < 400


def test_more_cells_than_a_plan_can_hold_are_counted_before_they_are_made():
    arms = {f"arm-{i}": {} for i in range(300)}
    backbones = {f"net-{i}": {"model": "torchvision/resnet18"} for i in range(300)}
    paper = {"extra_arms": arms, "extra_backbones": backbones}
    with pytest.raises(UserError, match="make more than 50000 cells; select fewer"):
        resolve({"selection": "much", "papers": {"ppcr": paper}}, ROOT, "config.yaml")


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        ({"test_sets": {"a": {"rows": {}, "scan_to": 10**9}}}, "scan_to: should be less than or equal to 100000"),
        ({"test_sets": {"a": {"rows": {}, "averaged": 10**12}}}, "averaged: should be less than or equal to"),
        ({"test_sets": {"a": {"rows": {}, "images": [10**15]}}}, "images.0: should be less than or equal to"),
        ({"feature_maps": [{"says": "s", "size": 9, "times": 10**9, "published": 1}]}, "times: should be less than or"),
        ({"counts": [{"rows": {}, "count": 10**17, "source": "s"}]}, "count: should be less than or equal to"),
        ({"overall": [{"says": "s", "rows": {}, "metric": "f1", "published": "9" * 50}]}, "published: should match"),
        ({"formulas": [{"says": "s", "rows": {}, "products": [["9" * 500]]}]}, "is neither a whole number nor"),
    ],
)
def test_facts_are_bounded(facts, says):
    with pytest.raises(UserError) as refused:
        validated(Facts, facts, "facts.yaml")
    assert says in str(refused.value)


def merge_bomb(levels: int) -> str:
    lines = ["a0: &a0 {x: 1}"]
    lines += [f"a{i}: &a{i} {{<<: [{', '.join([f'*a{i - 1}'] * 9)}]}}" for i in range(1, levels)]
    return "\n".join(lines)


def alias_bomb(levels: int) -> str:
    lines = ["a0: &a0 [x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, levels)]
    return "\n".join(lines)


BOMBS = {
    "merged keys": (merge_bomb(40), "with anchors counted wherever they are used"),
    "anchors": (alias_bomb(40), "with anchors counted wherever they are used"),
    "many values": (f"a: [{'1,' * (2 * MAX_VALUES + 1)}]", f"more than {MAX_VALUES} values"),
    "many lines": ("".join(f"k{i}: 1\n" for i in range(2 * MAX_VALUES + 2))[: MAX_BYTES - 10], "more than"),
    "deep lists": (f"a: {'[' * (MAX_DEPTH + 1)}{']' * (MAX_DEPTH + 1)}", "nested deeper"),
    "deep mappings": ("a:\n" + "\n".join(f"{' ' * i}b:" for i in range(1, MAX_DEPTH + 3)), "nested deeper"),
    "very deep lists": ("[" * 500_000, "line 1: nested deeper"),
    "a large file": ("#" * (MAX_BYTES + 1), "1 MB, but at most 1 MB are read"),
}


@pytest.mark.parametrize("case", BOMBS)
def test_a_bomb_is_refused_before_it_expands(case, tmp_path):
    text, says = BOMBS[case]
    (tmp_path / "bomb.yaml").write_text(text)
    with pytest.raises(UserError) as refused:
        read_yaml(tmp_path / "bomb.yaml")
    assert says in str(refused.value)


@pytest.mark.slow
def test_refusing_takes_less_than_300_mb(tmp_path):
    """Every case in one process whose memory is limited, besides that of the interpreter and its modules."""
    (tmp_path / "papers").symlink_to(ROOT / "papers")
    for number, (text, _) in enumerate(BOMBS.values()):
        (tmp_path / f"bomb{number}.yaml").write_text(text)
    for number, (changes, _) in enumerate(TOO_MUCH.values()):
        (tmp_path / f"much{number}.yaml").write_text(yaml.safe_dump(SELECTION | changes))
    script = (
        "import resource, glob\n"
        "from medattn.__main__ import main\n"
        "resource.setrlimit(resource.RLIMIT_AS, (300_000_000, 300_000_000))\n"
        "codes = {name: main(['plan', '--config', name]) for name in sorted(glob.glob('*.yaml'))}\n"
        "assert set(codes.values()) == {2}, codes\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "out of memory" not in done.stderr
    assert len(done.stderr.splitlines()) == len(BOMBS) + len(TOO_MUCH)


def test_every_whole_number_of_the_schemas_has_an_upper_bound():
    """Except for places in tables and lists, whose length is bounded by the size of the file."""
    unbounded = []

    def look(schema: object, path: str) -> None:
        if isinstance(schema, dict):
            if schema.get("type") == "integer" and not {"maximum", "exclusiveMaximum", "const", "enum"} & schema.keys():
                unbounded.append(path)
            for key, value in schema.items():
                look(value, f"{path}.{key}")
        elif isinstance(schema, list):
            for number, value in enumerate(schema):
                look(value, f"{path}.{number}")

    for name, text in json_schemas().items():
        look(json.loads(text), name)
    # Options of mechanisms and networks, whose own models bound them, and the current look, which is one of the looks.
    allowed = ("options", "grid", "upto", "cells")
    assert [path for path in unbounded if not any(word in path for word in allowed)] == []


def test_no_class_has_the_name_of_the_mean_over_classes():
    with pytest.raises(ValueError, match="'mean' is the name of the mean over the classes"):
        DatasetEntry.model_validate({"title": "T", "classes": ["mean", "ill"], "source": {"kind": "folder", "size": 8}})
