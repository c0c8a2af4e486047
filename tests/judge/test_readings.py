"""What a paper leaves open: every reading that its README offers keeps its verdict and is named."""

from pathlib import Path

import pytest

from medattn.config.load import resolve
from medattn.config.models.paper import Arm, Backbone, Paper
from medattn.config.models.recipe import Recipe
from medattn.config.overrides import override_protocol_keys
from medattn.config.resolved import Configuration
from medattn.config.validation import validated
from medattn.config.yaml_files import read_yaml
from medattn.consistency.inputs import read_facts
from medattn.consistency.published import read_published
from medattn.judge.protocol_deviations import deviation, reading
from medattn.judge.subject import Subject
from medattn.metrics.registry import METRICS
from medattn.plan.expand import make_plan

PAPERS = Path(__file__).parents[2] / "papers"
FACTS = {path.parent.name: read_facts(path) for path in sorted(PAPERS.glob("*/facts.yaml"))}
READINGS = [(paper, name) for paper, facts in FACTS.items() for name in facts.readings]


def selection_of(paper: str, taken: object = None, datasets: object = None) -> Configuration:
    raw = {"selection": "trial", "papers": {paper: taken or {}}, "datasets": datasets or {}, "seeds": [0]}
    return resolve(raw, PAPERS.parent, "test")


def reading_of(paper: str, name: str) -> Configuration:
    reading = FACTS[paper].readings[name]
    return selection_of(paper, reading.paper.model_dump(exclude_unset=True), reading.datasets)


def deviations_and_readings(paper: str, configuration: Configuration) -> tuple[set[str], set[str]]:
    """Return deviations and readings over all published values of a paper that a selection takes."""
    found: tuple[set[str], set[str]] = (set(), set())
    for row in read_published(PAPERS / paper / "published.csv"):
        of_row = [resolved for resolved in configuration.papers if row.table in resolved.tables]
        for resolved in of_row:
            subject = Subject(row.table, row.dataset, row.backbone, row.arm, row.metric)
            found[0].add(deviation(configuration, resolved, subject, FACTS[paper]))
            found[1].add(reading(configuration, resolved, subject, FACTS[paper]))
    return found


@pytest.mark.parametrize(("paper", "name"), READINGS)
def test_a_reading_keeps_its_verdict_and_is_named(paper, name):
    deviations, named = deviations_and_readings(paper, reading_of(paper, name))
    assert deviations == {""}
    assert any(text.startswith("another reading of choices that the paper leaves open") for text in named)


@pytest.mark.parametrize(("paper", "name"), READINGS)
def test_a_reading_can_be_planned_and_the_readme_offers_it(paper, name):
    assert make_plan(reading_of(paper, name), as_if_available=True).packs
    assert f"`{name}`" in (PAPERS / paper / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("paper", FACTS)
def test_keys_that_are_left_open_exist(paper):
    whole = validated(Paper, read_yaml(PAPERS / paper / "paper.yaml"), paper)
    kinds = {"recipe": Recipe, "arms": Arm, "backbones": Backbone}
    for key in FACTS[paper].left_open:
        head, *rest = key.split(".")
        if head == "protocol":
            protocol = override_protocol_keys(whole.protocol, {}, paper)
            declared = {choice for reading in protocol.readings() for choice in reading.choices}
            assert rest[0] in type(protocol).model_fields or key in declared, key
        elif head == "metrics":
            assert METRICS[rest[0]].averagings and rest[1] == "averaging", key
        elif head == "recipe":
            assert rest[0] in Recipe.model_fields
        elif head in kinds:
            assert rest[0] == "*" or rest[0] in getattr(whole, head), key
            assert rest[1] in kinds[head].model_fields, key
        else:
            assert head == "datasets", key


@pytest.mark.parametrize(
    ("paper", "taken", "named"),
    [
        (
            "oct",
            {"extra_backbones": {"inception_v4": {"model": "timm/inception_v4"}}},
            "backbones.inception_v4.weights",
        ),
        ("acnet", {"extra_backbones": {"vgg16": {"model": "torchvision/vgg19"}}}, "backbones.vgg16.model"),
        ("gsa", {"extra_arms": {"gsa": {"mechanism": "gsa", "options": {"cutoff_epoch": 9}}}}, "cutoff_epoch"),
        ("ppcr", {"extra_arms": {"ppcr": {"mechanism": "ppcr", "options": {"scales": 2}}}}, "arms.ppcr.options.scales"),
    ],
)
def test_what_the_text_fixes_is_not_left_open(paper, taken, named):
    deviations, _ = deviations_and_readings(paper, selection_of(paper, taken))
    assert any(named in text for text in deviations)


def test_an_arm_that_repeats_the_paper_and_a_recipe_that_repeats_it_change_nothing():
    same = {"extra_arms": {"ppcr": {"mechanism": "ppcr", "label": "ours", "options": {"scales": 3}}}}
    deviations, named = deviations_and_readings("ppcr", selection_of("ppcr", {**same, "recipe": {"epochs": 150}}))
    assert deviations == named == {""}
