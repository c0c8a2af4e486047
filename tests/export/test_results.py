"""`medattn export --csv`, `--tensorboard` and `--mlflow`: curves of finished and running results, and measurements."""

import csv
import sys
from pathlib import Path

import pandas as pd
import pytest

from medattn.training.history import read_history
from tests.conftest import files_in


def table(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, keep_default_na=False)


def test_csv_has_every_epoch_of_finished_and_running_runs_and_results_stay_as_they_are(measured_project, capsys):
    before = files_in(measured_project.results.folder)
    assert measured_project.medattn("export", "--csv") == 0
    assert capsys.readouterr().out.startswith("export/trial/csv: 6 runs (1 of them unfinished), ")
    assert files_in(measured_project.results.folder) == before
    curves = table(Path("export/trial/csv/curves.csv"))
    for run, rows in curves.groupby("run"):
        files = measured_project.files(run)
        if files.record.exists():
            history = read_history(files.history)
            assert rows["accuracy"].astype(float).tolist() == [100 * row.correct / row.images for row in history]
            assert rows["train_loss"].astype(float).tolist() == [row.train_loss for row in history]
            assert set(rows["status"]) == {"ok"} and set(rows["evaluated"]) == {"test"}
        else:
            assert set(rows["status"]) == {"unfinished"}
            assert rows["epoch"].tolist() == [1, 2]
            assert rows["accuracy"].astype(float).tolist() == [62.5, 75.0]
        assert set(rows["validation_accuracy"]) == {""}
    exported = pd.read_csv("export/trial/csv/measurements.csv")
    original = pd.read_csv(measured_project.results.measurements)
    pd.testing.assert_frame_equal(
        exported, original[original["value"].notna()].reset_index(drop=True), check_dtype=False
    )


def test_runs_before_the_measurement_are_exported(measured_project, capsys):
    measured_project.results.measurements.unlink()
    assert measured_project.medattn("export", "results/trial", "--csv", "--to", "elsewhere") == 0
    assert capsys.readouterr().out == "elsewhere: 6 runs (1 of them unfinished), 0 measurements\n"
    assert [path.name for path in Path("elsewhere").iterdir()] == ["curves.csv"]


@pytest.mark.parametrize("inside", ["results/trial", "results/trial/export", "data/prepared/x/y"])
def test_an_export_into_sealed_folders_is_refused(measured_project, capsys, inside):
    prepared = Path("data/prepared/x")
    prepared.mkdir(parents=True)
    (prepared / "manifest.json").touch()
    before = files_in(measured_project.root)
    assert measured_project.medattn("export", "--csv", "--to", inside) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "whose seal covers all its files; choose a folder outside of it with --to" in line
    assert files_in(measured_project.root) == before


def test_tensorboard_reads_curves_and_measurements_also_after_a_second_export(measured_project):
    accumulator = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator", reason="tensorboard is not installed"
    )
    assert measured_project.medattn("export", "--tensorboard") == 0
    assert measured_project.medattn("export", "--tensorboard") == 0
    folder = Path("export/trial/tensorboard")
    run = next(path.parent for path in measured_project.results.folder.rglob("record.json"))
    events = accumulator.EventAccumulator(str(folder / run.relative_to(measured_project.results.folder / "runs")))
    events.Reload()
    found = events.Scalars("curves/test_accuracy")
    history = read_history(run / "history.csv")
    assert [event.step for event in found] == [1, 2, 3]
    assert [event.value for event in found] == pytest.approx([100 * row.correct / row.images for row in history])
    assert found[0].wall_time < found[2].wall_time
    measurements = pd.read_csv(measured_project.results.measurements)
    own = measurements[(measurements["runs"].str.endswith(run.name)) & (measurements["metric"] == "accuracy")]
    (value,) = events.Scalars("measured/accuracy/epochs")
    assert value.value == pytest.approx(own.loc[own["procedure"] == "epochs", "value"].item())
    cell = accumulator.EventAccumulator(str(folder / run.parent.name))
    cell.Reload()
    of_cell = measurements[(measurements["procedure"] == "runs") & (measurements["metric"] == "accuracy")]
    assert cell.Scalars("measured/accuracy/runs")[0].value in of_cell["value"].astype("float32").tolist()


def test_mlflow_holds_settings_curves_and_measurements_once(measured_project):
    mlflow = pytest.importorskip("mlflow", reason="mlflow is not installed: it is not in the lock file")
    for _ in range(2):
        assert measured_project.medattn("export", "--mlflow") == 0
    client = mlflow.MlflowClient(tracking_uri=f"sqlite:///{Path('export/trial/mlflow/mlflow.db').resolve()}")
    experiment = client.get_experiment_by_name("trial")
    runs = {run.data.tags.get("run"): run for run in client.search_runs([experiment.experiment_id])}
    own = measured_project.plan().runs
    assert own.keys() <= runs.keys() and len(client.search_runs([experiment.experiment_id])) == len(own) + 2
    for name in own:
        files, found = measured_project.files(name), runs[name]
        assert found.data.params["recipe.epochs"] == "3"
        assert found.info.status == ("FINISHED" if files.record.exists() else "RUNNING")
        if files.record.exists():
            steps = client.get_metric_history(found.info.run_id, "test_accuracy")
            history = read_history(files.history)
            assert [(each.step, each.value) for each in steps] == [
                (r.epoch, 100 * r.correct / r.images) for r in history
            ]


@pytest.mark.parametrize(
    ("form", "module", "extra"), [("tensorboard", "tensorboard", "export"), ("mlflow", "mlflow", "mlflow")]
)
def test_a_missing_library_is_one_line_that_says_what_to_install(
    measured_project, capsys, monkeypatch, form, module, extra
):
    monkeypatch.setitem(sys.modules, module, None)
    for name in [name for name in sys.modules if name.startswith("torch.utils.tensorboard")]:
        monkeypatch.delitem(sys.modules, name)
    assert measured_project.medattn("export", f"--{form}") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith(f"needs the package {module}: pip install {module} (the extra `{extra}` of medattn)")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere", "--csv"], "nowhere/plan.json: no such file"),
        (["results/trial", "--config", "config.yaml", "--csv"], "give a folder of results, or --config or --plan"),
        (["--csv", "--data", "data"], "only --croissant reads data"),
        (["--csv", "--to", "config.yaml"], "config.yaml: a file, but an export is a folder"),
        (["results/trial", "--croissant", "phantom"], "describes a data set, not results"),
        (["--croissant", "phantm"], "unknown data set 'phantm'; did you mean 'phantom'?"),
        (["--croissant", "phantom"], "phantom: not prepared; run `medattn fetch phantom` first"),
    ],
)
def test_wrong_arguments_are_one_line(measured_project, capsys, arguments, message):
    assert measured_project.medattn("export", *arguments) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line


def test_text_that_spreadsheets_would_compute_is_written_as_text(measured_project):
    rows = [*csv.reader(measured_project.results.measurements.open(encoding="utf-8"))]
    rows[1][rows[0].index("reason")] = "'=1+1"  # as the table holds the text =1+1
    with measured_project.results.measurements.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(rows)
    assert measured_project.medattn("export", "--csv") == 0
    assert "'=1+1" in Path("export/trial/csv/measurements.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["curves.csv", "measurements.csv"])
def test_tables_of_somebody_else_are_not_replaced(measured_project, capsys, name):
    folder = Path("mine")
    folder.mkdir()
    (folder / name).write_text("name,value\n")
    assert measured_project.medattn("export", "--csv", "--to", "mine") == 2
    assert f"mine/{name}: not written by `medattn export`" in capsys.readouterr().err
    assert {path.name: path.read_text() for path in folder.iterdir()} == {name: "name,value\n"}
    (folder / name).unlink()
    for _ in range(2):
        assert measured_project.medattn("export", "--csv", "--to", "mine") == 0
