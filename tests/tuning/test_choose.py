import json
from collections.abc import Sequence
from fractions import Fraction

import pytest

from medattn.files import sha256_of_file
from medattn.plan.model import Plan
from medattn.protocols.cross_validated_epochs import best_epochs
from medattn.training.history import EpochRow, write_history
from medattn.tuning.choose import Candidate, choose
from medattn.tuning.epoch_results import FoldAccuracies, RecordedEpochs
from tests.conftest import Project


def fractions(*correct: int, images: int = 10) -> list[Fraction]:
    return [Fraction(c, images) for c in correct]


@pytest.mark.parametrize(("ties", "expected"), [("earliest", (2, 1, 3, 4)), ("latest", (2, 4, 3, 1))])
def test_ties_go_to_the_earliest_or_the_latest_epoch(ties, expected):
    folds = [fractions(5, 9, 6, 4), fractions(5, 9, 4, 6)]
    assert best_epochs(folds, 4, ties) == expected
    assert best_epochs(folds, 2, ties) == expected[:2]
    assert best_epochs(folds, 30, ties) == expected


def test_ties_at_the_last_place_can_all_be_kept():
    folds = [fractions(5, 9, 6, 4, 3), fractions(5, 9, 4, 6, 1)]
    assert best_epochs(folds, 2, "kept") == (2, 1, 3, 4)
    assert best_epochs(folds, 1, "kept") == (2,)
    assert best_epochs(folds, 30, "kept") == (2, 1, 3, 4, 5)


def test_means_are_exact_where_floats_are_not():
    # 0.1 + 0.2 + 0.3 and 0.3 + 0.2 + 0.1 differ as floats; as fractions they are a tie.
    folds = [fractions(1, 3), fractions(2, 2), fractions(3, 1)]
    assert 0.1 + 0.2 + 0.3 != 0.3 + 0.2 + 0.1
    assert best_epochs(folds, 1, "earliest") == (1,)
    assert best_epochs(folds, 1, "latest") == (2,)
    # Folds of different size weigh the same: the mean over folds, not over images.
    assert best_epochs([[Fraction(1, 2), Fraction(0)], [Fraction(0), Fraction(51, 100)]], 1, "earliest") == (2,)


def test_the_grid_point_with_the_best_mean_is_chosen_the_first_among_equals():
    candidates = [
        Candidate({"a": 0}, None, None, "diverged"),
        Candidate({"a": 1}, (1,), Fraction(1, 2)),
        Candidate({"a": 2}, (2,), Fraction(2, 3)),
        Candidate({"a": 3}, (3,), Fraction(4, 6)),
    ]
    assert choose(candidates) is candidates[2]
    assert choose(candidates[:1]) is None
    assert choose([Candidate({"a": 1}, (1,), Fraction(0))]) is not None, "an accuracy of 0 is an accuracy"


def histories(project: Project, correct: dict[tuple[int, int, float], list[int]]) -> None:
    """Write the tuning runs as if they had been trained: correct images per epoch by seed, fold and weight decay."""
    for run in project.plan().runs.values():
        if run.stage != "tune":
            continue
        files = project.files(run.id)
        counted = correct[run.seed, run.fold, run.grid_point["recipe.weight_decay"]]
        rows = [EpochRow(epoch, 0.1, 0.5, 0.0, 5, 10, right, 10) for epoch, right in enumerate(counted, 1)]
        write_history(files.history, rows, "validation")
        outputs = {"history.csv": {"sha256": sha256_of_file(files.history)}}
        record = {"status": "ok", "epochs": 3, "seconds": 1.0, "outputs": outputs}
        files.record.write_text(json.dumps(record))


def first_choices(project: Project, plan: Plan) -> dict[int, Sequence[int] | None]:
    """The first seed's choice for the runs of vanilla, by seed."""
    cell = plan.cells["tiny.phantom.net.vanilla"]
    folds = FoldAccuracies(plan.runs_of(cell.id, "tune"), project.results)
    return {
        run.seed: RecordedEpochs(run, cell, project.results, folds).first_chosen_epochs()
        for run in plan.runs_of(cell.id, "train")
    }


@pytest.mark.parametrize("tune", ["once", "each"])
def test_choices_of_a_group_by_hand(project, tune):
    arms = {"vanilla": {"grid": {"recipe.weight_decay": [0.1, 0.01]}}, "gsa": None}
    project.configure(
        {"arms": arms, "figures": None, "recipe": {"epochs": 3}, "protocol": {"tune": tune}}, seeds=[7, 8]
    )
    histories(
        project,
        {
            (7, 0, 0.1): [1, 2, 9], (7, 1, 0.1): [1, 2, 1],
            (7, 0, 0.01): [5, 6, 1], (7, 1, 0.01): [5, 4, 2],
            (8, 0, 0.1): [9, 9, 1], (8, 1, 0.1): [9, 9, 1],
            (8, 0, 0.01): [5, 5, 5], (8, 1, 0.01): [5, 5, 5],
        },
    )  # fmt: skip
    assert project.medattn("tune") == 0
    choices = json.loads(project.results.tuned("tiny.phantom.net").read_text())["cells"]["tiny.phantom.net.vanilla"]
    assert list(choices) == (["all"] if tune == "once" else ["7", "8"])
    first = choices["all" if tune == "once" else "7"]
    assert (first["grid_point"], first["epochs"]) == ({"recipe.weight_decay": 0.01}, [1, 2])
    assert [candidate["validation_accuracy"] for candidate in first["candidates"]] == pytest.approx([0.35, 0.5])
    assert len(first["runs"]) == 4
    if tune == "each":
        assert (choices["8"]["grid_point"], choices["8"]["epochs"]) == ({"recipe.weight_decay": 0.1}, [1, 2])
    plan = project.plan()
    of_seeds = first_choices(project, plan)
    assert of_seeds == {7: [1, 2], 8: [1, 2] if tune == "once" else None}, "seed 8 was trained at another grid point"


def test_a_run_that_has_not_ended_is_named(project, capsys):
    assert project.medattn("tune") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("medattn: results/trial/runs/tiny.phantom.net.")
    assert "record.json: no such file; run the step that makes it first" in line


def test_a_history_that_was_touched_is_refused(project, capsys):
    project.configure({"arms": {"gsa": None, "vanilla": {"grid": {"recipe.weight_decay": [0.1]}}}, "figures": None})
    histories(project, {(0, fold, 0.1): [1, 2, 3] for fold in (0, 1)})
    run = next(iter(project.plan().runs))
    files = project.files(run)
    files.history.write_text(files.history.read_text().replace(",3,10,0,0,0,validation", ",4,10,0,0,0,validation"))
    capsys.readouterr()
    assert project.medattn("tune") == 2
    assert f"{run}/history.csv: not the file that the record of the run names" in capsys.readouterr().err


def test_an_unknown_group_names_the_nearest(project, capsys):
    assert project.medattn("tune", "--group", "tiny.phantom.nett") == 2
    assert "did you mean 'tiny.phantom.net'" in capsys.readouterr().err
