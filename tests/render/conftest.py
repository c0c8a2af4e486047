"""A small selection with result files of the earlier stages, including missing cells and a diverged run."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import save_file

from medattn import result_tables
from medattn.compare.table import write_comparisons
from medattn.config import mechanisms
from medattn.config.load import resolve
from medattn.config.models.paper import Arm
from medattn.config.models.recipe import Recipe
from medattn.config.resolved import Configuration
from medattn.layout import ResultPaths
from medattn.plan.model import Cell, CellSettings, Plan, Run
from medattn.plan.plan_file import write_plan
from medattn.protocols.cross_validated_epochs import CrossValidatedEpochs
from medattn.render.inputs import Inputs, read_inputs

SEEDS = [0, 1, 2, 3, 4]
EPOCHS, MEASURED = 40, 30
PAPER = """
title: A paper
citation: Somebody 2020
datasets: [phantom, digits]
backbones:
  vgg16: {model: torchvision/vgg16, label: VGG-16}
  resnet_18: {model: torchvision/resnet18, label: "ResNet_18 & co"}
arms:
  lr: {label: LR, classifier: logistic_regression}
  svm: {label: SVM, classifier: svm}
  vanilla: {}
  l1: {label: with L1, mechanism: shrink}
  gsa: {label: with global attention, mechanism: shrink}
recipe: {epochs: 40, learning_rate: 0.0001}
protocol: {kind: cross_validated_epochs, measured_epochs: 30}
tables:
  main:
    title: Accuracy of all arms
    marks:
      - {arm: gsa, against: vanilla, sign: bold}
      - {arm: gsa, against: l1, sign: star}
figures:
  maps: {title: Attention maps, kind: attention_map, arm: gsa}
  curves: {title: Learning curves, kind: learning_curve, backbone: vgg16}
  differences: {title: Differences from vanilla, kind: paired_differences}
"""
PUBLISHED = """paper,table,dataset,backbone,arm,split,metric,class_name,mean,std,unit,n_test,flags
tiny,main,phantom,none,lr,test,accuracy,,74.20,,percent,118|119,
tiny,main,phantom,none,svm,test,accuracy,,79.60,3.00,percent,118|119,
tiny,main,phantom,vgg16,vanilla,test,accuracy,,82.38,1.30,percent,118|119,
tiny,main,phantom,vgg16,l1,test,accuracy,,82.71,3.02,percent,118|119,
tiny,main,phantom,vgg16,gsa,test,accuracy,,84.20,1.26,percent,118|119,star
"""
MECHANISM = """
@register("shrink")
class Shrink(InputAttention):
    def __init__(self, *, cutoff_epoch: int = 12) -> None: ...
"""
LEVEL = {"lr": 60.0, "vanilla": 75.0, "l1": 76.0, "gsa": 82.0}
ARMS = ["vanilla", "l1", "gsa"]


@pytest.fixture
def configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Configuration]:
    attention = tmp_path / "attention"
    attention.mkdir()
    (attention / "shrink.py").write_text(MECHANISM)
    monkeypatch.setattr(mechanisms, "ATTENTION_FOLDER", attention)
    mechanisms.mechanism_names.cache_clear()
    paper = tmp_path / "papers" / "tiny"
    paper.mkdir(parents=True)
    (paper / "paper.yaml").write_text(PAPER)
    (paper / "published.csv").write_text(PUBLISHED)
    yield resolve({"selection": "trial", "papers": {"tiny": {}}, "seeds": SEEDS}, tmp_path, "config.yaml")
    mechanisms.mechanism_names.cache_clear()


@pytest.fixture
def written(tmp_path: Path, configuration: Configuration) -> ResultPaths:
    """Results of all cells on the stand-in `phantom`, and of one backbone on `digits`, where a run of gsa diverged."""
    results = ResultPaths(tmp_path / "results" / "trial")
    results.folder.mkdir(parents=True)
    cells = _cells(tmp_path)
    write_plan(results.plan, Plan("trial", configuration.selection.model_dump(mode="json"), cells, _runs(cells), {}))
    epochs = pd.DataFrame([row for name in cells for row in _epochs(cells[name])])
    epochs.reindex(columns=[*result_tables.EPOCHS.columns]).to_csv(results.epochs, index=False)
    measurements = pd.DataFrame(_measurements(cells, epochs), columns=[*result_tables.MEASUREMENTS.columns])
    measurements.to_csv(results.measurements, index=False)
    _images(tmp_path / "prepared")
    _maps(results, cells)
    write_comparisons(results, configuration)
    return results


@pytest.fixture
def inputs(written: ResultPaths, configuration: Configuration, tmp_path: Path) -> Inputs:
    return read_inputs(written, configuration, tmp_path)


@pytest.fixture
def reread(written: ResultPaths, configuration: Configuration, tmp_path: Path) -> Callable[[], Inputs]:
    return lambda: read_inputs(written, configuration, tmp_path)


def _cells(folder: Path) -> dict[str, Cell]:
    places = [("none", "lr"), ("none", "svm")] + [
        (backbone, arm) for backbone in ("vgg16", "resnet_18") for arm in ARMS
    ]
    cells = [
        Cell(
            paper="tiny",
            experiment="",
            dataset=dataset,
            backbone=backbone,
            arm=arm,
            dataset_title=dataset,
            backbone_label=backbone,
            arm_label=arm,
            stand_in=dataset == "phantom",
            missing=_missing(dataset, backbone, arm),
            prepared=str(folder / "prepared" / dataset),
            tables=("main",),
            settings=CellSettings(
                backbone=None,
                arm=Arm(classifier="svm" if backbone == "none" else None),
                recipe=Recipe(epochs=EPOCHS, learning_rate=0.001),
                protocol=CrossValidatedEpochs(kind="cross_validated_epochs", measured_epochs=MEASURED),
                entry_sha256="",
                code_digest="",
            ),
        )
        for dataset in ("phantom", "digits")
        for backbone, arm in places
    ]
    return {cell.id: cell for cell in cells}


def _missing(dataset: str, backbone: str, arm: str) -> str | None:
    if arm == "svm":
        return "No code & 100% unknown settings."
    return "Images on request only." if dataset == "digits" and backbone != "resnet_18" else None


def _runs(cells: Iterable[str]) -> dict[str, Run]:
    runs = [Run(cell, f"train-s{seed}", "train", seed, None, None) for cell in cells for seed in SEEDS]
    return {run.id: run for run in runs}


def _epochs(cell: Cell) -> list[dict[str, object]]:
    if cell.missing:
        return []
    keys = asdict(cell.key) | {"metric": "accuracy"}
    level = LEVEL[cell.arm]
    rows = []
    for seed in SEEDS:
        rng = np.random.default_rng([seed, int(level)])
        count = 1 if cell.backbone == "none" else EPOCHS
        for epoch in range(1, count + 1):
            value = level - 30 * np.exp(-epoch / 6) * (count > 1) + rng.normal(0, 1.2) + seed
            rows.append(
                {
                    **keys,
                    "seed": seed,
                    "fold": None,
                    "epoch": epoch,
                    "value": value,
                    "measured": epoch > count - MEASURED,
                }
            )
    return rows


def _measurements(cells: dict[str, Cell], epochs: pd.DataFrame) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for cell in cells.values():
        keys = asdict(cell.key)
        common = {
            **keys,
            "metric": "accuracy",
            "class_name": "",
            "leak": "",
            "unit": "percent",
            "n_test": 120,
            "stand_in": cell.stand_in,
        }
        if cell.missing:
            gone = {"status": "not measured", "reason": cell.missing}
            rows += [{**common, "procedure": "epochs", "seed": seed, **gone} for seed in SEEDS]
            rows.append({**common, "procedure": "runs", **gone})
            continue
        chosen = epochs[(epochs[list(keys)] == list(keys.values())).all(axis=1) & epochs["measured"]]
        means, lost = [], ""
        for seed in SEEDS:
            of_run = {**common, "procedure": "epochs", "seed": seed}
            if cell.dataset == "digits" and cell.arm == "gsa" and seed == 3:
                rows.append({**of_run, "status": "not measured", "reason": "diverged in epoch 7"})
                lost = "seed 3: diverged in epoch 7"
                continue
            values = chosen.loc[chosen["seed"] == seed, "value"]
            means.append(values.mean())
            rows.append({**of_run, "value": means[-1], "spread": values.std(), "n": len(values), "status": "measured"})
        over = {"value": np.mean(means), "spread": np.std(means, ddof=1), "n": len(means)}
        rows.append({**common, "procedure": "runs", **over, "status": "measured", "reason": lost})
    for row in rows:
        row["runs"] = ""
        row.setdefault("reason", "")
    return rows


def _images(folder: Path) -> None:
    rows, columns = np.mgrid[:28, :28]
    disc = (rows - 13.5) ** 2 + (columns - 13.5) ** 2 < 12**2
    region = (rows - 11) ** 2 + (columns - 17) ** 2 < 5**2
    image = (90 * disc + 70 * region)[None, :, :, None] + np.random.default_rng(0).integers(0, 40, (60, 28, 28, 1))
    for name in ("phantom", "digits"):
        (folder / name).mkdir(parents=True)
        tensors = {"train.images": image.astype(np.uint8), "test.images": image[:5].astype(np.uint8)}
        if name == "phantom":
            tensors["region"] = region.astype(np.uint8)
        save_file(tensors, folder / name / "images.safetensors")
        (folder / name / "manifest.json").write_text(
            '{"duplicates": {"sentences": ["1 of 5 test images is also in train"]}}'
        )


def _maps(results: ResultPaths, cells: dict[str, Cell]) -> None:
    rows, columns = np.mgrid[:28, :28]
    blob = np.exp(-((rows - 12) ** 2 + (columns - 16) ** 2) / 50)
    for name, cell in cells.items():
        if cell.arm != "gsa" or cell.missing:
            continue
        for seed in SEEDS:
            noise = np.random.default_rng(seed).normal(0, 0.03, (28, 28))
            maps = {"before": 0.5 + noise, "after": 0.15 + 0.7 * blob + 1.5 * noise}
            folder = results.run(name, f"train-s{seed}").folder
            folder.mkdir(parents=True)
            save_file(
                {key: np.clip(value, 0, 1).astype(np.float32) for key, value in maps.items()},
                folder / "maps.safetensors",
            )
