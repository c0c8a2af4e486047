"""Every mode of Snakemake on a finished selection: looking writes nothing, and no table is of another plan."""

import json
from pathlib import Path

import pandas as pd
import pytest

from tests.conftest import Project
from tests.made_up_runs import finish_runs

from .conftest import configure, content
from .test_looking import snakemake

pytestmark = [pytest.mark.heavy, pytest.mark.workflow]
LOOKS = [
    ["-n"],
    ["--dag"],
    ["--rulegraph"],
    ["--list-rules"],
    ["--summary"],
    ["--unlock"],
    ["--delete-all-output", "-n"],
]


def seeds(project: Project) -> set[int]:
    table = pd.read_csv(project.results.measurements)
    return set(table.loc[table["procedure"] == "epochs", "seed"])


@pytest.fixture
def finished(pictures: Project) -> Project:
    """A small selection that Snakemake has measured; its runs are made up."""
    configure(pictures)
    finish_runs(pictures.plan(), pictures.results)
    done = snakemake(pictures, "measured")
    assert done.returncode == 0, done.stderr
    return pictures


def test_looking_writes_nothing(finished):
    before = content(finished)
    for mode in LOOKS:
        looked = snakemake(finished, "measured", *mode)
        assert looked.returncode == 0, (mode, looked.stderr)
        assert content(finished) == before, mode
    reported = snakemake(finished, "measured", "--report", str(finished.root / ".snakemake/report.html"))
    assert reported.returncode == 0, reported.stderr
    forgotten = snakemake(finished, "--cleanup-metadata", "results/trial/measurements.csv")
    assert forgotten.returncode == 0, forgotten.stderr
    touched = snakemake(finished, "measured", "--touch")
    assert touched.returncode == 0, touched.stderr
    assert content(finished) == before


def test_deleting_all_output_spares_finished_runs_and_prepared_images(finished):
    kept = ("record.json", "scores.safetensors", "history.csv", "manifest.json", "attention.safetensors")
    before = {path: text for path, text in content(finished).items() if path.name in kept or "data" in path.parts}
    numbers = finished.results.measurements.read_bytes()
    assert any(path.name == "record.json" for path in before)
    deleted = snakemake(finished, "measured", "--delete-all-output")
    assert deleted.returncode == 0, deleted.stderr
    after = content(finished)
    assert {path: after.get(path) for path in before} == before
    again = snakemake(finished, "measured")
    assert again.returncode == 0, again.stderr
    assert finished.results.measurements.read_bytes() == numbers


@pytest.mark.parametrize("interrupted", [False, True])
def test_an_edited_selection_is_measured_again_without_metadata(trained, interrupted):
    packs = json.loads(trained.results.graph.read_text())["packs"]
    assert trained.medattn("train") == 0  # writes the files of the packs
    assert all(Path(pack["output"]).is_file() for pack in packs.values())
    assert snakemake(trained, "measured").returncode == 0
    assert trained.medattn("measure") == 0
    configure(trained, seeds=[0, 1])
    if interrupted:
        assert trained.medattn("plan", "--write", "--allow-fewer") == 0
        assert trained.medattn("train") == 0
    refused = snakemake(trained, "measured", "--no-hooks")
    assert (refused.returncode == 0) == interrupted
    assert refused.returncode == 0 or "--no-hooks" in refused.stderr
    done = snakemake(trained, "measured", "--config", "allow_fewer=true")
    assert done.returncode == 0, done.stderr
    assert seeds(trained) == {0, 1}
    assert "Nothing to be done" in snakemake(trained, "measured").stderr
