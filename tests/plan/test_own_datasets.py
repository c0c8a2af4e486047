"""Data sets that a paper declares in datasets.yaml, and those of config/datasets/ in the working folder."""

import json

import pytest
import yaml

from medattn.audit.made_with import paper_files
from medattn.config.load import known_datasets, read_configuration
from medattn.judge.protocol_deviations import _source_changes
from medattn.plan.expand import make_plan
from medattn.shipped import paper_names

ENTRY = {
    "title": "Scans",
    "source": {"kind": "phantom", "size": 12, "counts": {"train": [8, 8], "test": [4, 4]}},
    "classes": ["well", "ill"],
}


def declare(project, place: str, name: str = "scans", **changes) -> None:
    path = project.root / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump({name: ENTRY | changes}))


@pytest.mark.parametrize("place", ["papers/tiny/datasets.yaml", "config/datasets/any.yaml"])
def test_a_declared_data_set_is_planned_changed_by_selections_and_sealed(project, place):
    declare(project, place)
    project.configure({"datasets": ["scans"]}, datasets={"scans": {"title": "Other"}, "phantom": None})
    configuration = read_configuration(None, project.root)
    assert configuration.datasets["scans"].title == "Other"
    assert configuration.declared_datasets["scans"].title == "Scans"
    plan = make_plan(configuration)
    assert {cell.dataset for cell in plan.cells.values()} == {"scans"} and plan.packs
    assert place in paper_files(project.root, plan.configuration)
    assert list(_source_changes(configuration, "scans", {"size": 12})) == []
    assert list(_source_changes(configuration, "scans", {"size": 14})) == ["datasets.scans.source.size"]


def test_a_data_set_of_a_paper_belongs_to_selections_with_it(project):
    declare(project, "papers/tiny/datasets.yaml")
    assert "scans" not in known_datasets(project.root)
    declare(project, "config/datasets/any.yaml", "others")
    assert "others" in known_datasets(project.root)
    project.plan()
    plan = json.loads(project.results.plan.read_text())
    assert "config/datasets/any.yaml" not in paper_files(project.root, plan["configuration"]), "no paper uses it"


@pytest.mark.parametrize(
    ("place", "name", "changes", "message"),
    [
        ("papers/tiny/datasets.yaml", "phantom", {}, "phantom: registry.yaml or config/datasets/ declares another"),
        ("config/datasets/x.yaml", "digits", {}, "config/datasets/x.yaml: digits: registry.yaml declares another"),
        ("papers/tiny/datasets.yaml", "My Scans", {}, "should be a name of at most 40 lower-case letters"),
        ("papers/tiny/datasets.yaml", "scans", {"clases": []}, "datasets.yaml: scans: unknown key 'clases'"),
        ("config/datasets/x.yaml", "scans", {"source": {"kind": "fantom"}}, "did you mean 'phantom'"),
    ],
)
def test_a_wrong_declaration_is_one_line(project, capsys, place, name, changes, message):
    declare(project, place, name, **changes)
    assert project.medattn("plan") == 2
    shown = capsys.readouterr().err
    assert message in shown and shown.count("\n") == 1


def test_fetch_lists_and_prepares_data_sets_of_the_folder(project, capsys):
    declare(project, "config/datasets/any.yaml")
    assert project.medattn("fetch", "--list") == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["scans", "24", "2"] in [row[:3] for row in rows]
    assert project.medattn("fetch", "scans") == 0
    assert "scans: train 16, test 8 images of 12 x 12" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["._others.yaml", ".#others.yaml", "#others.yaml#", "@eaDir/x.yaml"])
def test_litter_among_data_sets_and_papers_is_skipped(project, name):
    before = known_datasets(project.root), paper_names(project.root)
    for place in (project.root / "config/datasets" / name, project.root / "papers/._tiny/paper.yaml"):
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(b"\0\5\26\7")
    assert (known_datasets(project.root), paper_names(project.root)) == before
