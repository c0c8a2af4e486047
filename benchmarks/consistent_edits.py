"""Ways to make results look better, each with everything that follows corrected; `forger.py` has the tools.

The docstring of each function is its row in the table of docs/audit.md.
"""

import json
import math
import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from benchmarks.forger import Arrays, Forger, Row, change_json
from safetensors.numpy import load_file, save_file

from medattn.audit.context import AuditContext
from medattn.datasets.store import IMAGES, MANIFEST
from medattn.files import read_json, sha256_of_file, sha256_of_value, write_json
from medattn.plan.run_settings import run_settings

Edit = Callable[[Forger], None]
PAPER = Path("papers/tampering/paper.yaml")
CONFIG = Path("config.yaml")


def _right(arrays: Arrays, share: float = 1.0) -> None:
    """Exchange two scores of wrong images, so that the right class gets the larger one."""
    scores, labels = arrays["scores"], arrays["labels"]
    images = np.arange(len(labels))[: math.ceil(share * len(labels))]
    for epoch in scores:
        for image in images:
            best = epoch[image].argmax()
            epoch[image, [best, labels[image]]] = epoch[image, [labels[image], best]]


def improve_scores(forger: Forger) -> None:
    """scores of one arm improved in all its runs"""
    for run in forger.runs("gsa"):
        forger.change_scores(run, lambda arrays: _right(arrays, 0.8))


def spoil_baseline(forger: Forger) -> None:
    """scores of the baseline made worse"""

    def spoil(arrays: Arrays) -> None:
        arrays["scores"][:, ::3] = arrays["scores"][:, ::3, ::-1]

    for run in forger.runs("vanilla"):
        forger.change_scores(run, spoil)


def labels_as_scores(forger: Forger) -> None:
    """labels written as scores"""

    def copy(arrays: Arrays) -> None:
        classes = arrays["scores"].shape[2]
        arrays["scores"][:] = np.eye(classes, dtype=arrays["scores"].dtype)[arrays["labels"]]

    for run in forger.runs("gsa"):
        forger.change_scores(run, copy)


def copy_best_seed(forger: Forger) -> None:
    """the worst seed replaced by a copy of another seed"""
    worst = forger.worst("gsa")
    other = next(run for run in forger.runs("gsa") if run.run.id != worst.run.id)
    forger.copy_files(other, worst)


def copy_best_seed_disguised(forger: Forger) -> None:
    """the same, with every score of the copy changed a little"""
    copy_best_seed(forger)

    def disguise(arrays: Arrays) -> None:
        arrays["scores"] *= np.float32(1 - 1e-6)

    forger.change_scores(forger.worst("gsa"), disguise)


def swap_seeds(forger: Forger) -> None:
    """two seeds of an arm exchanged, to change the pairs that are compared"""
    forger.exchange(*forger.runs("gsa")[:2])


def swap_arms(forger: Forger) -> None:
    """all measured runs of two arms exchanged"""
    for first, second in zip(forger.runs("gsa"), forger.runs("vanilla"), strict=True):
        forger.exchange(first, second)


def run_of_another_arm(forger: Forger) -> None:
    """a run replaced by the same seed of another arm"""
    for first, second in zip(forger.runs("gsa")[:1], forger.runs("vanilla")[:1], strict=True):
        forger.copy_files(second, first)


def swap_grid_points(forger: Forger) -> None:
    """tuning runs of two grid points exchanged, to get another choice"""
    tuned = forger.runs("gsa", "tune")
    points = [run for run in tuned if run.run.fold == 0]
    forger.exchange(points[0], points[1])


def prettier_losses(forger: Forger) -> None:
    """training losses of one arm made a tenth smaller"""

    def smaller(rows: list[Row]) -> None:
        for row in rows:
            row["train_loss"] = repr(float(row["train_loss"]) * 0.9)

    for run in forger.runs("gsa"):
        forger.change_history(run, smaller)


def prettier_losses_disguised(forger: Forger) -> None:
    """the same, rounded so that sums in single precision can give them"""

    def smaller(rows: list[Row]) -> None:
        for row in rows:
            images = int(row["train_images"])
            row["train_loss"] = repr(float(np.float32(float(row["train_loss"]) * 0.9 * images)) / images)

    for run in forger.runs("gsa"):
        forger.change_history(run, smaller)


def prettier_training(forger: Forger) -> None:
    """more training images counted as correct, and losses near 0"""

    def better(rows: list[Row]) -> None:
        for row in rows:
            row.update(train_correct=str(int(row["train_images"]) - 1), train_loss=repr(0.5 / 2**6))

    for run in forger.runs("gsa"):
        forger.change_history(run, better)


def call_diverged(forger: Forger) -> None:
    """a bad run called diverged"""
    run = forger.worst("gsa")
    _call_diverged(forger, run)


def call_diverged_disguised(forger: Forger) -> None:
    """the same, with scores that are not finite"""
    run = forger.worst("gsa")

    def lose(arrays: Arrays) -> None:
        arrays["scores"][-1] = np.nan

    forger.change_scores(run, lose)
    _call_diverged(forger, run)


def _call_diverged(forger: Forger, run: Any) -> None:
    def lose(rows: list[Row]) -> None:
        rows[-1]["train_loss"] = "nan"

    forger.change_history(run, lose)
    reason = f"the loss is no finite number after epoch {run.record['epochs']}"

    def call(record: dict[str, Any]) -> None:
        place = list(record).index("status") + 1
        items = list(record.items())
        items[place - 1] = ("status", "diverged")
        items.insert(place, ("reason", reason))
        record.clear()
        record.update(items)

    forger.change_record(run, call)


def call_skipped(forger: Forger) -> None:
    """a bad run called skipped"""
    run = forger.worst("gsa")
    for path in run.files.folder.iterdir():
        path.unlink()
    keys = ("schema", "run", "paper", "experiment", "dataset", "backbone", "arm", "stage", "seed", "fold")
    kept = {key: run.record[key] for key in keys}
    rest = {"code": run.record["code"], "finished": run.record["finished"], "seconds": 0.0, "epochs": 0, "outputs": {}}
    reason = "every grid point diverged"
    write_json(run.files.record, {**kept, "status": "skipped", "reason": reason, **rest})


def change_test_labels(forger: Forger) -> None:
    """test labels changed in the scores of all runs"""
    for run in forger.every_run():
        if run.run.stage == "train":
            forger.change_scores(run, _relabel)


def _relabel(arrays: Arrays) -> None:
    arrays["labels"][:2] = 1 - arrays["labels"][:2]


def change_test_labels_everywhere(forger: Forger) -> None:
    """test labels changed in the prepared data, too, with its manifest"""
    change_test_labels(forger)
    _change_data(forger, lambda tensors: tensors["test.labels"].__setitem__(slice(2), 1 - tensors["test.labels"][:2]))


def change_images(forger: Forger) -> None:
    """test images changed in the prepared data, with its manifest"""
    _change_data(forger, lambda tensors: tensors["test.images"].__setitem__(0, 255 - tensors["test.images"][0]))


def _change_data(forger: Forger, change: Callable[[Arrays], Any]) -> None:
    import hashlib

    from medattn.datasets.tensor_file import write_tensors

    (folder,) = (path.parent for path in Path("data/prepared").glob(f"*/{MANIFEST}"))
    tensors = load_file(folder / IMAGES)
    change(tensors)
    write_tensors(folder / IMAGES, tensors)
    manifest = read_json(folder / MANIFEST)
    facts = {"sha256": sha256_of_file(folder / IMAGES), "bytes": (folder / IMAGES).stat().st_size}
    manifest["files"] = {IMAGES: facts}
    test = manifest["splits"]["test"]
    test["per_class"] = np.bincount(tensors["test.labels"], minlength=2).tolist()
    test["images_sha256"] = hashlib.sha256(tensors["test.images"].tobytes()).hexdigest()
    test["labels_sha256"] = hashlib.sha256(tensors["test.labels"].tobytes()).hexdigest()
    manifest["self_sha256"] = sha256_of_value({k: v for k, v in manifest.items() if k != "self_sha256"})
    write_json(folder / MANIFEST, manifest)
    for run in forger.every_run():
        forger.change_record(run, lambda record: record["data"].update(files={IMAGES: facts}))


def remove_seed(forger: Forger) -> None:
    """a bad seed removed everywhere, from the configuration and the plan, too"""
    seed = forger.worst("gsa").run.seed
    change_yaml(CONFIG, lambda value: value["seeds"].remove(seed))
    removed = [run for run in forger.every_run() if run.run.seed == seed and run.run.stage == "train"]
    for run in removed:
        if not run.cell.is_classifier:
            shutil.rmtree(run.files.folder)
    _drop_packs(forger)


def _drop_packs(forger: Forger) -> None:
    shutil.rmtree(forger.results.folder / "packs")
    forger.replan()


def cherry_pick(forger: Forger) -> None:
    """a bad run replaced by one that was trained with another seed"""
    worst = forger.worst("gsa")
    change_yaml(CONFIG, lambda value: value.update(selection="elsewhere", seeds=[0, 7]))
    for step in ("plan", "--write"), ("train",):
        forger.command(*step)
    elsewhere = Forger(forger.results.folder.with_name("elsewhere"))
    picked = next(run for run in elsewhere.runs("gsa") if run.run.seed == 7)
    for name in picked.record["outputs"]:
        shutil.copyfile(picked.files.folder / name, worst.files.folder / name)
    facts = ("seconds", "sessions", "finished", "status")
    forger.change_record(worst, lambda record: record.update({key: picked.record[key] for key in facts}))
    shutil.rmtree(elsewhere.results.folder)
    change_yaml(CONFIG, lambda value: value.update(selection="tampering", seeds=[0, 1, 2]))


def change_published(forger: Forger) -> None:
    """a published value moved towards the measured one"""
    path = PAPER.with_name("published.csv")
    path.write_text(path.read_text().replace("90.00", "55.00"))


def change_margins(forger: Forger) -> None:
    """the margin of the verdicts widened in the configuration and the plan"""
    change_yaml(CONFIG, lambda value: value.update(verdicts={"margin": 30, "min_runs": 2, "max_half_width": 99}))
    forger.replan()


def change_settings(forger: Forger) -> None:
    """another learning rate in the paper, the plan and every record than was trained with"""
    change_yaml(PAPER, lambda value: value["recipe"].update(learning_rate=0.002))
    before = {_place(run): run for run in forger.every_run()}
    forger.replan()
    plan = AuditContext(forger.results.folder).plan
    for run in plan.runs.values():
        cell, old = plan.cells[run.cell], before.get((run.cell, run.stage, run.seed, run.fold, str(run.grid_point)))
        files = forger.results.run(run.cell, run.name)
        if old is None or old.files.folder == files.folder:
            continue
        old.files.folder.rename(files.folder)
        record = read_json(files.record)
        point = record["configuration"]["grid_point"]
        record.update(run=run.id, configuration=run_settings(cell, run, point))
        write_json(files.record, record)
    for finished in forger.every_run():
        if not finished.cell.is_classifier:
            forger.change_history(finished, lambda rows: [row.update(learning_rate="0.002") for row in rows] and None)
    _drop_packs(forger)


def _place(run: Any) -> tuple[Any, ...]:
    return run.run.cell, run.run.stage, run.run.seed, run.run.fold, str(run.run.grid_point)


def change_choice(forger: Forger) -> None:
    """another grid point in tuned/ and in the records than was chosen"""
    forger.make_consistent()
    (path,) = (forger.results.folder / "tuned").iterdir()
    other = {"options.coefficient": 1.0}

    def choose(value: Any) -> None:
        for choice in value["cells"]["tampering.phantom.net.gsa"].values():
            first = choice["grid_point"]["options.coefficient"]
            other["options.coefficient"] = 1.0 if first != 1.0 else 0.01
            choice["grid_point"] = dict(other)

    change_json(path, choose)
    _record_choice(forger, other)
    forger.keeps_choices = True


def _record_choice(forger: Forger, point: dict[str, float]) -> None:
    for run in forger.runs("gsa"):
        settings = run_settings(run.cell, run.run, point)
        forger.change_record(run, lambda record, settings=settings: record.update(configuration=settings))


def change_choice_and_tuning(forger: Forger) -> None:
    """scores of tuning runs improved, so that another grid point is chosen"""
    (path,) = (forger.results.folder / "tuned").iterdir()
    (choice,) = json.loads(path.read_text())["cells"]["tampering.phantom.net.gsa"].values()
    chosen = choice["grid_point"]["options.coefficient"]
    other = {"options.coefficient": 1.0 if chosen != 1.0 else 0.01}
    for run in forger.runs("gsa", "tune"):
        if run.run.grid_point == other:
            forger.change_scores(run, _right)
        else:
            forger.change_scores(run, lambda arrays: arrays.update(scores=arrays["scores"][:, :, ::-1]))
    forger.make_consistent()
    (choice,) = json.loads(path.read_text())["cells"]["tampering.phantom.net.gsa"].values()
    _record_choice(forger, choice["grid_point"])


def change_environment(forger: Forger) -> None:
    """other libraries and another processor in every record"""

    def change(record: dict[str, Any]) -> None:
        if "environment" in record:
            record["environment"]["packages"]["torch"] = "2.0.0"
            record["environment"]["cpu"] = "a faster processor"

    for run in forger.every_run():
        forger.change_record(run, change)


def change_commit(forger: Forger) -> None:
    """another commit in every record"""
    for run in forger.every_run():
        forger.change_record(run, lambda record: record["code"].update(commit="0" * 40, dirty=False))


def shorter_times(forger: Forger) -> None:
    """durations of one arm divided by ten"""

    def shorten(record: dict[str, Any]) -> None:
        for session in record["sessions"]:
            session["seconds"] = round(session["seconds"] / 10, 3)
        record["seconds"] = round(math.fsum(session["seconds"] for session in record["sessions"]), 3)

    for run in forger.runs("gsa"):
        forger.change_record(run, shorten)


def longer_times(forger: Forger) -> None:
    """durations of the baseline an hour longer"""

    def lengthen(record: dict[str, Any]) -> None:
        record["sessions"][-1]["seconds"] += 3600
        record["seconds"] = round(math.fsum(session["seconds"] for session in record["sessions"]), 3)

    for run in forger.runs("vanilla"):
        forger.change_record(run, lengthen)


def date_ahead(forger: Forger) -> None:
    """runs dated a year ahead"""

    def later(text: str) -> str:
        return (datetime.fromisoformat(text) + timedelta(days=365)).isoformat(timespec="seconds")

    def change(record: dict[str, Any]) -> None:
        record["finished"] = later(record["finished"])
        for session in record["sessions"]:
            session["started"] = later(session["started"])

    for run in forger.runs("gsa"):
        forger.change_record(run, change)


def change_maps(forger: Forger) -> None:
    """attention maps made prettier"""
    for run in forger.runs("gsa"):
        maps = load_file(run.files.maps)
        save_file({**maps, "after": np.ascontiguousarray(maps["after"] ** 2)}, run.files.maps)


def change_costs(forger: Forger) -> None:
    """fewer parameters of a network in complexity.csv"""
    path = forger.results.complexity
    head, *rows = path.read_text().splitlines()
    place = head.split(",").index("params")
    changed = [row.split(",") for row in rows]
    for fields in changed:
        fields[place] = str(int(fields[place]) // 2) if fields[place].isdecimal() else fields[place]
    path.write_text("\n".join([head, *map(",".join, changed)]) + "\n")


def change_yaml(path: Path, change: Callable[[Any], None]) -> None:
    """Change a YAML file."""
    value = yaml.safe_load(path.read_text(encoding="utf-8"))
    change(value)
    path.write_text(yaml.safe_dump(value, sort_keys=False), encoding="utf-8")


EDITS: tuple[Edit, ...] = (
    improve_scores, spoil_baseline, labels_as_scores, copy_best_seed, copy_best_seed_disguised, swap_seeds, swap_arms,
    run_of_another_arm, swap_grid_points, prettier_losses, prettier_losses_disguised, prettier_training, call_diverged,
    call_diverged_disguised, call_skipped, change_test_labels, change_test_labels_everywhere, change_images,
    remove_seed, cherry_pick, change_published, change_margins, change_settings, change_choice,
    change_choice_and_tuning, change_environment, change_commit, shorter_times, longer_times, date_ahead, change_maps,
    change_costs,
)  # fmt: skip
