"""docs/one_run.py, the annotated script, gives the same accuracies as `medattn train`."""

import importlib.util
from pathlib import Path

import pytest

from medattn.training.history import read_history

SCRIPT = Path(__file__).parents[2] / "docs" / "one_run.py"


@pytest.mark.heavy
def test_the_annotated_script_gives_the_accuracies_of_medattn_train(project, capsys):
    spec = importlib.util.spec_from_file_location("one_run", SCRIPT)
    one_run = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(one_run)
    project.configure(
        {
            "datasets": ["digits"],
            "backbones": {"net": one_run.BACKBONE.model_dump(exclude_unset=True)},
            "arms": {"vanilla": None, "gsa": {"options": one_run.GSA}},
            "recipe": one_run.RECIPE.model_dump(exclude_unset=True),
            "protocol": {"kind": "fixed_epoch", "folds": None, "measured_epochs": None},
            "figures": None,
        },
        seeds=[one_run.SEED],
    )
    assert project.medattn("train") == 0
    (run,) = project.plan().runs
    history = read_history(project.files(run).history)
    capsys.readouterr()

    correct = one_run.train_one_run(Path("data"))

    assert correct == [row.correct for row in history]
    assert correct[-1] > 0.8 * history[-1].images
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == f"epoch 3: test accuracy {100 * correct[-1] / history[-1].images:.2f} %"
    assert len(lines) == len(history) == 3


def test_the_script_fits_on_a_page():
    assert len(SCRIPT.read_text(encoding="utf-8").splitlines()) <= 80
