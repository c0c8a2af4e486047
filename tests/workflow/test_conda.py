"""Jobs with `--sdm conda`. The conda of this test makes environments of the libraries that are installed already."""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.workflow.test_importable import WORKFLOW, give

pytestmark = [pytest.mark.heavy, pytest.mark.workflow]

# What Snakemake calls: `conda --version`, `info --json`, `config --get`, `env create --file FILE --prefix FOLDER`,
# `clean`, `list --explicit` and the script `bin/activate`.
CONDA = """#!/usr/bin/env bash
set -euo pipefail
echo "$*" >>{calls}
case "$1" in
    --version) echo "conda 26.1.0" ;;
    info) echo '{{"conda_prefix": "{prefix}", "platform": "linux-64"}}' ;;
    config) echo '{{"get": {{"channel_priority": "strict"}}}}' ;;
    list | clean) ;;
    env)
        while [[ $1 != --prefix ]]; do shift; done
        {python} -m venv --without-pip "$2"
        cp {paths} "$2/lib/{version}/site-packages/libraries.pth"
        ;;
    *) exit 1 ;;
esac
"""
ACTIVATE = 'export PATH="$1/bin:$PATH"\n'


@pytest.fixture
def conda(tmp_path: Path) -> Path:
    """Folder with `conda` and `activate`."""
    folder = tmp_path / "conda" / "bin"
    folder.mkdir(parents=True)
    note = f"import sys; open({str(tmp_path / 'jobs')!r}, 'a').write(' '.join(sys.orig_argv[1:]) + '\\n')"
    (tmp_path / "paths").write_text(f"{sysconfig.get_path('purelib')}\n{note}\n")
    text = CONDA.format(
        calls=tmp_path / "calls",
        prefix=folder.parent,
        python=sys.executable,
        paths=tmp_path / "paths",
        version=f"python{sys.version_info.major}.{sys.version_info.minor}",
    )
    (folder / "conda").write_text(text)
    (folder / "conda").chmod(0o755)
    (folder / "activate").write_text(ACTIVATE)
    return folder


def test_jobs_use_the_libraries_of_conda_and_the_package_of_the_checkout(tmp_path, conda, monkeypatch):
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    give(work)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment["PATH"] = f"{conda}:{environment['PATH']}"
    command = [sys.executable, "-m", "snakemake", "-s", str(WORKFLOW), "--cores", "1", "--sdm", "conda"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    (created,) = [line for line in (tmp_path / "calls").read_text().splitlines() if line.startswith("env create")]
    assert "--file" in created
    jobs = (tmp_path / "jobs").read_text()
    for stage in ("fetch", "train", "measure", "compare", "judge", "answer", "render", "audit"):
        assert f"-P -m medattn {stage} " in jobs, stage
    assert (work / "results" / "small" / "report.html").is_file()
