"""Every command of the documentation runs, page by page, in one finished folder; exceptions have reasons."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from PIL import Image

from medattn.__main__ import main
from tests.docs.pages import ROOT, file_in_page, pages_with_commands, words

# A demo of seconds: the names are those of the pages, and published values give `medattn next` open claims.
PAPER = {
    "title": "A small demo",
    "citation": "Nobody, never",
    "datasets": ["digits"],
    "backbones": {"tiny-resnet": {"model": "timm/test_resnet", "input_size": 28}},
    "arms": {"vanilla": {}, "gsa": {"mechanism": "gsa", "options": {"channels": 4, "cutoff_epoch": 1}}},
    "recipe": {"epochs": 1, "learning_rate": 0.001},
    "protocol": {"kind": "fixed_epoch"},
    "tables": {"demo-table-1": {"title": "A table"}},
}
PUBLISHED = """paper,table,dataset,backbone,arm,split,metric,class_name,mean,std,unit,n_test,flags
demo,demo-table-1,digits,tiny-resnet,vanilla,test,accuracy,,60.00,,percent,,
demo,demo-table-1,digits,tiny-resnet,gsa,test,accuracy,,62.00,,percent,,
"""
OWN_TABLE = """paper,table,dataset,backbone,arm,metric,mean,unit
mine,1,glaucoma,net,vanilla,accuracy,81.23,percent
mine,1,glaucoma,net,ours,accuracy,82.34,percent
mine,1,breastmnist,net,vanilla,accuracy,85.90,percent
mine,1,breastmnist,net,ours,accuracy,87.18,percent
"""
SELECTION = {
    "selection": "demo",
    "papers": {"demo": {}},
    "datasets": {"digits": {"source": {"test_fraction": 0.9}}},
    "seeds": [0, 1],
    "device": "cpu",
}
STEPS = ("plan --write", "train", "measure", "compare", "complexity --write", "judge", "answer", "render")

TESTED_ELSEWHERE = {
    "docs/add-a-mechanism.md": "tests/attention/test_the_page.py",
    "docs/tutorial.md": "tests/docs/test_tutorial.py",
    "medattn run -c config/cells.yaml": "tests/scaffolds/test_new.py",
    "snakemake -n --profile slurm": "tests/cluster/test_slurm.py",
    "snakemake --profile slurm": "tests/cluster/test_slurm.py",
    ".venv/bin/python benchmarks/tampering.py": "tests/audit/test_semantic_tampering.py",
    "make demo": ".ci/run",
    "make test": ".ci/run",
    "make check": ".ci/check",
    "make docs": ".ci/check",
    "mypy && ruff check && lint-imports": ".ci/check",
    "jq -r .root": "tests/audit/test_chain.py",
}
"""Page, or beginning of a command -> the file that executes it."""
EXCEPTIONS = {
    "medattn fetch breastmnist": "needs the network",
    "medattn run -c config/breastmnist.yaml": "needs the network, and an hour",
    "snakemake --cores all --configfile config/attention-at-28px-cpu": "needs the network, and hours",
    "snakemake --cores all --configfile mine.yaml": "trains for minutes; tests/test_examples.py plans it",
    "snakemake --profile profiles/multi-gpu": "needs several GPUs",
    "export CUDA_MPS": "needs a GPU",
    "nvidia-cuda-mps-control": "needs a GPU",
    "medattn export --croissant breastmnist": "needs the network",
    "make bench": "measures speed for minutes",
    "python benchmarks/": "takes minutes to hours",
    ".venv/bin/python benchmarks/": "takes minutes to hours",
    "pytest ": "is part of these tests",
    "make setup": "installs this environment",
    ".venv/bin/pre-commit install": "changes the checkout",
    "source .venv/bin/activate": "changes the shell",
    "tmux": "opens a terminal",
    "git tag": "changes the checkout",
    "chromium": "makes a picture; tests/render opens the report in Chromium",
}
"""Beginning of a command -> why no test executes it."""
STARTS_SNAKEMAKE = ("snakemake ", "medattn run", "medattn demo")


def is_left_out(page: str, command: str) -> bool:
    return page in TESTED_ELSEWHERE or command.startswith((*TESTED_ELSEWHERE, *EXCEPTIONS))


def commands_to_run() -> dict[str, list[str]]:
    """Return the commands of each page that run here; a command runs on the first page that has it."""
    first_page: dict[str, str] = {}
    for page, commands in pages_with_commands().items():
        for command in commands:
            if not is_left_out(page, command):
                # Commands with the reader's own file differ from page to page.
                first_page.setdefault(f"{page}: {command}" if "mine." in command else command, page)
    return {
        page: [
            command for command in commands if page in (first_page.get(command), first_page.get(f"{page}: {command}"))
        ]
        for page, commands in pages_with_commands().items()
    }


PAGES = {
    page: found
    for page, commands in commands_to_run().items()
    if (found := [command for command in commands if not command.startswith(STARTS_SNAKEMAKE)])
}
WITH_SNAKEMAKE = [
    command for commands in commands_to_run().values() for command in commands if command.startswith(STARTS_SNAKEMAKE)
]


def configure(folder: Path) -> None:
    """Write the paper and the selections that the pages name."""
    (folder / "papers" / "demo").mkdir(parents=True)
    (folder / "papers" / "demo" / "paper.yaml").write_text(yaml.safe_dump(PAPER))
    (folder / "papers" / "demo" / "published.csv").write_text(PUBLISHED)
    (folder / "config").mkdir()
    for name in ("config.yaml", "config/demo.yaml", "my-selection.yaml"):
        (folder / name).write_text(yaml.safe_dump(SELECTION))


@pytest.fixture(scope="module")
def finished_demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a finished and sealed selection `demo`."""
    folder = tmp_path_factory.mktemp("pages") / "project"
    configure(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for step in STEPS:
            assert main(step.split()) == 0, step
        assert main(["audit", "results/demo", "--seal"]) == 0
    return folder


@pytest.fixture
def reader(finished_demo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of the finished folder with the files that readers of the pages write; it is the working folder."""
    folder = tmp_path / "project"
    shutil.copytree(finished_demo, folder)
    (tmp_path / "media" / "results").mkdir(parents=True)
    shutil.copytree(folder / "results" / "demo", tmp_path / "media" / "results" / "demo")
    for name in ("a", "b"):
        shutil.copytree(folder / "results" / "demo", folder / "results" / name)
    (tmp_path / ".ssh").mkdir()
    key = tmp_path / ".ssh" / "id_ed25519"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    (folder / "signers.txt").write_text(f"me {key.with_suffix('.pub').read_text()}")
    (folder / "mine.csv").write_text(OWN_TABLE)
    for name in ("healthy", "ill"):
        (folder / "photos" / name).mkdir(parents=True)
        for image in range(4):
            Image.new("L", (32, 32), 30 * image).save(folder / "photos" / name / f"{image}.png")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(folder)
    return folder


def adapted(command: str, folder: Path) -> str:
    """Return a command of a page with paths and hash of this folder in place of those of the example."""
    root = json.loads((folder / "results" / "demo" / "manifest.json").read_text())["root"]
    for example, here in {
        "/media/": f"{folder.parent}/media/",
        "4bf549655d5c...": root,
        "~": str(folder.parent),
    }.items():
        command = command.replace(example, here)
    return command


def expected_codes(command: str) -> set[int]:
    """Return the exit codes of success: an audit may lack something (3), and `claims` reports findings (1).

    Code that is in no commit is a finding of an audit, too, as long as this checkout is being changed.
    """
    status = subprocess.run(["git", "-C", ROOT, "status", "--porcelain"], capture_output=True, text=True, check=False)
    return {"audit": {0, 1, 3} if status.stdout else {0, 3}, "claims": {0, 1}}.get(words(command)[1], {0})


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_commands_of_the_page(page, reader, capsys):
    if any("mine.yaml" in command for command in PAGES[page]):
        (reader / "mine.yaml").write_text(file_in_page(page, "yaml"))
    if any("--signers" in command for command in PAGES[page]):  # the page verifies before it says how to sign
        assert main(words(adapted("audit results/demo --seal --sign ~/.ssh/id_ed25519", reader))) == 0
    for line in PAGES[page]:
        for command in adapted(line, reader).split(" && "):
            program, *arguments = words(command)
            if program == "cp":
                subprocess.run([program, *arguments], check=True)
            else:
                assert program == "medattn", command
                assert main(arguments) in expected_codes(command), f"{command}: {capsys.readouterr().err}"


@pytest.mark.heavy
@pytest.mark.workflow
def test_commands_that_start_snakemake(tmp_path):
    configure(tmp_path)
    environment = {**os.environ, "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}
    # In this order: `next` needs finished runs.
    for command in sorted(WITH_SNAKEMAKE, key=lambda command: "next.yaml" in command):
        if "next.yaml" in command:
            subprocess.run(words("medattn next --write next.yaml"), cwd=tmp_path, env=environment, check=True)
        here = ["--snakefile", str(ROOT / "workflow" / "Snakefile")] if command.startswith("snakemake") else []
        done = subprocess.run(
            [*words(command), *here], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"


def test_every_command_is_executed_or_has_a_reason():
    executed = {*WITH_SNAKEMAKE, *(command for commands in PAGES.values() for command in commands)}
    for page, commands in pages_with_commands().items():
        for command in commands:
            assert is_left_out(page, command) or command in executed, f"{page}: {command}"
    assert len(executed) > 25
    assert len(WITH_SNAKEMAKE) > 3


def test_exceptions_and_other_tests_belong_to_commands_of_pages():
    pages = pages_with_commands()
    commands = [command for lines in pages.values() for command in lines]
    for beginning in (*EXCEPTIONS, *TESTED_ELSEWHERE):
        assert beginning in pages or any(command.startswith(beginning) for command in commands), beginning
    assert all((ROOT / file).exists() for file in TESTED_ELSEWHERE.values())
