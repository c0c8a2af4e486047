"""Looks: numbers of seeds that a selection declares ahead."""

from pathlib import Path

import pytest

from medattn.config.load import read_configuration, resolve
from medattn.plan.expand import make_plan

ROOT = Path(__file__).parents[2]
LOOKS = {"looks": [3, 5, 8]}


def train_seeds(plan, cell: str) -> list[int]:
    return sorted(run.seed for run in plan.runs_of(cell, "train"))


def test_a_look_trains_the_same_runs_as_a_list_of_its_seeds(project):
    project.configure(seeds=[0, 1, 2])
    listed = project.plan()
    project.configure(seeds=LOOKS)
    looked = project.plan()
    assert list(looked.runs) == list(listed.runs)
    assert looked.packs == listed.packs


def test_a_later_look_keeps_the_earlier_runs_and_adds_seeds(project):
    project.configure(seeds=LOOKS)
    first = project.plan()
    project.configure(seeds={**LOOKS, "upto": 5})
    second = project.plan()
    assert set(first.runs) < set(second.runs)
    added = [second.runs[run] for run in second.runs.keys() - first.runs.keys()]
    assert {run.stage for run in added} == {"train"}
    assert {run.seed for run in added} == {3, 4}


def test_single_cells_can_be_at_a_later_look(project):
    project.configure(seeds={**LOOKS, "cells": {"tiny.phantom.net.gsa": 8}})
    plan = project.plan()
    assert train_seeds(plan, "tiny.phantom.net.vanilla") == [0, 1, 2]
    assert train_seeds(plan, "tiny.phantom.net.gsa") == list(range(8))


def test_an_unknown_cell_with_a_look_is_refused(project, capsys):
    project.configure(seeds={**LOOKS, "cells": {"tiny.phantom.net.gas": 8}})
    assert project.medattn("plan") == 2
    assert "seeds.cells: unknown cell 'tiny.phantom.net.gas'; did you mean 'tiny.phantom.net.gsa'?" in (
        capsys.readouterr().err
    )


@pytest.mark.parametrize(
    ("upto", "expected"),
    [
        ({}, "seeds: 0 to 2, look 1 of 3, 5, 8; alpha 0.0167 at each; next look: `upto: 5`"),
        ({"upto": 8}, "seeds: 0 to 7, look 3 of 3, 5, 8; alpha 0.0167 at each; this is the last look"),
        ({"cells": {"tiny.phantom.net.gsa": 5}}, "seeds of single cells: tiny.phantom.net.gsa 5"),
    ],
)
def test_the_plan_says_which_look_is_trained_and_which_is_next(project, capsys, upto, expected):
    project.configure(seeds={**LOOKS, **upto})
    assert project.medattn("plan") == 0
    assert expected in capsys.readouterr().out


def test_the_resolved_configuration_names_the_look_and_can_be_resolved_again(project):
    project.configure(seeds=LOOKS)
    plan = project.plan()
    assert plan.configuration["seeds"] == {"looks": [3, 5, 8], "upto": 3, "cells": {}, "pilot_sd": None}
    again = make_plan(resolve(plan.configuration, project.root, "plan.json"))
    assert again.runs == plan.runs


def test_the_significance_level_is_split_evenly_over_the_looks(project):
    project.configure(seeds=LOOKS, verdicts={"alpha": 0.06})
    selection = read_configuration(project.root / "config.yaml", project.root).selection
    assert selection.rule_at_a_look.alpha == pytest.approx(0.02)
    assert selection.rule_at_a_look.model_copy(update={"alpha": 0.06}) == selection.verdicts
    project.configure(seeds=[0, 1, 2], verdicts={"alpha": 0.06})
    selection = read_configuration(project.root / "config.yaml", project.root).selection
    assert selection.rule_at_a_look.alpha == 0.06


def test_the_default_selection_starts_with_five_seeds():
    assert read_configuration(ROOT / "config.yaml", ROOT).selection.trained_seeds == (0, 1, 2, 3, 4)
