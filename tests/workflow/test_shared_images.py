"""Selections on the same images, run with Snakemake: none deletes what both use, and no path trains anything again."""

import re
import shutil

import numpy as np
import pytest
import yaml
from PIL import Image

from tests.workflow.test_snakemake import snakemake

CLASSIFIER = {"arms": {"vanilla": None, "gsa": None, "svm": {"classifier": "svm"}}, "backbones": None, "figures": None}


def scanned(folder):
    """A folder with 24 images."""
    folder.mkdir()
    rows = ["image,label,split"]
    for index in range(24):
        label, split = ("healthy", "ill")[index % 2], "train" if index < 16 else "test"
        pixels = np.random.default_rng(index).integers(0, 100 + 100 * (index % 2), (12, 12), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{index}.png")
        rows.append(f"{index}.png,{label},{split}")
    (folder / "images.csv").write_text("\n".join(rows))
    return folder


def select(project, name, path):
    """Write a selection of this name with images at `path`."""
    source = {"kind": "folder", "size": 12, "channels": 1}
    own = {"title": "Own", "classes": ["healthy", "ill"], "source": source, "path": str(path)}
    project.configure(CLASSIFIER, selection=name, papers={"tiny": {"datasets": ["own"]}}, datasets={"own": own})
    (project.root / "config.yaml").rename(project.root / f"{name}.yaml")


def run(project, name, *arguments):
    done = snakemake(project, "trained", "--configfile", f"{name}.yaml", *arguments)
    assert done.returncode == 0, done.stderr
    return done


def state(folder):
    return {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.heavy
@pytest.mark.workflow
def test_selections_share_prepared_images_and_none_deletes_them(project):
    images = scanned(project.root / "images")
    select(project, "first", images)
    select(project, "second", project.root / "link")
    (project.root / "link").symlink_to(images)
    run(project, "first")
    (prepared,) = (project.root / "data/prepared").glob("own-*")
    before = state(prepared)
    records = state(project.root / "results/first/runs")
    run(project, "second")
    assert state(prepared) == before
    shutil.rmtree(images)  # docs/data.md allows it
    (project.root / "link").unlink()
    for name, arguments in (("first", ["-F"]), ("second", ["-R", "prepare_dataset"])):
        run(project, name, *arguments)
        assert state(prepared) == before
    assert state(project.root / "results/first/runs") == records
    (note,) = (project.root / "results/first/datasets").iterdir()
    assert yaml.safe_load(note.read_text())["folder"] == prepared.name == note.stem


def test_moved_images_train_nothing_and_other_images_train(project, capsys):
    def trained(*arguments):
        """Plan, prepare and train; return how many runs were done before, and the files of runs."""
        for command in (["plan", "--write", *arguments], ["fetch"], ["train"]):
            capsys.readouterr()
            assert project.medattn(*command, "--config", "first.yaml") == 0
            if command[0] == "plan":
                done = re.search(r"(\d+) done", capsys.readouterr().out)
        return int(done[1]), state(project.root / "results/first/runs")

    select(project, "first", scanned(project.root / "images"))
    assert trained()[0] == 0
    done, records = trained()
    (project.root / "images").rename(project.root / "elsewhere")
    select(project, "first", project.root / "elsewhere")
    assert trained() == (done, records)
    (project.root / "elsewhere/23.png").write_bytes((project.root / "elsewhere/0.png").read_bytes())
    assert project.medattn("plan", "--write", "--config", "first.yaml") == 2, "the finished run is not lost in silence"
    none, after = trained("--allow-fewer")
    assert (none, len(after)) == (0, 2 * len(records))
    assert {path: after[path] for path in records} == records
