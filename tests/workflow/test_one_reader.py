"""One reader of selections: `medattn plan --config` and `snakemake --configfile` accept and refuse the same files."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from snakemake.common.configfile import load_configfile

from medattn.config.selection_files import read_selection
from medattn.config.yaml_files import read_yaml
from medattn.errors import UserError
from tests.conftest import SELECTION, Project

ROOT = Path(__file__).parents[2]
BASE = """selection: trial
papers: {tiny: {}}
datasets:
  phantom: {source: {size: 12, counts: {train: [10, 10], test: [6, 6]}}, classes: [healthy, ill]}
device: cpu
"""
ACCEPTED = {
    "float without a dot": (BASE + "equivalence_margin: 5e-1\n", ("equivalence_margin", 0.5)),
    "float with a capital": (BASE + "equivalence_margin: 2E0\n", ("equivalence_margin", 2.0)),
    "date as a name": (BASE.replace("trial", "2031-02-03"), ("selection", "2031-02-03")),
    "time as a text": (BASE + "data: 2031-02-03 04:05:06\n", ("data", "2031-02-03 04:05:06")),
    "yes for true": (BASE + "stand_ins: yes\n", ("stand_ins", True)),
    "off for false": (BASE + "cuda_graphs: off\n", ("cuda_graphs", False)),
    "y is text": (BASE + "results: y\n", ("results", "y")),
    "underscores": (BASE + "pack: 1_000\n", ("pack", 1000)),
    "hexadecimal": (BASE + "pack: 0x1F\n", ("pack", 31)),
    "anchors": (BASE + "seeds: &s [4, 5]\n", ("seeds", [4, 5])),
    "byte order mark": ("\ufeff" + BASE, ("selection", "trial")),
    "Windows lines": (BASE.replace("\n", "\r\n"), ("selection", "trial")),
    "Unicode": (BASE + "results: Ergebnisse-für-β\n", ("results", "Ergebnisse-für-β")),
    "document markers": ("---\n" + BASE + "...\n", ("selection", "trial")),
}
REFUSED = {
    "twice at the top": (BASE + "seeds: [1]\nseeds: [2]\n", "line 7: the key 'seeds' is given twice; remove one"),
    "twice inside": (BASE + "verdicts:\n  margin: 1\n  alpha: 0.1\n  margin: 2\n", "line 9: the key 'margin'"),
    "a tab": (BASE + "verdicts:\n\tmargin: 1\n", "line 7: a tab; indent with spaces"),
    "octal": (BASE + "pack: 0100\n", "line 6: 0100 is an octal number for some readers"),
    "base 60": (BASE + "pack: 2:30\n", "line 6: 2:30 is a number to the base 60; put it in quotes"),
    "no such day": (BASE.replace("trial", "2031-02-31"), "line 1: '2031-02-31' is not a date; put it in quotes"),
    "two documents": (BASE + "---\na: 1\n", "line 6: a second document begins"),
    "a truth value as a key": (BASE + "on: 1\n", "line 6: the key on is not text; put it in quotes: 'on'"),
    "a number as a key": (BASE + "12: 1\n", "line 6: the key 12 is not text"),
    "an infinity": (BASE + "equivalence_margin: .inf\n", "equivalence_margin: should be"),
    "not a number": (BASE + "equivalence_margin: .NaN\n", "equivalence_margin: should be"),
    "400 digits": (BASE + f"seeds: [{'7' * 400}]\n", "line 6: 7777"),
    "5,000 digits": (BASE + f"seeds: [{'7' * 5000}]\n", "line 6: 7777"),
    "half a surrogate pair": (BASE + 'data: "\\ud812"\n', "line 6: a text has half of a surrogate pair"),
    "NUL": (BASE + 'data: "a\\0b"\n', "line 6: a text has a NUL character"),
    "a tag": (BASE + "seeds: !!set {1}\n", "line 6: the tag !!set is not supported"),
    "Python": (BASE + "seeds: !!python/tuple [1]\n", "line 6: "),
    "an anchor in itself": (BASE + "seeds: &s [*s]\n", "line 6: an anchor that contains itself"),
    "truth values as classes": (BASE.replace("[healthy, ill]", "[no, yes]"), 'put the name in quotes'),
    "a number as a name": (BASE.replace("trial", "1917"), 'selection: should be text, not 1917; put it in quotes'),
    "empty": ("", "the file is empty"),
    "comments only": ("# nothing\n", "the file is empty"),
    "a list": ("- selection: trial\n", "the top level must be a mapping"),
    "text": ("trial\n", "the top level must be a mapping"),
    "a template": (BASE + "__use_yte__: false\n", "unknown key '__use_yte__'"),
}  # fmt: skip


def error_of_plan(project: Project, capsys, name: str) -> str:
    capsys.readouterr()
    assert project.medattn("plan", "--config", name) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith(f"medattn: {name}: ")
    return lines[0]


@pytest.mark.parametrize("case", ACCEPTED)
def test_what_medattn_accepts_snakemake_can_load_and_gets_from_the_same_reader(project, case):
    text, (key, value) = ACCEPTED[case]
    (project.root / "mine.yaml").write_bytes(text.encode())
    assert project.medattn("plan", "--config", "mine.yaml") == 0
    assert read_selection([project.root / "mine.yaml"])[0][key] == value
    assert isinstance(load_configfile("mine.yaml"), dict), "Snakemake itself would stop before its Snakefile"


@pytest.mark.parametrize("case", REFUSED)
def test_what_medattn_refuses_names_line_and_remedy(project, capsys, case):
    text, says = REFUSED[case]
    (project.root / "mine.yaml").write_text(text, encoding="utf-8")
    assert says in error_of_plan(project, capsys, "mine.yaml")


@pytest.mark.parametrize("content", ["à".encode("latin-1"), "a: b".encode("utf-16"), b"\x89PNG\r\n\x1a\n"])
def test_another_encoding_is_named(project, capsys, content):
    (project.root / "mine.yaml").write_bytes(content)
    assert "not a text file in UTF-8" in error_of_plan(project, capsys, "mine.yaml")


@pytest.mark.parametrize("indent", [None, 2, "\t"])
def test_a_selection_in_json(project, capsys, indent):
    text = json.dumps({**SELECTION, "equivalence_margin": 1e-05, "results": "ß😀"}, indent=indent)
    (project.root / "mine.json").write_text(text, encoding="utf-8")
    assert project.medattn("plan", "--config", "mine.json") == 0
    assert load_configfile("mine.json") == read_yaml(project.root / "mine.json")
    for wrong, says in ((text[:-1] + ', "seeds": [1]}', "'seeds' is given twice"), (text[:-1], "not a JSON file")):
        (project.root / "mine.json").write_text(wrong, encoding="utf-8")
        assert says in error_of_plan(project, capsys, "mine.json")


def test_merge_keys_give_defaults(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("a: &a {x: 1, y: 2}\nb: &b {y: 3, z: 4}\nc: {<<: [*a, *b], z: 5}\nd: {y: 0, <<: *b}\n")
    read = read_yaml(path)
    assert read["c"] == {"x": 1, "y": 2, "z": 5}
    assert read["d"] == {"y": 0, "z": 4}
    assert load_configfile(path) == read


def test_several_files_and_overrides_are_merged_key_by_key(tmp_path):
    first, second = tmp_path / "a.yaml", tmp_path / "b.yaml"
    first.write_text("selection: one\nseeds: [0]\npapers: {gsa: {arms: [vanilla], recipe: {epochs: 3}}}\n")
    second.write_text("selection: two\npapers: {gsa: {recipe: {epochs: 4, batch_size: 8}}, ppcr: {}}\n")
    overrides = [
        "seeds=[7, 8]",
        "papers={gsa: {recipe: {learning_rate: 1e-2}}}",
        "device=cpu",
        "stand_ins=true",
        "data=",
    ]
    value, name = read_selection([first, second], overrides)
    assert value == {
        "selection": "two",
        "seeds": [7, 8],
        "papers": {
            "gsa": {"arms": ["vanilla"], "recipe": {"epochs": 4, "batch_size": 8, "learning_rate": 0.01}},
            "ppcr": {},
        },
        "device": "cpu",
        "stand_ins": True,
        "data": None,
    }
    assert name == f"{first} with {second} with --config"


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("seeds=[0", "--config seeds: line 1: "),
        ("seeds", "--config seeds: must be key=value"),
        ("a={b: 1, b: 2}", "--config a: line 1: the key 'b' is given twice"),
        ("a=010", "--config a: line 1: 010 is an octal number"),
    ],
)
def test_an_override_that_is_no_yaml_is_named(tmp_path, override, says):
    (tmp_path / "a.yaml").write_text("selection: one\n")
    with pytest.raises(UserError) as refused:
        read_selection([tmp_path / "a.yaml"], [override])
    assert str(refused.value).startswith(says)


@pytest.mark.heavy
@pytest.mark.workflow
def test_snakemake_reads_like_medattn(project):
    def snakemake(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [
            sys.executable,
            "-m",
            "snakemake",
            "--snakefile",
            str(ROOT / "Snakefile"),
            "--cores",
            "1",
            "-n",
            "-q",
        ]
        return subprocess.run([*command, *arguments], cwd=project.root, capture_output=True, text=True, check=False)

    (project.root / "all.yaml").write_text(
        BASE.replace("trial", "2031-02-03") + "equivalence_margin: 5e-1\nstand_ins: off\npack: 1_0\n"
    )
    done = snakemake("--configfile", "all.yaml", "--config", "seeds=[3, 9]", "papers={tiny: {recipe: {epochs: 4}}}")
    assert done.returncode == 0, done.stderr
    assert "Plan of the selection '2031-02-03'" in done.stderr
    (project.root / "twice.yaml").write_text(BASE + "seeds: [1]\npapers: {}\n")
    refused = snakemake("--configfile", "twice.yaml")
    assert refused.returncode == 2
    assert "medattn: twice.yaml: line 7: the key 'papers' is given twice; remove one" in refused.stderr
    (project.root / "later.yaml").write_text("sedes: [1]\n")
    refused = snakemake("--configfile", "all.yaml", "later.yaml")
    assert (refused.returncode, "medattn: all.yaml with later.yaml: unknown key 'sedes'" in refused.stderr) == (2, True)
    (project.root / "fewer.yaml").write_text("allow_fewer: true\n")
    refused = snakemake("--configfile", "all.yaml", "fewer.yaml")
    assert (refused.returncode, "unknown key 'allow_fewer'" in refused.stderr) == (2, True)
    assert snakemake("--configfile", "all.yaml", "--config", "allow_fewer=true").returncode == 0
