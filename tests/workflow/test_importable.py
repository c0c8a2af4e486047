"""The workflow from elsewhere: as a module, by its path, in another folder, and as snakedeploy writes it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WORKFLOW = ROOT / "workflow" / "Snakefile"
PAPER = """title: Pixels
citation: Nobody, never
datasets: [phantom]
arms: {svm: {classifier: svm}}
recipe: {epochs: 1, batch_size: 8, learning_rate: 1e-3}
protocol: {kind: cross_validated_epochs, folds: 2, measured_epochs: 1}
tables: {pixel-table: {title: A table}}
"""
SELECTION = """selection: small
papers: {pixels: {}}
datasets:
  phantom: {source: {size: 12, counts: {train: [9, 9], test: [5, 5]}}, classes: [healthy, ill]}
seeds: [0]
device: cpu
equivalence_margin: 5e-1
"""
MODULE = f"""module medattn:
    snakefile:
        "{WORKFLOW}"
    config:
        config


"""
pytestmark = [pytest.mark.heavy, pytest.mark.workflow]


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """An empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def give(folder: Path, selection: str = "config.yaml") -> None:
    """Put a selection and its own paper into a folder."""
    (folder / "papers" / "pixels").mkdir(parents=True)
    (folder / "papers" / "pixels" / "paper.yaml").write_text(PAPER)
    (folder / selection).parent.mkdir(exist_ok=True)
    (folder / selection).write_text(SELECTION)


def snakemake(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, "-m", "snakemake", "--cores", "1", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def plan_in(folder: Path, selection: str = "small") -> dict[str, object]:
    value: dict[str, object] = json.loads((folder / "results" / selection / "plan.json").read_text())
    return value


def test_a_module_with_rules_and_hooks_of_another_workflow(folder):
    give(folder, "mine.yaml")
    (folder / "Snakefile").write_text(
        'configfile: "mine.yaml"\n\n\nshell.prefix("export MINE={{1}}; ")\n\n\n'
        + MODULE
        + "use rule * from medattn as medattn_*\n\n\n"
        "onstart:\n    print('their onstart')\n\n\n"
        "rule mine:\n    default_target: True\n    input:\n        'results/small/measurements.csv',\n"
        "    output:\n        'lines.txt',\n    shell:\n        'test $MINE = {{1}} && wc -l < {input} > {output}'\n"
    )  # fmt: skip
    snakemake("-n")
    assert not (folder / "results").exists(), "looking writes nothing"
    done = snakemake()
    assert "their onstart" in done.stdout + done.stderr
    assert int((folder / "lines.txt").read_text()) > 1
    configuration = plan_in(folder)["configuration"]
    assert isinstance(configuration, dict)
    assert configuration["equivalence_margin"] == 0.5
    assert "captions" not in configuration
    assert "Nothing to be done" in snakemake().stderr
    # Another plan is frozen before the jobs that need it, as without a module.
    (folder / "mine.yaml").write_text(SELECTION.replace("seeds: [0]", "seeds: [0, 3]"))
    snakemake()
    assert len(list((folder / "results/small/runs").glob("*/*/record.json"))) >= 1
    frozen = plan_in(folder)["configuration"]
    assert isinstance(frozen, dict) and frozen["seeds"] == [0, 3]


def test_the_file_that_snakedeploy_writes_and_its_copy_of_config(folder):
    give(folder, "config/config.yaml")
    (folder / "workflow").mkdir()
    (folder / "workflow" / "Snakefile").write_text(
        'from snakemake.utils import min_version\n\nmin_version("9.10")\n\n\nconfigfile: "config/config.yaml"\n\n\n'
        + MODULE
        + "use rule * from medattn\n"
    )
    snakemake("trained")
    assert list((folder / "results/small/runs").glob("*/*/record.json"))


def test_the_path_of_the_workflow_from_a_folder_with_a_selection(folder):
    give(folder)
    snakemake("--snakefile", str(WORKFLOW), "trained")
    assert list((folder / "results/small/runs").glob("*/*/record.json"))


def test_another_working_directory(folder):
    give(folder / "work")
    snakemake("--snakefile", str(WORKFLOW), "--directory", str(folder / "work"), "trained")
    assert list((folder / "work/results/small/runs").glob("*/*/record.json"))
    assert not (folder / "results").exists()


def test_shipped_papers_and_selections_in_an_empty_folder(folder):
    shown = snakemake("-n", "--snakefile", str(WORKFLOW), "--configfile", str(ROOT / "config" / "demo.yaml"))
    assert "Plan of the selection 'demo'" in shown.stderr
    shown = snakemake("-n", "--snakefile", str(WORKFLOW))
    assert "Plan of the selection 'papers'" in shown.stderr
    assert [path.name for path in folder.iterdir() if path.name != ".snakemake"] == []


def test_jobs_refuse_a_plan_that_snakemake_has_not_read(folder):
    give(folder)
    snakemake("--snakefile", str(WORKFLOW), "trained")
    (folder / "config.yaml").write_text(SELECTION.replace("[9, 9]", "[8, 9]"))
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--snakefile", str(WORKFLOW), "--no-hooks", "trained"]
    refused = subprocess.run(command, capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    assert "plan.json: not the plan that Snakemake has read" in refused.stderr
