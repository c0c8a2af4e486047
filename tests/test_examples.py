"""Every example in a document works: YAML is validated, commands are parsed, files that they name exist."""

import argparse
import json
import re
import shlex
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator
from snakemake.cli import get_argument_parser

from medattn.__main__ import COMMANDS
from medattn.config.load import registered_datasets, resolve
from medattn.config.manual.schemas import json_schemas
from medattn.config.models.facts import Facts
from medattn.config.models.paper import Paper
from medattn.config.validation import validated
from medattn.config.yaml_files import parse_yaml, read_yaml
from medattn.log import add_verbosity_arguments
from medattn.plan.expand import make_plan
from tests.test_documents import ROOT

DOCUMENTS = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("*.md", "config/*.md", "docs/*.md", "papers/*/*.md", "benchmarks/*.md", "results/*.md")
    for path in ROOT.glob(pattern)
)
# Files that a reader of the document writes, or that an earlier command of the example writes.
WRITTEN_BY_READERS = {
    "my-gate.yaml",
    "cells.yaml",
    "mine.yaml",
    "my.yaml",
    "next.yaml",
    "my-selection.yaml",
    "mine.csv",
}
SHIPPED = {
    "selection": [ROOT / "config.yaml", *ROOT.glob("config/*.yaml")],
    "paper": [*ROOT.glob("papers/*/paper.yaml")],
    "facts": [*ROOT.glob("papers/*/facts.yaml")],
    "dataset": [ROOT / "workflow/medattn/datasets/registry.yaml", *ROOT.glob("papers/*/datasets.yaml")],
}


def blocks(document: str, *languages: str) -> list[str]:
    """Return the texts of the fenced blocks of a document that have one of the languages."""
    fenced = re.findall(
        r"^```(\w*)\n(.*?)^```$", (ROOT / document).read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
    return [text for language, text in fenced if language in languages]


def commands(document: str) -> list[list[str]]:
    """Return the command lines in the blocks of a document."""
    lines = [line for block in blocks(document, "", "bash") for line in block.replace("\\\n", " ").splitlines()]
    return [shlex.split(line, comments=True) for line in lines if line.startswith(("medattn ", "snakemake "))]


def mentions(document: str) -> list[str]:
    """Return the code spans in the prose of a document that begin with a command of medattn."""
    text = re.sub(r"^```.*?^```", "", (ROOT / document).read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    found = (" ".join(span.split()) for span in re.findall(r"(?<!`)`(medattn\s[^`]+)`(?!`)", text))
    return [span for span in found if "COMMAND" not in span]


EXAMPLES = [(document, block) for document in DOCUMENTS for block in blocks(document, "yaml")]
LINES = [(document, line) for document in DOCUMENTS for line in commands(document)]


@pytest.mark.parametrize(("document", "block"), EXAMPLES, ids=lambda value: str(value)[:40].splitlines()[0])
def test_yaml_examples_are_valid(document, block, tmp_path, monkeypatch):
    value = parse_yaml(block, document)
    if set(value) <= set(Facts.model_fields):
        validated(Facts, value, document)
    elif set(value) <= {"families"}:
        validated(Paper, read_yaml(ROOT / "papers/ppcr/paper.yaml") | value, document)
    elif len(value) == 1 and "mechanism" in next(iter(value.values())):
        whole = {"selection": "example", "papers": {"demo": {"extra_arms": value}}}
        resolve_beside_the_mechanism(whole, document, tmp_path, monkeypatch)
    else:
        whole = {"selection": "example", "papers": {"gsa": {}}} | value
        new = [name for name in whole.get("datasets", {}) if name not in registered_datasets()]
        assert resolve_beside_the_mechanism(whole, document, tmp_path, monkeypatch).selection.selection, new


def resolve_beside_the_mechanism(selection, document, folder: Path, monkeypatch):
    """Resolve and plan a selection in a folder with the file of the documented mechanism."""
    (source,) = blocks("docs/add-a-mechanism.md", "python")
    (folder / "my_attention.py").write_text(source, encoding="utf-8")
    monkeypatch.chdir(folder)
    configuration = resolve(selection, ROOT, document)
    assert make_plan(configuration, as_if_available=True).cells
    return configuration


@pytest.mark.parametrize(("document", "line"), LINES, ids=lambda value: str(value)[:60])
def test_commands_of_examples_are_parsed_and_name_files_that_exist(document, line):
    program, *arguments = line
    if program == "snakemake":
        files = get_argument_parser().parse_args(arguments).configfile or []
    else:
        files = getattr(parser_of(arguments[0]).parse_args(arguments[1:]), "config", None) or []
    for file in files:
        assert Path(file).name in WRITTEN_BY_READERS or (ROOT / file).is_file(), file


@pytest.mark.parametrize("document", DOCUMENTS)
def test_commands_in_prose_exist_with_their_options(document):
    for span in mentions(document):
        name, *words = span.split()[1:]
        known = parser_of(name)._option_string_actions
        assert {word for word in words if word.startswith("-")} <= set(known), span


def parser_of(name: str) -> argparse.ArgumentParser:
    name = {"consistency": "claims"}.get(name, name)
    assert name in COMMANDS
    parser = argparse.ArgumentParser(exit_on_error=False)
    import_module(f"medattn.commands.{name}").add_arguments(parser)
    add_verbosity_arguments(parser)
    return parser


def test_there_are_examples_of_each_kind():
    assert len(EXAMPLES) > 8
    assert {line[0] for _, line in LINES} == {"medattn", "snakemake"}
    assert len(LINES) > 25
    assert sum(len(mentions(document)) for document in DOCUMENTS) > 50


@pytest.mark.parametrize("kind", SHIPPED)
@pytest.mark.parametrize("load", [read_yaml, lambda path: yaml.safe_load(path.read_text(encoding="utf-8"))])
def test_schemas_accept_every_yaml_that_is_shipped_whoever_reads_it(kind, load):
    schema = json.loads(json_schemas()[f"{kind}.schema.json"])
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    assert SHIPPED[kind]
    for path in SHIPPED[kind]:
        errors = [f"{list(error.absolute_path)}: {error.message}" for error in validator.iter_errors(load(path))]
        assert not errors, path


@pytest.mark.parametrize("path", [path for paths in SHIPPED.values() for path in paths], ids=str)
def test_every_yaml_that_is_shipped_names_the_schema_that_accepts_it(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("# yaml-language-server: $schema="), f"{path}: add a schema line"
    schema = path.resolve().parent / lines[0].partition("=")[2]
    validator = Draft202012Validator(json.loads(schema.read_text(encoding="utf-8")))
    assert not [error.message for error in validator.iter_errors(read_yaml(path))]


@pytest.mark.parametrize("kind", ["selection", "paper", "facts"])
def test_schemas_refuse_an_unknown_key(kind):
    schema = json.loads(json_schemas()[f"{kind}.schema.json"])
    value = read_yaml(SHIPPED[kind][0]) | {"sedes": [1]}
    assert not Draft202012Validator(schema).is_valid(value)


@pytest.mark.slow
@pytest.mark.workflow
def test_snakemake_plans_the_first_example_of_the_manual(tmp_path):

    (tmp_path / "mine.yaml").write_text(blocks("config/README.md", "yaml")[0], encoding="utf-8")
    shutil.copytree(ROOT / "papers", tmp_path / "papers")
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--cores", "1", "-n", "-q"]
    done = subprocess.run(
        [*command, "--configfile", "mine.yaml"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Plan of the selection 'mine'" in done.stderr
